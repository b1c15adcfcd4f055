import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DropGuard } from "../../src/backup/upkeep/drop-guard.ts";
import { DfsError } from "../../src/core/errors.ts";
import type { FileKey } from "../../src/core/ids.ts";
import { collectMs, sweepMs } from "../../src/core/limits.ts";
import { UpkeepTestClock } from "./upkeep-clock.ts";
import { keyOf, leaseOf, ModelWorld, noSignal } from "./upkeep-shelf-model.ts";

/** What somebody does, beginning at some moment. */
type Act =
  | { readonly act: "put"; readonly key: number; readonly endsLease: boolean }
  | { readonly act: "end"; readonly lease: number }
  | { readonly act: "remove" }
  | { readonly act: "collect" }
  | { readonly act: "sweep" }
  | { readonly act: "change owner" };

const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ act: fc.constant("put" as const), key: fc.nat(2), endsLease: fc.boolean() }),
  },
  { weight: 3, arbitrary: fc.record({ act: fc.constant("end" as const), lease: fc.nat(20) }) },
  { weight: 4, arbitrary: fc.record({ act: fc.constant("remove" as const) }) },
  { weight: 3, arbitrary: fc.record({ act: fc.constant("collect" as const) }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant("sweep" as const) }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant("change owner" as const) }) },
);

async function carryOut(world: ModelWorld, what: Act, number: number): Promise<void> {
  switch (what.act) {
    case "put":
      await world.put(keyOf(what.key), leaseOf(number));
      if (what.endsLease) await world.owner.endLease(leaseOf(number));
      return;
    case "end":
      await world.owner.endLease(leaseOf(what.lease));
      return;
    case "remove":
      for (const row of world.catalogue.rows.values()) row.isRemoved = true;
      world.catalogue.collect();
      return;
    case "collect":
      await world.owner.collector.collect(noSignal);
      return;
    case "sweep":
      await world.owner.collector.sweep(noSignal);
      return;
    case "change owner":
      await world.changeOwner();
  }
}

/** Refusals are part of life; a broken promise is not. */
function exceptRefusals(error: unknown): void {
  if (!(error instanceof DfsError)) throw error;
}

