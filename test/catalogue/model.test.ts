import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Catalogue } from "../../src/catalogue/catalogue.ts";
import { decodeCommand } from "../../src/catalogue/command.ts";
import type { CatalogueReader, PastState } from "../../src/catalogue/catalogue-reader.ts";
import type { NodeId } from "../../src/core/ids.ts";
import { logOf, markAt } from "./fixed-log.ts";
import { type TimedCommand, TreeModel, anyTimedCommands } from "./model.ts";
import { World, ok, shared } from "./world.ts";

/** Every directory's live names as the catalogue tells them. */
function listed(catalogue: CatalogueReader, directory: NodeId, at?: PastState): unknown {
  const { rows } = catalogue.list(shared.userId, directory, { at });
  return rows.map(({ token, node, sizeBytes }) => [Buffer.from(token).toString(), node, sizeBytes]);
}

/** Applies a command to both, and checks that both say the same about it. */
function applyToBoth(world: World, model: TreeModel, { timeMs, operations }: TimedCommand): void {
  world.timeMs = timeMs;
  if (operations === "expire") {
    const result = ok(world.asFounder({ op: "expire" }));
    expect(result).toEqual([{ op: "expire", expired: model.expire(timeMs), isMoreDue: false }]);
    return;
  }
  const result = world.asUser(...operations);
  expect("error" in result ? result.error.kind : undefined).toBe(model.command(operations, timeMs));
}

describe("against a model", () => {
  it("CAT-40 any commands have the outcome that the rules say, and leave what the rules say, now and in the past", () => {
    fc.assert(
      fc.property(anyTimedCommands, (commands) => {
        using world = World.founded();
        const model = new TreeModel();
        const past: {
          readonly at: number;
          readonly timeMs: number;
          readonly lists: readonly (readonly [NodeId, unknown])[];
        }[] = [];
        for (const command of commands) {
          applyToBoth(world, model, command);
          const lists = model.directories.map((directory) => [directory, model.list(directory)] as const);
          past.push({ at: world.catalogue.appliedIndex(), timeMs: world.catalogue.lastTimeMs(), lists });
          for (const [directory, list] of lists) expect(listed(world.catalogue, directory)).toEqual(list);
          const due = model.expiring.map(([, expiresMs]) => expiresMs);
          expect(world.catalogue.nextExpiryMs()).toBe(due.length === 0 ? undefined : Math.min(...due));
        }
        for (const [place, { at, timeMs, lists }] of past.entries())
          for (const [directory, list] of lists) {
            expect(listed(world.catalogue, directory, { index: at })).toEqual(list);
            const isLastOfItsTime = past[place + 1]?.timeMs !== timeMs;
            if (isLastOfItsTime) expect(listed(world.catalogue, directory, { timeMs })).toEqual(list);
          }
        const live = [...model.nodes.values()].filter((node) => node.isLive);
        expect(world.catalogue.counts()).toMatchObject({
          files: live.filter((node) => node.kind === "file").length,
          directories: live.filter((node) => node.kind === "directory").length - 1,
          logicalBytes: live.reduce((sum, node) => sum + (node.sizes.at(-1) ?? 0), 0),
        });
      }),
      { numRuns: 60 },
    );
  });

  it("CAT-41 the same entries give the same results and the same digest, however they are batched, decoded, reopened or restored", async () => {
    const property = fc.asyncProperty(
      anyTimedCommands,
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
      async (commands, sizes) => {
        using one = new World();
        using other = new World("disk");
        const entries = logOf(commands);
        const oneByOne = entries.flatMap((entry) => one.catalogue.applyBatch([entry]));
        const inBatches: Uint8Array[] = [];
        for (let start = 0, step = 0; start < entries.length; step += 1) {
          const batch = entries.slice(start, start + (sizes[step % sizes.length] ?? 1));
          const decoded = batch.map((entry) => ({ ...entry, decoded: decodeCommand(entry.command) }));
          inBatches.push(...other.catalogue.applyBatch(step % 2 === 0 ? decoded : batch));
          start += batch.length;
          if (step === 1) other.reopen();
          if (step === 2) await restoreInPlace(other);
        }
        for (const { catalogue } of [one, other]) catalogue.applyBatch([], markAt(entries.length));
        expect(inBatches).toEqual(oneByOne);
        expect(other.catalogue.digest()).toEqual(one.catalogue.digest());
      },
    );
    await fc.assert(property, { numRuns: 10 });
  });
});

async function restoreInPlace(world: World): Promise<void> {
  const file = join(world.folder, "snapshot.db");
  await world.catalogue.snapshotTo(file);
  world.catalogue.close();
  await Catalogue.restoreFrom(file, world.path);
  world.catalogue = Catalogue.open(world.path);
}
