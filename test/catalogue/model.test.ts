import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Catalogue } from "../../src/catalogue/catalogue.ts";
import type { LogEntry } from "../../src/catalogue/apply.ts";
import type { CatalogueReader } from "../../src/catalogue/catalogue-reader.ts";
import type { NodeId } from "../../src/core/ids.ts";
import { TreeModel, anyCommands } from "./model.ts";
import { World, founding, shared, startMs, userSession } from "./world.ts";

/** Every directory's live names as the catalogue tells them. */
function listed(catalogue: CatalogueReader, directory: NodeId, at?: number): unknown {
  const { rows } = catalogue.list(shared.userId, directory, { at });
  return rows.map(({ token, node, sizeBytes }) => [Buffer.from(token).toString(), node, sizeBytes]);
}

describe("against a model", () => {
  it("CAT-40 any commands have the outcome that the rules say, and leave what the rules say, now and in the past", () => {
    fc.assert(
      fc.property(anyCommands, (commands) => {
        using world = World.founded();
        const model = new TreeModel();
        const past: { readonly at: number; readonly lists: readonly (readonly [NodeId, unknown])[] }[] = [];
        for (const operations of commands) {
          const result = world.asUser(...operations);
          expect("error" in result ? result.error.kind : undefined).toBe(model.command(operations));
          const lists = model.directories.map((directory) => [directory, model.list(directory)] as const);
          past.push({ at: world.catalogue.appliedIndex(), lists });
          for (const [directory, list] of lists) expect(listed(world.catalogue, directory)).toEqual(list);
        }
        for (const { at, lists } of past)
          for (const [directory, list] of lists) expect(listed(world.catalogue, directory, at)).toEqual(list);
        const live = [...model.nodes.values()].filter((node) => node.isLive);
        expect(world.catalogue.counts()).toMatchObject({
          files: live.filter((node) => node.kind === "file").length,
          directories: live.filter((node) => node.kind === "directory").length - 1,
          logicalBytes: live.reduce((sum, node) => sum + (node.sizes.at(-1) ?? 0), 0),
        });
      }),
      { numRuns: 40 },
    );
  });

  it("CAT-41 the same entries give the same results and the same digest, however they are batched, reopened or restored", async () => {
    const property = fc.asyncProperty(
      anyCommands,
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
      async (commands, sizes) => {
        using one = new World();
        using other = new World("disk");
        const entries = logOf(commands, one);
        const oneByOne = entries.flatMap((entry) => one.catalogue.applyBatch([entry]));
        const inBatches: Uint8Array[] = [];
        for (let start = 0, step = 0; start < entries.length; step += 1) {
          const size = sizes[step % sizes.length] ?? 1;
          inBatches.push(...other.catalogue.applyBatch(entries.slice(start, start + size)));
          start += size;
          if (step === 1) other.reopen();
          if (step === 2) await restoreInPlace(other);
        }
        expect(inBatches).toEqual(oneByOne);
        expect(other.catalogue.digest()).toEqual(one.catalogue.digest());
      },
    );
    await fc.assert(property, { numRuns: 10 });
  });
});

function logOf(commands: Parameters<World["asUser"]>[], world: World): LogEntry[] {
  const session = userSession();
  const bytes = [world.founder.next(founding), ...commands.map((operations) => session.next(...operations))];
  return bytes.map((command, place) => ({ index: place + 1, timeMs: startMs + (place % 7), command }));
}

async function restoreInPlace(world: World): Promise<void> {
  const file = join(world.folder, "snapshot.db");
  await world.catalogue.snapshotTo(file);
  world.catalogue.close();
  await Catalogue.restoreFrom(file, world.path);
  world.catalogue = Catalogue.open(world.path);
}
