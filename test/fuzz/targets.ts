/** All targets. */
import type { FuzzTarget } from "./target.ts";
import { commands } from "./targets/commands.ts";
import { content } from "./targets/content.ts";
import { frames } from "./targets/frames.ts";
import { identity } from "./targets/identity.ts";
import { pageSums } from "./targets/page-sums.ts";
import { raftLog } from "./targets/raft-log.ts";
import { raftMessages } from "./targets/raft-messages.ts";
import { rpc } from "./targets/rpc.ts";
import { script } from "./targets/script.ts";
import { segments } from "./targets/segments.ts";
import { smallFiles } from "./targets/small-files.ts";
import { store } from "./targets/store.ts";

export const targets: readonly FuzzTarget[] = [
  commands,
  content,
  frames,
  identity,
  pageSums,
  raftLog,
  raftMessages,
  rpc,
  script,
  segments,
  smallFiles,
  store,
];

/** The target of this name. Fails when there is none. */
export function targetNamed(name: string): FuzzTarget {
  const target = targets.find((target) => target.name === name);
  if (target === undefined) throw new Error(`no target ${name}`);
  return target;
}
