/**
 * The way out when most coordinators are lost for good: the group goes on from what one survivor has.
 *
 * What only the lost ones had acknowledged is lost with them, and there must never be two groups: so the operator is
 * told what this survivor knows, and has to agree.
 */
import { createInterface } from "node:readline/promises";
import type { Writable } from "node:stream";
import { DfsError } from "../core/errors.ts";
import { openDataFolder } from "../store/data-folder.ts";
import { decodePeerKey, peerIdOf } from "../identity/peer-identity.ts";
import { type Survivor, inspectSeat, recoverSeat } from "./coordination/seat-files.ts";
import { loadMembership } from "./peer-config.ts";

export interface RecoverOptions {
  /** Path of the survivor's data folder; its peer must not run. */
  readonly folder: string;
  /** Name and version of the program, for whoever finds the folder held. */
  readonly program: string;
  /** The operator has agreed already. */
  readonly isAgreed: boolean;
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: Writable;
}

/**
 * Asks, and makes the peer of the folder the only coordinator of a new group. Fails with `not-found` when it was no
 * coordinator, `usage` when nobody can be asked, `interrupted` when the operator does not agree, `locked`, `integrity`.
 */
export async function recoverAsNewGroup({ folder, program, isAgreed, stdin, stdout }: RecoverOptions): Promise<void> {
  const data = await openDataFolder(folder, { program });
  try {
    const membership = await loadMembership(data.path);
    if (membership === undefined)
      throw new DfsError("not-found", `there is no peer in ${folder}, so there is nothing to recover from`);
    stdout.write(warning(await inspectSeat(data.path)));
    if (!isAgreed) await agree(stdin, stdout);
    await recoverSeat(data.path, peerIdOf(decodePeerKey(membership.identity)), Date.now());
    stdout.write("this peer is the only coordinator of a new group now; the others join it as they come up\n");
  } finally {
    await data.release();
  }
}

function warning({ appliedIndex, damage, lastIndex, lastTimeMs, mark }: Survivor): string {
  const others = mark.configuration.voters.length - 1;
  return [
    `This coordinator knows the catalogue up to entry ${lastIndex} (${lastIndex - appliedIndex} of them not confirmed here);`,
    `its last change is of ${new Date(lastTimeMs).toISOString()}.`,
    ...(damage === undefined ? [] : ["", `IT IS DAMAGED, and only what can be read is kept: ${damage.message}`]),
    "",
    `Going on from here as a new group:`,
    `  - loses every change that only the other coordinators (${others} of them) have;`,
    `  - must be done on ONE survivor only, the one with the highest entry;`,
    `  - is only for coordinators that are lost for good: if a majority of them can still be started, start them instead.`,
    "",
  ].join("\n");
}

async function agree(stdin: NodeJS.ReadStream, stdout: Writable): Promise<void> {
  if (!stdin.isTTY)
    throw new DfsError("usage", "nobody can be asked whether to go on as a new group: add --yes if you are sure");
  const terminal = createInterface({ input: stdin, output: stdout });
  try {
    const answer = await terminal.question('Type "new group" to go on: ');
    if (answer.trim() !== "new group") throw new DfsError("interrupted", "nothing was changed");
  } finally {
    terminal.close();
  }
}
