/** `find` over a million names: the first time, when the index is made, and later; with what the peer and the shell need. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Operation } from "../src/catalogue/operation.ts";
import { type LeaseId, type NodeId, fileKeyOf } from "../src/core/ids.ts";
import { batchOperationsMax } from "../src/core/limits.ts";
import { rootPath } from "../src/core/names.ts";
import { Keyring } from "../src/identity/keyring.ts";
import { type Directory, newDirectory, rootOf } from "../src/peer/located.ts";
import { newNodeId, randomId } from "../src/peer/random-ids.ts";
import { makeDirectoryOperation, newFile } from "../src/peer/sealed-operations.ts";
import type { Bench } from "./contest.ts";
import { Network } from "./peers.ts";
import { median, usageText } from "./process-usage.ts";
import { withStoppedCoordinator } from "./stopped-coordinator.ts";

const namesFull = 1_000_000;
/** Files of one directory after the other: few, some, many. */
const directoryFiles = [3, 40, 12, 250, 7, 1_500, 30, 90, 18, 8_000];
const laterRuns = 5;
const commandsAtOnce = 8;
const findLine = "find / -name 'picture-*77.jpg'";

export async function find(bench: Bench): Promise<void> {
  const network = new Network(bench.program);
  try {
    const peer = await network.add("peer");
    await network.kill(peer);
    const names = Number(process.env["DFS_BENCH_NAMES"] ?? bench.scaled(namesFull));
    await fill(peer.folder, names);
    await network.startAgain(peer);
    await delay(2_000); // what a peer does after its start is not what is measured
    const first = await timedFind(bench, network, peer, `find: ${names} names, first`, 1);
    const later = await timedFind(bench, network, peer, `find: ${names} names, later`, laterRuns);
    await timedFind(bench, network, peer, `find: ${names} names, one more than before`, 1, "mkdir /more; ");
    if (first === 0 || first !== later) throw new Error(`find gave ${first} names first and ${later} later`);
    const bytes = await folderBytes(join(peer.folder, "names"));
    bench.skipped.add(
      `the index of ${names} names has ${(bytes / 1e6).toFixed(0)} MB, and ${first} of them were found`,
    );
  } finally {
    await network.stop();
  }
}

/** Adds a row; returns how many names were found at the last run. */
async function timedFind(
  bench: Bench,
  network: Network,
  peer: Parameters<Network["shell"]>[0],
  name: string,
  runs: number,
  before = "",
): Promise<number> {
  const times: number[] = [];
  let found = 0;
  const usages = await network.measured(async () => {
    let usage: Awaited<ReturnType<Network["shell"]>>["usage"] = [];
    for (let run = 0; run < runs; run += 1) {
      const startedMs = performance.now();
      const result = await network.shell(peer, `${before}${findLine}`);
      times.push((performance.now() - startedMs) / 1000);
      usage = result.usage;
      found = result.stdout.split("\n").length - 1;
    }
    return usage;
  });
  bench.add({
    name,
    ours: `${median(times).toFixed(2)} s`,
    others: "",
    runs: times.map((seconds) => seconds.toFixed(2)).join(" "),
    processes: usageText(usages),
  });
  return found;
}

/** Brings so many names into the catalogue of a stopped peer, as puts would, but for the contents. */
function fill(folder: string, names: number): Promise<void> {
  return withStoppedCoordinator(folder, async ({ user, shelf, newSession }) => {
    if (shelf === null) throw new Error("the peer stores nothing");
    const sessions = Array.from({ length: commandsAtOnce }, newSession);
    const space = { owner: user.userId, path: rootPath, dedupSecret: user.dedupSecret };
    const root = rootOf(space, user.rootDirectory, user.rootKeyring, { name: rootPath, mode: 0o755, modifiedMs: 0 });
    const tree = new GrowingTree(root, { shelf, epoch: 1, lease: randomId<LeaseId>() });
    let left = names;
    while (left > 0) {
      const { directory, files } = tree.next(left);
      await sessions[0]?.execute([directory]);
      left -= 1 + files.length;
      const batches: Operation[][] = [];
      for (let at = 0; at < files.length; at += batchOperationsMax)
        batches.push(files.slice(at, at + batchOperationsMax).map((file) => file()));
      await Promise.all(batches.map(async (batch, place) => sessions[place % commandsAtOnce]?.execute(batch)));
    }
  });
}

interface Chain {
  readonly shelf: NonNullable<Parameters<Parameters<typeof withStoppedCoordinator>[1]>[0]["shelf"]>;
  readonly epoch: number;
  readonly lease: LeaseId;
}

/** Directories in one another, up to eight deep. */
class GrowingTree {
  readonly #chain: Chain;
  readonly #root: Directory;
  #way: Directory[] = [];
  #directories = 0;
  #files = 0;

  constructor(root: Directory, chain: Chain) {
    this.#root = root;
    this.#chain = chain;
  }

  /** Makes the next directory, with its files: `left` names at the most. */
  next(left: number): { readonly directory: Operation; readonly files: readonly (() => Operation)[] } {
    this.#directories += 1;
    this.#way.length = this.#directories % 8;
    const parent = this.#way.at(-1) ?? this.#root;
    const attributes = { name: `album-${this.#directories}`, mode: 0o755, modifiedMs: Date.now() };
    const made = { node: newNodeId(Date.now()), keyring: Keyring.generate(), ...attributes };
    const directory = newDirectory(parent, made, attributes);
    this.#way.push(directory);
    const amount = Math.min(left - 1, directoryFiles[this.#directories % directoryFiles.length] ?? 0);
    const files = Array.from({ length: amount }, () => (): Operation => this.#file(directory));
    return { directory: makeDirectoryOperation(parent, made), files };
  }

  #file(directory: Directory): Operation {
    this.#files += 1;
    const { lease, shelf, epoch } = this.#chain;
    const sizeBytes = 1 + (this.#files % 5_000_000);
    const digest = Buffer.alloc(32);
    digest.writeUInt32BE(this.#files);
    const content = { fileKey: fileKeyOf(digest), sizeBytes, expiresMs: null, copiesWanted: 0 };
    const reference = { depth: 0, plaintextBytes: sizeBytes, digest, key: digest } as const;
    const attributes = { mode: 0o644, modifiedMs: Date.now(), reference };
    const node = newNodeId(Date.now()) satisfies NodeId;
    const sealed = newFile(directory, `picture-${this.#files}.jpg`, node, content, attributes);
    return {
      op: "putFile",
      ...sealed,
      ...content,
      sealedBytes: sizeBytes,
      addedBytes: 0,
      shelf,
      epoch,
      lease,
      copies: 1,
    };
  }
}

async function folderBytes(folder: string): Promise<number> {
  const sizes = await Promise.all((await readdir(folder)).map(async (name) => (await stat(join(folder, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
