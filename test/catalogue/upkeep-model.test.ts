import * as fc from "fast-check";
import { expect, it, vi } from "vitest";
import type { LogEntry } from "../../src/catalogue/apply.ts";
import type { Operation, OperationOf } from "../../src/catalogue/operation.ts";
import type { CommandResult } from "../../src/catalogue/result.ts";
import { type FileKey, type NodeId, type PeerId, type ShelfId, type StoreId, digestOf } from "../../src/core/ids.ts";
import type { ChainLink } from "../../src/core/shelf.ts";
import { inviteHash } from "../../src/identity/invite.ts";
import { peerIdOf } from "../../src/identity/peer-identity.ts";
import { type Action, KeptModel, type ModelRevision, anySteps } from "./upkeep-model.ts";
import {
  type Session,
  World,
  copyFile,
  describePeer,
  fault,
  fileKey,
  founderKey,
  founderShelf,
  founding,
} from "./world.ts";
import { id, move, ok, peerKey, peerSession, putFile, removeEntry, root, shared, startMs, token } from "./world.ts";

vi.mock("../../src/core/limits.ts", async (original) => ({ ...(await original<object>()), collectBatchMax: 5 }));

const peerKeys = [founderKey, await peerKey(2), await peerKey(3)] as const;
const peers = peerKeys.map(peerIdOf);
const shelves = [founderShelf, id<ShelfId>("second shelf"), id<ShelfId>("third shelf")];
const names = ["a", "b", "c"];
const contents = Array.from({ length: 5 }, (_, place) => fileKey(`content ${place}`));
const pick = <Item>(items: readonly Item[], place: number): Item => items[place % items.length] as Item;
const inOrder = (keys: readonly FileKey[]): readonly FileKey[] =>
  keys.toSorted((one, other) => Buffer.compare(digestOf(one), digestOf(other)));

/** A world with three peers, the model of it, and its log. */
class ModelledWorld {
  readonly world = new World();
  readonly model = new KeptModel();
  readonly log: LogEntry[] = [];
  readonly #sessions: ReadonlyMap<PeerId, Session>;
  #made = 0;

  constructor() {
    const sessions = peerKeys.map((key) => peerSession(key));
    this.#sessions = new Map(sessions.map((session, place) => [pick(peers, place), session]));
    this.#apply(this.session(pick(peers, 0)).next(founding));
    for (const place of [1, 2]) {
      const hash = inviteHash(Uint8Array.of(place));
      const peer = describePeer(pick(peerKeys, place), `peer${place}`, pick(shelves, place));
      this.asPeer(0, { op: "addInvite", hash, expiresMs: startMs + 9, uses: 1, role: "storage" });
      this.asPeer(0, { op: "admitPeer", inviteSecretHash: hash, peer, replaces: null });
    }
  }

  session(peer: PeerId): Session {
    return this.#sessions.get(peer) as Session;
  }

  asPeer(place: number, ...operations: Operation[]): CommandResult {
    return this.#apply(this.session(pick(peers, place)).next(...operations));
  }

  asOwner(shelf: ShelfId, ...operations: Operation[]): CommandResult {
    const owner = this.chain(shelf)[0]?.peer as PeerId;
    return this.#apply(this.session(owner).next(...operations));
  }

  asUser(...operations: Operation[]): CommandResult {
    return this.#apply(this.world.user.next(...operations));
  }

  chain(shelf: ShelfId): readonly ChainLink[] {
    return this.world.catalogue.shelf(shelf)?.links ?? [];
  }

  epoch(shelf: ShelfId): number {
    return this.world.catalogue.shelf(shelf)?.epoch ?? 0;
  }

  newId<Id extends string>(): Id {
    return id<Id>(`made ${(this.#made += 1)}`);
  }

  [Symbol.dispose](): void {
    this.world[Symbol.dispose]();
  }

