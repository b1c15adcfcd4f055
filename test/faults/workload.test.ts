/** The judge judged: the load of the fault tests on a client in memory that is honest, unreliable, or a liar. */
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { DfsClient } from "../../src/core/client.ts";
import { DfsError } from "../../src/core/errors.ts";
import { parseFileKey } from "../../src/core/ids.ts";
import { resolvePath } from "../../src/core/names.ts";
import { MemoryClient } from "../shell/memory-client.ts";
import { Prng } from "../sim/prng.ts";
import { readBack, treeText } from "./read-back.ts";
import { until } from "./until.ts";
import { violationsOf } from "./verdict.ts";
import { Workload } from "./workload.ts";

const root = resolvePath("/load");
const operations = 400;
const runMs = 20_000;
const callMsMax = 5;
/** Loads in which a lie has to be found. */
const loadsMax = 4;

/** Some of a client's calls replaced. */
type Change = (honest: DfsClient, random: Prng) => Partial<DfsClient>;

/** Runs the load on a client with `change` until it has done enough, then judges it by what the honest one has. */
async function judge(change: Change, seed: number): Promise<readonly string[]> {
  const random = new Prng(seed);
  // Calls take a moment, so that clients get into each other's way.
  const honest = new MemoryClient({ hold: () => delay(random.below(callMsMax)) });
  const client = changed(honest, { close: async () => undefined });
  let isUnderLoad = false;
  const lying = changed(client, change(client, random));
  const workload = new Workload({ connect: async () => (isUnderLoad ? lying : client), places: 3, root, seed });
  await workload.prepare();
  isUnderLoad = true;
  workload.start();
  const { counts } = workload.history;
  await until("enough operations", runMs, () => counts.answered + counts.unknown > operations || undefined);
  await workload.stop();
  return violationsOf(workload.history, await readBack(client, root, workload));
}

function changed(client: DfsClient, change: Partial<DfsClient>): DfsClient {
  return new Proxy(client, {
    get: (target, name) => {
      const own = change[name as keyof DfsClient] ?? target[name as keyof DfsClient];
      return typeof own === "function" ? own.bind(target) : own;
    },
  });
}

/** Breaks off one call in eight, before or after it had its effect. */
const unreliable: Change = (honest, random) => {
  const broken = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    const fate = random.unit();
    if (fate < 0.06) throw new DfsError("unreachable", "the connection broke");
    const result = await work();
    if (fate < 0.12) throw new DfsError("timeout", "the answer was lost");
    return result;
  };
  return {
    put: (request, options) => broken(() => honest.put(request, options)),
    move: (from, to, options) => broken(() => honest.move(from, to, options)),
    remove: (path, options) => broken(() => honest.remove(path, options)),
    stat: (path, options) => broken(() => honest.stat(path, options)),
  };
};

const lies: Readonly<Record<string, Change>> = {
  "a write that is acknowledged and lost": (honest, random) => ({
    put: async (request, options) => {
      if (request.force !== true || random.chance(0.9)) return honest.put(request, options);
      const revision = await honest.stat(request.target).then(
        (entry) => entry.revision + 1,
        () => 1,
      );
      options?.onEvent?.({ type: "done", path: "-", outcome: "written", revision, copies: 1 });
      return honest.put({ ...request, dryRun: true });
    },
  }),
  "a write that is applied twice": (honest, random) => ({
    put: async (request, options) => {
      if (request.force !== true || random.chance(0.9)) return honest.put(request, options);
      const [source] = request.sources;
      if (source?.kind !== "stream") throw new DfsError("usage", "the load puts streams");
      const pieces: Uint8Array[] = [];
      for await (const piece of source.bytes) pieces.push(piece);
      const again = async function* (): AsyncGenerator<Uint8Array> {
        yield* pieces;
      };
      const twice = { ...request, sources: [{ ...source, bytes: again() }] };
      const summary = await honest.put(twice, options);
      await honest.put({ ...twice, sources: [{ ...source, bytes: emptied() }] });
      await honest.put({ ...twice, sources: [{ ...source, bytes: again() }] });
      return summary;
    },
  }),
  "a compare-and-set that does not compare": (honest) => ({
    put: ({ ifRevision, ...request }, options) =>
      honest.put(
        ifRevision === undefined || ifRevision === 0 ? { ...request, ifRevision } : { ...request, force: true },
        options,
      ),
  }),
  "a stat of the past": (honest) => {
    const before = new Map<string, Awaited<ReturnType<DfsClient["stat"]>>>();
    return {
      stat: async (path, options) => {
        const entry = await honest.stat(path, options);
        const earlier = before.get(path) ?? entry;
        before.set(path, entry.revision % 3 === 0 ? entry : earlier);
        return earlier;
      },
    };
  },
  "a rename that is acknowledged and lost": (honest, random) => ({
    move: async (from, to, options) => {
      if (random.chance(0.5)) return honest.move(from, to, options);
      await honest.stat(from);
      const taken = await honest.stat(to).then(
        () => true,
        () => false,
      );
      if (taken) throw new DfsError("exists", "exists already");
    },
  }),
  "a removal that comes back": (honest, random) => ({
    remove: async (path, options) => {
      if (random.chance(0.5)) return honest.remove(path, options);
      await honest.stat(path);
      return 1;
    },
  }),
};

async function* emptied(): AsyncGenerator<Uint8Array> {}

describe("the judge of the fault tests", () => {
  it("FAULT-11 believes a network that is honest", async () => {
    expect(await judge(() => ({}), 1)).toEqual([]);
  });

  it("FAULT-11 believes one that is honest and breaks off", async () => {
    expect(await judge(unreliable, 2)).toEqual([]);
  });

  it.each(Object.entries(lies))("FAULT-11 finds %s", { timeout: 5 * runMs }, async (_, lie) => {
    // A lie shows only where nobody's later call hides it, which depends on the times of the calls.
    const findings: string[] = [];
    for (let seed = 3; findings.length === 0 && seed < 3 + loadsMax; seed++) findings.push(...(await judge(lie, seed)));
    expect(findings).not.toEqual([]);
  });

  it("FAULT-11 tells trees apart by their files' revisions and contents", async () => {
    const client = new MemoryClient();
    client.add("/load/file", "one");
    const before = await treeText(client, root, true);
    expect(before).toMatch(/^\/load 0 0 directory\n\/load\/file 1 3 /);
    expect(() => parseFileKey(before.split(" ").at(-1) ?? "")).not.toThrow();
    client.add("/load/file", "two");
    expect(await treeText(client, root, true)).not.toBe(before);
  });
});