describe("collection", () => {
  it("GC-1 nothing that a revision names is dropped, and all else is gone in the end, in whatever order things happen", async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.array(act, { minLength: 2, maxLength: 25 }), async (scheduler, acts) => {
        const world = new ModelWorld(() => scheduler.schedule(Promise.resolve()));
        const all = Promise.all(
          acts.map(async (what, number) => {
            await world.step();
            await carryOut(world, what, number).catch(exceptRefusals);
          }),
        );
        await scheduler.waitIdle();
        await all;
        world.check();

        const over = (async () => {
          for (let number = 0; number < acts.length; number += 1) await world.owner.endLease(leaseOf(number));
          await world.owner.collector.collect(noSignal);
          await world.owner.collector.sweep(noSignal);
        })();
        await scheduler.waitIdle();
        await over;
        const named = new Set([...world.catalogue.rows.values()].map(({ key }) => key));
        expect(new Set(world.owner.set.keys())).toEqual(named);
        expect(world.catalogue.dropRows.size).toBe(0);
      }),
      { numRuns: 1_500 },
    );
  });

  // One whole put comes in at each of the moments between marking a record and dropping it.
  for (let moment = 0; moment <= 8; moment += 1) {
    it(`GC-2 a put that finds a record at moment ${moment} of its collection keeps it`, async () => {
      let steps = Number.NEGATIVE_INFINITY;
      let put: Promise<unknown> | undefined;
      const world: ModelWorld = new ModelWorld(async () => {
        steps += 1;
        if (steps !== moment) return;
        steps = Number.NEGATIVE_INFINITY;
        put = world.put(keyOf(1), leaseOf(2)).then(() => world.owner.endLease(leaseOf(2)));
        // It runs as far as it can alone; where it waits for the drop to be over, so does the test, below.
        for (let turn = 0; turn < 200; turn += 1) await Promise.resolve();
      });
      const row = await world.put(keyOf(1), leaseOf(1));
      await world.owner.endLease(leaseOf(1));
      world.catalogue.rows.delete(row ?? 0);
      world.catalogue.dropRows.add(keyOf(1));
      steps = -1;

      await world.owner.collector.collect(noSignal);
      await (put ?? world.put(keyOf(1), leaseOf(2)));
      expect(world.catalogue.names(keyOf(1))).toBe(true);
      world.check();
    });
  }

  it("GC-3 what a lease holds is not dropped, and leaves `drops`, since the lease's end sees to it", async () => {
    const world = new ModelWorld();
    await world.owner.add(leaseOf(1), keyOf(1));
    world.catalogue.dropRows.add(keyOf(1));
    expect(await world.owner.collector.collect(noSignal)).toBe(0);
    expect(world.owner.set.has(keyOf(1))).toBe(true);
    expect(world.catalogue.dropRows.size).toBe(0);
    await world.owner.endLease(leaseOf(1));
    expect(world.owner.set.size).toBe(0);
  });

  it("GC-3 a record whose lease ends with its commit, just while it is looked at, stays", async () => {
    const world = new ModelWorld();
    const epoch = await world.owner.add(leaseOf(1), keyOf(1));
    const { catalogue, owner } = world;
    const names = catalogue.names.bind(catalogue);
    let isAsked = false;
    const commitAndEnd = async (): Promise<void> => {
      isAsked = true;
      catalogue.commit(keyOf(1), leaseOf(1), epoch);
      catalogue.endLease(leaseOf(1), epoch, 0);
      owner.leases.delete(leaseOf(1));
    };
    catalogue.names = (key) => {
      const isNamed = names(key);
      if (!isAsked) void commitAndEnd();
      return isNamed;
    };
    await owner.collector.sweep(noSignal);
    expect(owner.set.has(keyOf(1))).toBe(true);
  });

  it("GC-4 a drop under an epoch that has passed is refused, and the new owner carries it out", async () => {
    const world = new ModelWorld();
    const [first, second] = world.peers;
    for (const peer of world.peers) peer.set.set(keyOf(1), 2);
    world.catalogue.dropRows.add(keyOf(1));
    first.ownedEpoch = 1;
    const isHeld = first.isHeld.bind(first);
    first.isHeld = (key: FileKey) => {
      first.ownedEpoch = 7; // it was given the shelf anew in between
      return isHeld(key);
    };
    await expect(first.collector.collect(noSignal)).rejects.toMatchObject({ kind: "moved" });
    expect(first.set.size).toBe(1);
    first.ownedEpoch = undefined;
    await expect(first.collector.sweep(noSignal)).rejects.toMatchObject({ kind: "moved" });
    await world.changeOwner();
    expect(await second.collector.collect(noSignal)).toBe(1);
    expect(world.peers.map(({ set }) => set.size)).toEqual([0, 0]);
  });

  it("GC-5 a sweep finds what no revision ever named, page by page", async () => {
    const world = new ModelWorld();
    for (let number = 0; number < 1_700; number += 1) {
      for (const peer of world.peers) peer.set.set(keyOf(number), 2);
      if (number % 3 === 0) world.catalogue.commit(keyOf(number), leaseOf(number), 1);
    }
    const named = Math.ceil(1_700 / 3);
    expect(await world.owner.collector.sweep(noSignal)).toEqual({ records: 1_700, found: 1_700 - named });
    expect(world.owner.set.size).toBe(named);
    world.check();
  });

  it("GC-6 an audit finds every record that a revision names and that the set lacks, and no other", async () => {
    const world = new ModelWorld();
    const lost = new Set<FileKey>();
    for (let number = 0; number < 1_700; number += 1) {
      if (number % 2 === 0) world.owner.set.set(keyOf(number), 2);
      else if (number % 17 !== 0) world.owner.set.set(keyOf(number), 3);
      else lost.add(keyOf(number));
    }
    world.owner.set.set(keyOf(0), 1); // kept for fewer copies than its revision wants
    lost.add(keyOf(0));
    const { catalogue, owner } = world;
    world.check = () => undefined;
    for (let number = 0; number < 1_700; number += 1) catalogue.commit(keyOf(number), leaseOf(number), 1);
    for (let number = 1_700; number < 1_800; number += 1) owner.set.set(keyOf(number), 2);
    expect(await owner.collector.audit(noSignal)).toEqual({ records: 1_700, found: lost.size });
    expect(new Set(owner.lost.map(({ fileKey }) => fileKey))).toEqual(lost);
  });
});

