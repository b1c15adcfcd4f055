/** How long a coordinator takes to start again after a million entries went through its log, and how large the log is. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Operation } from "../src/catalogue/operation.ts";
import type { NodeId } from "../src/core/ids.ts";
import { decoySaltKey } from "../src/identity/credentials.ts";
import { deriveNetwork } from "../src/identity/network-keys.ts";
import { decodePeerKey, peerIdOf } from "../src/identity/peer-identity.ts";
import { sharedUserKeys } from "../src/identity/user-keys.ts";
import { CommandRefused, CommandSession } from "../src/peer/command-session.ts";
import { Coordinator } from "../src/peer/coordination/coordinator.ts";
import { openSeat, readSeat } from "../src/peer/coordination/seat-files.ts";
import { segmentBytesFor } from "../src/peer/coordination/seat.ts";
import { createLog } from "../src/peer/log.ts";
import { loadMembership } from "../src/peer/peer-config.ts";
import { usualSettings } from "../src/peer/peer-settings.ts";
import { randomId } from "../src/peer/random-ids.ts";
import type { Bench } from "./contest.ts";
import { Network } from "./peers.ts";
import { median } from "./process-usage.ts";

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
async function fillLog(folder: string, entries: number): Promise<number> {
  const [membership, seat] = [await loadMembership(folder), await readSeat(folder)];
  if (membership === undefined || seat === undefined) throw new Error("the peer is no coordinator");
  const { compactAfterEntries } = usualSettings;
  const files = await openSeat(folder, seat, segmentBytesFor(compactAfterEntries));
  const coordinator = new Coordinator({
    self: peerIdOf(decodePeerKey(membership.identity)),
    seat,
    cataloguePath: join(folder, "catalogue.db"),
    ...files,
    links: { call: () => Promise.reject(new Error("there is nobody else")) },
    send: () => undefined,
    peerOf: () => undefined,
    compactAfterEntries,
    decoyKey: decoySaltKey(membership.networkSecret),
    standings: usualSettings,
    nowMs: Date.now,
    log: createLog(() => undefined, { level: "silent", json: false }),
    onFault: (fault) => {
      throw fault;
    },
    onChange: () => undefined,
  });
  await coordinator.start();
  const user = sharedUserKeys(membership.networkSecret);
  const { networkId } = deriveNetwork(membership.networkSecret);
  let left = entries;
  await Promise.all(
    Array.from({ length: sessionsAtOnce }, async () => {
      const author = {
        network: networkId,
        author: { user: user.userId },
        sign: (bytes: Uint8Array) => user.sign(bytes),
      };
      const session = new CommandSession(author, (command, signal) => coordinator.propose(command, signal));
      while (left > 0) {
        left -= 1;
        await session.execute([smallOperation(user.rootDirectory)]).catch(ignoreRefusal);
      }
    }),
  );
  const { lastIndex } = coordinator.log.status;
  await coordinator.stop();
  return lastIndex;
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
