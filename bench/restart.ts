/** How long a coordinator takes to start again after a million entries went through its log, and how large the log is. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Operation } from "../src/catalogue/operation.ts";
import type { NodeId } from "../src/core/ids.ts";
import { CommandRefused } from "../src/peer/command-session.ts";
import { randomId } from "../src/peer/random-ids.ts";
import type { Bench } from "./contest.ts";
import { Network } from "./peers.ts";
import { median } from "./process-usage.ts";
import { withStoppedCoordinator } from "./stopped-coordinator.ts";

const entriesFull = 1_000_000;
const sessionsAtOnce = 128;
const starts = 5;

export async function restart(bench: Bench): Promise<void> {
  const network = new Network(bench.program);
  try {
    const peer = await network.add("restarted");
    await network.kill(peer);
    const entries = bench.scaled(entriesFull);
    const applied = await fillLog(peer.folder, entries);
    const times: number[] = [];
    for (let run = 0; run < starts; run += 1) {
      const startedMs = performance.now();
      await network.startAgain(peer);
      times.push(performance.now() - startedMs);
      await network.kill(peer);
    }
    const megabytes = (await folderBytes(join(peer.folder, "raft", "log"))) / 1e6;
    bench.add({
      name: `start again after ${applied} entries`,
      ours: `${median(times).toFixed(0)} ms, log ${megabytes.toFixed(0)} MB`,
      others: "",
      runs: times.map((ms) => (ms / 1000).toFixed(2)).join(" "),
      processes: "",
    });
  } finally {
    await network.stop();
  }
}

/** Brings so many entries into the log of the stopped peer in `folder`; returns its last index. */
function fillLog(folder: string, entries: number): Promise<number> {
  return withStoppedCoordinator(folder, async ({ coordinator, user, newSession }) => {
    let left = entries;
    await Promise.all(
      Array.from({ length: sessionsAtOnce }, async () => {
        const session = newSession();
        while (left > 0) {
          left -= 1;
          await session.execute([smallOperation(user.rootDirectory)]).catch(ignoreRefusal);
        }
      }),
    );
    return coordinator.log.status.lastIndex;
  });
}

/** An entry like others that leaves nothing behind: the name is not there. */
function smallOperation(parent: NodeId): Operation {
  return { op: "removeEntry", parent, token: Buffer.from("never there"), node: randomId<NodeId>(), kind: "file" };
}

function ignoreRefusal(error: unknown): void {
  if (!(error instanceof CommandRefused)) throw error;
}

async function folderBytes(folder: string): Promise<number> {
  const sizes = await Promise.all((await readdir(folder)).map(async (name) => (await stat(join(folder, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