describe("a collector by itself", () => {
  it("GC-11 begins with a sweep, looks at `drops` again and again, and says what fails but for a shelf that moved", async () => {
    const clock = new UpkeepTestClock();
    const world = new ModelWorld();
    const warnings: string[] = [];
    let failure: DfsError | undefined;
    const names = world.catalogue.names.bind(world.catalogue);
    world.catalogue.names = (key) => {
      if (failure !== undefined) throw failure;
      return names(key);
    };
    const peer = world.owner;
    peer.set.set(keyOf(1), 2);
    const collector = world.newCollector(0, { clock, log: { warn: (message) => warnings.push(message) } });
    collector.start();
    await clock.advance(0);
    expect(peer.set.size).toBe(0); // no revision ever named it

    for (const kind of ["no-quorum", "moved"] as const) {
      failure = new DfsError(kind, "no answer");
      peer.set.set(keyOf(2), 2);
      world.catalogue.dropRows.add(keyOf(2));
      await clock.advance(collectMs);
      expect(peer.set.size).toBe(1);
      failure = undefined;
      await clock.advance(collectMs);
      expect(peer.set.size).toBe(0);
    }
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain("no answer");

    peer.set.set(keyOf(3), 2);
    world.catalogue.dropRows.add(keyOf(3));
    collector.collectSoon();
    await clock.advance(0);
    expect(peer.set.size).toBe(0);
    peer.set.set(keyOf(4), 2);
    await clock.advance(sweepMs);
    expect(peer.set.size).toBe(0);
    await collector.stop();
    world.catalogue.dropRows.add(keyOf(5));
    await clock.advance(sweepMs);
    expect(world.catalogue.dropRows.size).toBe(1);
  });
});

describe("DropGuard", () => {
  it("GC-7 a collector that takes the place of another knows of the puts that began before", async () => {
    const world = new ModelWorld();
    const peer = world.owner;
    peer.set.set(keyOf(1), 2);
    const options = { clock: new UpkeepTestClock(), log: { warn: () => undefined }, guard: new DropGuard() };
    let finish: () => void = () => undefined;
    const put = world.newCollector(0, options).touching([keyOf(1)], () => new Promise<void>((end) => (finish = end)));
    expect(await world.newCollector(0, options).sweep(noSignal)).toEqual({ records: 1, found: 0 });
    finish();
    await put;
    expect(await world.newCollector(0, options).sweep(noSignal)).toEqual({ records: 1, found: 1 });
  });

  it("GC-7 a record is touched again only once its drop is over, however that went", async () => {
    const guard = new DropGuard();
    const seen: string[] = [];
    let finish: (error?: Error) => void = () => undefined;
    const drop = new Promise<void>((resolve, reject) => {
      finish = (error) => (error === undefined ? resolve() : reject(error));
    });
    const dropping = guard.dropUnneeded(
      [keyOf(1), keyOf(2)],
      async () => [keyOf(1)],
      async () => drop,
    );
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    const one = guard.touching([keyOf(1)], async () => seen.push("one"));
    await guard.touching([keyOf(2)], async () => seen.push("two"));
    finish(new Error("the disk is gone"));
    await expect(dropping).rejects.toThrow("the disk is gone");
    await one;
    expect(seen).toEqual(["two", "one"]);
  });
});