  #apply(command: Uint8Array): CommandResult {
    this.log.push({ index: this.log.length + 1, timeMs: this.world.timeMs, command });
    return this.world.apply(command);
  }
}

type Doing = { readonly [Type in Action["type"]]: (of: ModelledWorld, action: Action & { type: Type }) => void };

/** Does each action to both, and checks that what the catalogue says of it is right. */
const doing: Doing = {
  put: (of, { name, content, shelf, copiesWanted }) =>
    put(of, pick(names, name), { fileKey: pick(contents, content), shelf: pick(shelves, shelf), copiesWanted }),
  putForAWhile: (of, { name, lifeMs }) => put(of, pick(names, name), { expiresMs: of.world.timeMs + lifeMs }),
  putByAnotherEpoch: (of, { name, shelf, offset }) => {
    const changes = { shelf: pick(shelves, shelf), epoch: of.epoch(pick(shelves, shelf)) + offset };
    if (changes.epoch > 0) expect(fault(of.asUser(putFile(pick(names, name), changes))).kind).toBe("moved");
  },
  copy: (of, { from, to }) => copy(of, pick(names, from), pick(names, to)),
  remove: (of, { name }) => {
    const file = of.model.files.get(pick(names, name));
    if (file === undefined) return;
    ok(of.asUser(removeEntry(pick(names, name), "file", { node: file.node })));
    of.model.end(pick(names, name), of.world.timeMs);
  },
  replace: (of, { from, to }) => replace(of, pick(names, from), pick(names, to)),
  expire: (of) => {
    const { model, world } = of;
    const due = [...model.files].filter(([, { expiresMs }]) => expiresMs !== null && expiresMs <= world.timeMs);
    expect(ok(of.asPeer(1, { op: "expire" }))).toEqual([{ op: "expire", expired: due.length, isMoreDue: false }]);
    for (const [name] of due) model.end(name, world.timeMs);
  },
  collect: (of) => void collect(of),
  setPolicy: (of, { copies, retainRevisions, retainMs }) => {
    ok(of.asPeer(2, { op: "setPolicy", copies, minCopies: null, retainRevisions, retainMs }));
    of.model.setPolicy({ copies, retainRevisions, retainMs }, of.world.timeMs);
  },
  forgetDrops: (of, { shelf: place, limit }) => {
    const shelf = pick(shelves, place);
    const fileKeys = [...of.world.catalogue.drops(shelf, limit), pick(contents, limit)];
    ok(of.asOwner(shelf, { op: "forgetDrops", shelf, epoch: of.epoch(shelf), fileKeys }));
    for (const key of fileKeys) of.model.drops.delete(`${shelf}/${key}`);
  },
  orderChain: (of, { shelf: place, links }) => {
    const shelf = pick(shelves, place);
    const wanted = links.map((link, place) => ({
      ...link,
      peer: pick(peers, link.peer),
      keepsFrom: place === 0 ? 1 : link.keepsFrom,
    }));
    ok(of.asPeer(0, { op: "orderChain", shelf, epoch: of.epoch(shelf), links: wanted }));
    expect(of.chain(shelf)).toMatchObject(
      wanted.map(({ peer, keepsFrom, isFilled }) => ({ peer, keepsFrom, isFilled })),
    );
  },
  reportLink: (of, { shelf: place, link, hasFrom }) => {
    const shelf = pick(shelves, place);
    const { peer } = pick(of.chain(shelf), link);
    ok(of.asOwner(shelf, { op: "reportLink", shelf, epoch: of.epoch(shelf), peer, hasFrom }));
    const after = of.chain(shelf).find((link) => link.peer === peer);
    if (hasFrom === 0) expect(after).toMatchObject({ hasFrom: 0, isFilled: true });
    else expect(after?.hasFrom).toBeGreaterThanOrEqual(hasFrom);
  },
  loseDisk: (of, { peer: place }) => loseDisk(of, place),
};

