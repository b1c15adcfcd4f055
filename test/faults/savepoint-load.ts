/** Puts and removals of small files without a pause, and what was acknowledged of them. */
import { createHash, randomFillSync } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { type DfsPath, resolvePath } from "../../src/core/names.ts";
import type { Prng } from "../sim/prng.ts";
import type { FaultPeer } from "./fault-peer.ts";

const loops = 3;
const keptMax = 60;
const bytesMax = 400_000;
const callMs = 30_000;
const failureMs = 50;

export class SavepointLoad {
  /** Files that are there for sure, with the SHA-256 of their content. */
  readonly kept = new Map<DfsPath, string>();
  puts = 0;
  removals = 0;
  failures = 0;
  readonly #peer: FaultPeer;
  readonly #random: Prng;
  #running: Promise<unknown> = Promise.resolve();
  #isStopping = false;
  #made = 0;

  constructor(peer: FaultPeer, random: Prng) {
    this.#peer = peer;
    this.#random = random;
  }

  start(): void {
    this.#running = Promise.all(Array.from({ length: loops }, () => this.#loop()));
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#running;
  }

  async #loop(): Promise<void> {
    while (!this.#isStopping) {
      const isPut = this.kept.size === 0 || (this.kept.size < keptMax && this.#random.chance(0.7));
      try {
        await (isPut ? this.#put() : this.#remove());
      } catch {
        this.failures += 1;
        await delay(failureMs);
      }
    }
  }

  async #put(): Promise<void> {
    this.#made += 1;
    const path = resolvePath(`/load-${this.#made}`);
    const bytes = randomFillSync(Buffer.alloc(this.#random.below(bytesMax)));
    const source = (async function* () {
      yield bytes;
    })();
    const summary = await this.#peer.with((client) =>
      client.put(
        { sources: [{ kind: "stream", bytes: source, name: path.slice(1) }], target: path },
        { signal: AbortSignal.timeout(callMs) },
      ),
    );
    if (summary.failed > 0) throw new Error("the put failed");
    this.kept.set(path, createHash("sha256").update(bytes).digest("hex"));
    this.puts += 1;
  }

  async #remove(): Promise<void> {
    const path = this.#random.pick([...this.kept.keys()]);
    // From now on nobody knows, until it is gone.
    this.kept.delete(path);
    await this.#peer.with((client) => client.remove(path, { signal: AbortSignal.timeout(callMs) }));
    this.removals += 1;
  }

  /** What cannot be read as it was put, through `peer`. */
  async faults(peer: FaultPeer): Promise<readonly string[]> {
    const found: string[] = [];
    await peer.with(async (client) => {
      for (const [path, sum] of this.kept) {
        try {
          const hash = createHash("sha256");
          for await (const bytes of client.read(path, { signal: AbortSignal.timeout(callMs) })) hash.update(bytes);
          if (hash.digest("hex") !== sum) found.push(`${path}: other content`);
        } catch (error) {
          found.push(`${path}: ${(error as Error).message}`);
        }
      }
    });
    return found;
  }
}
