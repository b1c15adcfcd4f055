/** Transactions held against the catalogue itself: what they predict, and what they show, is what the commit gives. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ListedRow } from "../../src/catalogue/rows.ts";
import { DfsError } from "../../src/core/errors.ts";
import type { NodeId } from "../../src/core/ids.ts";
import { pathDepthMax } from "../../src/core/limits.ts";
import { CommandRefused } from "../../src/peer/command-session.ts";
import type { CatalogueReader } from "../../src/peer/coordination/catalogue-access.ts";
import { OverlayCatalogue } from "../../src/peer/transaction/overlay-catalogue.ts";
import { TransactionCommands } from "../../src/peer/transaction/transaction-commands.ts";
import { TreeModel, type TreeOperation } from "../catalogue/model.ts";
import { World, fault, id, makeDirectory, move, ok, root, shared, startMs, token } from "../catalogue/world.ts";
import { readerOf } from "./file-space.ts";
import { Intents, anyIntents, names } from "./tree-intents.ts";

const user = shared.userId;

/** Every directory's rows in pages of `limit`; times of commits differ and are left out. */
async function listed(catalogue: CatalogueReader, directories: readonly NodeId[], limit: number): Promise<unknown> {
  const rows: unknown[] = [];
  for (const directory of directories) {
    let after: Uint8Array | undefined;
    do {
      const page = await catalogue.list(user, directory, after, limit);
      expect(page.rows.length).toBeLessThanOrEqual(limit);
      rows.push(...page.rows.map((row) => [directory, untimed(row)]));
      after = page.next ?? undefined;
    } while (after !== undefined);
  }
  return rows;
}

/** The same rows, each asked for by its name. */
async function looked(catalogue: CatalogueReader, directories: readonly NodeId[]): Promise<unknown> {
  const rows: unknown[] = [];
  for (const directory of directories) {
    for (const name of names) {
      const row = await catalogue.entry(user, directory, token(name));
      if (row !== undefined) rows.push([directory, untimed({ token: token(name), ...row })]);
    }
    const single = await Promise.all(names.map((name) => catalogue.entry(user, directory, token(name))));
    expect(await entriesOf(catalogue, directory)).toEqual(single.map((row) => row ?? null));
  }
  return rows;
}

/** The same, asked for at once, and on from where an answer ended. */
async function entriesOf(catalogue: CatalogueReader, directory: NodeId): Promise<unknown[]> {
  const rows: unknown[] = [];
  while (rows.length < names.length)
    rows.push(...(await catalogue.entries(user, directory, names.slice(rows.length).map(token))));
  return rows;
}

function untimed(row: ListedRow): ListedRow {
  return { ...row, committedMs: 0 };
}

/** Looks every directory up, as a caller does on the way to what it changes. */
async function lookUp(overlay: OverlayCatalogue, model: TreeModel): Promise<void> {
  for (const directory of model.directories)
    for (const name of names) await overlay.entry(user, directory, token(name));
}

describe("a transaction against the catalogue", () => {
  it("TXN-10 each change has the outcome, and shows the rows, that the catalogue gives when it is asked at once", async () => {
    const limits = fc.integer({ min: 1, max: 4 });
    const property = fc.asyncProperty(anyIntents, fc.nat(20), limits, async (batches, before, limit) => {
      using network = World.founded();
      using twin = World.founded();
      const model = new TreeModel();
      const intents = new Intents(model);
      for (const batch of batches.slice(0, before)) {
        const operations = intents.operations(batch);
        network.asUser(...operations);
        twin.asUser(...operations);
        model.command(operations);
      }
      const overlay = new OverlayCatalogue(readerOf(network), () => undefined);
      const kept = new TransactionCommands({ user, overlay, nowMs: () => startMs, requireOpen: () => undefined });
      intents.beginTransaction();
      await lookUp(overlay, model);
      for (const batch of batches.slice(before)) {
        const operations = intents.operations(batch);
        model.command(operations);
        const expected = twin.asUser(...operations);
        const outcome = await kept.execute(operations).catch((error: unknown) => error);
        if ("ok" in expected) expect(outcome).toEqual(expected.ok.results);
        else {
          const { kind, operation } = expected.error;
          expect(outcome).toBeInstanceOf(CommandRefused);
          expect(outcome).toMatchObject({ kind, operation });
        }
        const { directories } = model;
        expect(await listed(overlay, directories, limit)).toEqual(await listed(readerOf(twin), directories, 500));
      }
      const seen = await looked(overlay, model.directories);
      if (kept.operations().length > 0) ok(network.asUser(...kept.operations()));
      expect(await listed(readerOf(network), model.directories, 500)).toEqual(seen);
    });
    await fc.assert(property, { numRuns: 40 });
  });

  it("TXN-10 no directory comes to lie in itself, and none too deep, whoever made the ones above", async () => {
    using world = World.founded();
    const node = (depth: number): NodeId => id<NodeId>(`depth ${depth}`);
    const make = (depth: number): TreeOperation => ({
      ...makeDirectory("a", depth === 1 ? root : node(depth - 1)),
      node: node(depth),
    });
    for (let depth = 1; depth <= 100; depth += 1) ok(world.asUser(make(depth)));
    const overlay = new OverlayCatalogue(readerOf(world), () => undefined);
    const kept = new TransactionCommands({ user, overlay, nowMs: () => startMs, requireOpen: () => undefined });
    for (let depth = 1; depth <= 100; depth += 1)
      await overlay.entry(user, depth === 1 ? root : node(depth - 1), token("a"));
    const inside = move("a", "x", { node: node(1), toParent: node(7) });
    await expect(kept.execute([inside])).rejects.toMatchObject({ kind: "usage" });
    for (let depth = 101; depth <= pathDepthMax; depth += 1) await kept.execute([make(depth)]);
    await expect(kept.execute([make(pathDepthMax + 1)])).rejects.toMatchObject({ kind: "invalid-name" });
    ok(world.asUser(...kept.operations()));
    expect(fault(world.asUser(inside)).kind).toBe("usage");
    expect(fault(world.asUser(make(pathDepthMax + 1))).kind).toBe("invalid-name");
  });

  it("TXN-11 has room for one command, and one that grows beyond it can no more be committed", async () => {
    using world = World.founded();
    const overlay = new OverlayCatalogue(readerOf(world), () => undefined);
    const open = () => new TransactionCommands({ user, overlay, nowMs: () => startMs, requireOpen: () => undefined });
    const make = (place: number, bytes: number): TreeOperation => ({
      op: "makeDirectory",
      parent: root,
      token: token(`d${place}`),
      node: place.toString(16).padStart(32, "0") as NodeId,
      parentGeneration: 1,
      attributes: new Uint8Array(bytes),
      pastWrap: new Uint8Array(0),
    });
    const many = open();
    for (let place = 0; place < 256; place += 1) await many.execute([make(place, 8)]);
    expect(many.operations()).toHaveLength(256);
    await expect(many.execute([make(256, 8)])).rejects.toMatchObject({ kind: "usage" });
    await expect(many.execute([make(257, 8)])).rejects.toMatchObject({ kind: "usage" });
    expect(() => many.operations()).toThrow(DfsError);

    const large = open();
    let place = 1000;
    for (; place < 1127; place += 1) await large.execute([make(place, 4000)]);
    ok(world.asUser(...large.operations())); // all that fitted fits into a command
    await expect(large.execute([make(place, 4096), make(place + 1, 4096)])).rejects.toMatchObject({ kind: "usage" });
  });
});