function put(of: ModelledWorld, name: string, changes: Partial<OperationOf<"putFile">>): void {
  const shelf = changes.shelf ?? founderShelf;
  const node = of.model.files.get(name)?.node ?? of.newId<NodeId>();
  const baseRevision = of.model.files.get(name)?.revision ?? 0;
  const bytes = { sizeBytes: 3 + baseRevision, sealedBytes: 20 + baseRevision, addedBytes: 1 + 7 * baseRevision };
  const operation = putFile(name, { node, baseRevision, ...bytes, epoch: of.epoch(shelf), ...changes });
  ok(of.asUser(operation));
  of.model.commit(name, node, operation, operation.expiresMs, of.world.timeMs);
}

function copy(of: ModelledWorld, from: string, to: string): void {
  const source = of.model.files.get(from);
  const content = of.model.revisions.find(
    ({ node, revision }) => node === source?.node && revision === source.revision,
  );
  if (source === undefined || content === undefined || from === to) return;
  const node = of.model.files.get(to)?.node ?? of.newId<NodeId>();
  const baseRevision = of.model.files.get(to)?.revision ?? 0;
  ok(of.asUser(copyFile(from, to, { node, baseRevision, sourceNode: source.node, sourceRevision: source.revision })));
  of.model.commit(to, node, { ...content, addedBytes: 0 }, null, of.world.timeMs);
}

function replace(of: ModelledWorld, from: string, to: string): void {
  const { model, world } = of;
  const source = model.files.get(from);
  if (source === undefined || from === to) return;
  ok(of.asUser(move(from, to, { node: source.node, replace: model.files.get(to)?.node ?? null })));
  model.rename(from, to, world.timeMs);
}

/** Everything that goes may go, as much as is told; returns whether more is due. */
function collect(of: ModelledWorld): boolean {
  const { model, world } = of;
  const [result] = ok(of.asPeer(0, { op: "collect" }));
  if (result?.op !== "collect") throw new Error("no result");
  const isKept = ({ node, revision }: ModelRevision): boolean => world.catalogue.revision(node, revision) !== undefined;
  const removed = model.revisions.filter((revision) => !isKept(revision));
  expect(removed).toHaveLength(result.removed);
  for (const revision of removed) expect([revision, model.mayGo(revision, world.timeMs)]).toEqual([revision, true]);
  model.forget(removed);
  return result.isMoreDue;
}

function loseDisk(of: ModelledWorld, place: number): void {
  const peer = pick(peers, place);
  const before = shelves.map((shelf) => ({ shelf, epoch: of.epoch(shelf), links: of.chain(shelf) }));
  const description = describePeer(pick(peerKeys, place), "x");
  const { addresses, zone, capacityBytes, mayCoordinate } = description;
  const reach = { addresses, zone, capacityBytes, mayCoordinate, shelf: null, store: of.newId<StoreId>() };
  ok(of.asPeer(place, { op: "updatePeer", name: null, ...reach }));
  for (const { shelf, epoch, links } of before) {
    const isLink = links.some((link) => link.peer === peer);
    expect(of.epoch(shelf)).toBe(isLink ? epoch + 1 : epoch);
    if (!isLink || links[0]?.peer !== peer) continue;
    const claims = links.slice(1).map(({ hasFrom }) => hasFrom);
    const real = claims.filter(
      (claim) => claim > 0 && claim <= Math.max(of.model.copies, of.model.copiesMax.get(shelf) ?? 0),
    );
    const heir = links.find((link) => link.peer === of.chain(shelf)[0]?.peer);
    if (real.length > 0) expect(heir?.hasFrom).toBe(Math.min(...real));
    expect(of.chain(shelf)[0]?.hasFrom).toBe(1);
  }
}

