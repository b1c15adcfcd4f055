/** Files of known content on this machine, what was acknowledged of them, and whether the network still has it all. */
import { createCipheriv, createHash } from "node:crypto";
import { mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { DfsClient, TransferSummary } from "../../src/core/client.ts";
import { toDfsError } from "../../src/core/errors.ts";
import { type DfsPath, resolvePath } from "../../src/core/names.ts";
import { Prng } from "../sim/prng.ts";
import type { FaultPeer } from "./fault-peer.ts";

const MiB = 1024 * 1024;
const smallBytesMax = 12_000;
const readsAtOnce = 8;
const readMs = 120_000;
/** For so long a read may fail for now while machines burn, and so long after that it is tried again. */
const passingMs = 20_000;
const againMs = 200;

interface Fault {
  readonly text: string;
  readonly isPassing: boolean;
}

export class BurnFiles {
  /** Of everything that was acknowledged: its path in the network, and the SHA-256 of its content. */
  readonly acknowledged = new Map<DfsPath, string>();
  /** What failed for now, and did not when it was tried again. */
  readonly passing: string[] = [];
  /** What a put said of the files that failed. */
  readonly refusals: string[] = [];
  readonly #folder: string;
  readonly #random: Prng;
  readonly #sums = new Map<string, string>();

  constructor(folder: string, seed: number) {
    this.#folder = folder;
    this.#random = new Prng(seed);
  }

  /** Makes a folder with so many small files, and one of `bigBytes` unless that is 0. */
  async make(name: string, files: number, bigBytes: number): Promise<string> {
    const folder = join(this.#folder, name);
    await mkdir(folder, { recursive: true });
    for (let i = 0; i < files; i += 1)
      await this.#write(name, `file-${i}`, i % 40 === 0 ? 300_000 : 1 + this.#random.below(smallBytesMax));
    if (bigBytes > 0) await this.#write(name, "big", bigBytes);
    return folder;
  }

  /** Puts a folder that `make` made to `/NAME` and notes what is acknowledged, until all is there or the put fails. */
  async put(client: DfsClient, name: string, onEvent?: (done: number) => void): Promise<TransferSummary> {
    let done = 0;
    return client.put(
      {
        sources: [{ kind: "path", path: join(this.#folder, name) }],
        target: resolvePath("/"),
        recursive: true,
        force: true,
      },
      {
        onEvent: (event) => {
          if (event.type === "failed") this.refusals.push(`${event.path}: ${event.error.kind}: ${event.error.message}`);
          if (event.type !== "done") return;
          done += 1;
          this.acknowledge(event.path);
          onEvent?.(done);
        },
      },
    );
  }

  /** Notes that the network has said that a file which `make` made is there. */
  acknowledge(path: string): void {
    const [, name, file] = /([^/]+)\/([^/]+)$/.exec(path) ?? [];
    const sum = this.#sums.get(`${name}/${file}`);
    if (sum === undefined) throw new Error(`${path} was never made`);
    this.acknowledged.set(resolvePath(`/${name}/${file}`), sum);
  }

  /**
   * Reads acknowledged files through `peer`, all of them or so many picked at random, and says what is wrong. A read that
   * fails for now is tried again for a while: coordinators may be gone too, and elect another leader first.
   */
  async faults(peer: FaultPeer, sample = Number.POSITIVE_INFINITY): Promise<readonly string[]> {
    const paths = pickSome([...this.acknowledged.keys()], sample, this.#random);
    return peer.with(async (client) => {
      const found: string[] = [];
      const work = paths.values();
      const reader = async (): Promise<void> => {
        for (const path of work) {
          const fault = await this.#lastFault(client, path);
          if (fault !== undefined) found.push(`${path} through ${peer.name}: ${fault}`);
        }
      };
      await Promise.all(Array.from({ length: readsAtOnce }, reader));
      return found;
    });
  }

  async #lastFault(client: DfsClient, path: DfsPath): Promise<string | undefined> {
    const deadline = performance.now() + passingMs;
    for (;;) {
      const fault = await this.#fault(client, path);
      if (fault === undefined || !fault.isPassing || performance.now() > deadline) return fault?.text;
      this.passing.push(`${path}: ${fault.text}`);
      await delay(againMs);
    }
  }

  async #fault(client: DfsClient, path: DfsPath): Promise<Fault | undefined> {
    try {
      const hash = createHash("sha256");
      for await (const bytes of client.read(path, { signal: AbortSignal.timeout(readMs) })) hash.update(bytes);
      const isRight = hash.digest("hex") === this.acknowledged.get(path);
      return isRight ? undefined : { text: "other content", isPassing: false };
    } catch (error) {
      const { kind, message, retryHelps } = toDfsError(error);
      return { text: `${kind}: ${message}`, isPassing: retryHelps };
    }
  }

  async #write(name: string, file: string, bytes: number): Promise<void> {
    const key = Buffer.alloc(32);
    key.writeUInt32BE(this.#random.below(2 ** 32));
    const cipher = createCipheriv("aes-256-ctr", key, Buffer.alloc(16));
    const hash = createHash("sha256");
    const target = await open(join(this.#folder, name, file), "w");
    try {
      for (let left = bytes; left > 0; left -= MiB) {
        const part = cipher.update(Buffer.alloc(Math.min(MiB, left)));
        hash.update(part);
        await target.write(part);
      }
    } finally {
      await target.close();
    }
    this.#sums.set(`${name}/${file}`, hash.digest("hex"));
  }
}

/** Up to `count` of the items, each at most once. */
function pickSome<Item>(items: Item[], count: number, random: Prng): readonly Item[] {
  if (count >= items.length) return items;
  const chosen = new Set<Item>();
  while (chosen.size < count) chosen.add(random.pick(items));
  return [...chosen];
}