/** Whatever is counted is what is there, and a key is either named or to be dropped, or nobody's business. */
function checkAll({ model, world }: ModelledWorld): void {
  const { catalogue } = world;
  for (const shelf of shelves) {
    const own = model.of(shelf);
    expect(catalogue.shelf(shelf)).toMatchObject({
      revisions: own.length,
      sealedBytes: own.reduce((sum, { sealedBytes }) => sum + sealedBytes, 0),
      copiesMax: model.copiesMax.get(shelf) ?? 0,
    });
    const keys = inOrder([...new Set(own.map(({ fileKey }) => fileKey))]);
    const copies = (key: FileKey): number =>
      Math.max(...own.filter(({ fileKey }) => fileKey === key).map(({ copiesWanted }) => copiesWanted || model.copies));
    expect(catalogue.referencedKeys(shelf, undefined, 100)).toEqual(
      keys.map((fileKey) => ({ fileKey, copies: copies(fileKey) })),
    );
    expect(catalogue.references(shelf, contents)).toEqual(contents.map((key) => keys.includes(key)));
    const drops = [...model.drops]
      .filter((drop) => drop.startsWith(shelf))
      .map((drop) => drop.split("/")[1] as FileKey);
    expect(catalogue.drops(shelf, 100)).toEqual(inOrder(drops));
    expect(drops.filter((key) => keys.includes(key))).toEqual([]);
    const links = catalogue.shelf(shelf)?.links ?? [];
    expect(new Set(links.map(({ peer }) => peer)).size).toBe(links.length);
    for (const { keepsFrom, hasFrom } of links) expect(hasFrom === 0 || hasFrom >= keepsFrom).toBe(true);
  }
  for (const [name, { node, revision }] of model.files) {
    const earlier = model.revisions.filter((each) => each.node === node && each.revision < revision);
    const historyBytes = earlier.reduce((sum, { addedBytes }) => sum + addedBytes, 0);
    expect(catalogue.entry(shared.userId, root, token(name))).toMatchObject({ node, revision, historyBytes });
    // What is removed is the oldest first.
    expect(earlier.map((each) => each.revision)).toEqual(earlier.map((_, place) => revision - earlier.length + place));
  }
  expect(catalogue.counts()).toMatchObject({
    files: model.files.size,
    storedBytes: model.revisions.reduce((sum, { addedBytes }) => sum + addedBytes, 0),
  });
}

/** In the end everything that is not kept by right is gone, names and nodes too. */
function checkEnd(of: ModelledWorld): void {
  const { model, world } = of;
  const nodes = new Set(model.revisions.map(({ node }) => node));
  for (let rounds = 0; rounds < 2; rounds += 1) {
    world.timeMs += model.retainMs;
    while (collect(of)) checkAll(of);
  }
  checkAll(of);
  expect(model.revisions.filter(({ outMs }) => outMs !== null)).toEqual([]);
  expect(world.catalogue.nextCollectMs()).toBeUndefined();
  const live = new Set([...model.files.values()].map(({ node }) => node));
  for (const node of nodes) expect(world.catalogue.node(node) !== undefined).toBe(live.has(node));
}

it("CAT-117 whatever happens, what a live file keeps stays, what may go goes in the end, every count is right, and a replica has the same", () => {
  fc.assert(
    fc.property(anySteps, (steps) => {
      using of = new ModelledWorld();
      const past: { readonly at: number; readonly files: ReadonlyMap<string, { revision: number }> }[] = [];
      for (const { afterMs, action } of steps) {
        of.world.timeMs += afterMs;
        (doing[action.type] as (of: ModelledWorld, action: Action) => void)(of, action);
        checkAll(of);
        past.push({ at: of.world.catalogue.appliedIndex(), files: new Map(of.model.files) });
      }
      checkEnd(of);
      for (const { at, files } of past)
        for (const { token, revision } of of.world.catalogue.list(shared.userId, root, { at: { index: at } }).rows)
          expect(files.get(Buffer.from(token).toString())?.revision).toBe(revision);
      using replica = new World();
      replica.catalogue.applyBatch(of.log);
      expect(replica.catalogue.digest()).toEqual(of.world.catalogue.digest());
    }),
    { numRuns: 50 },
  );
});
