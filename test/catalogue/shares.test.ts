/** Shares and keys in the catalogue: who may do what, and by which key. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Operation, OperationOf } from "../../src/catalogue/operation.ts";
import type { NodeId, UserId } from "../../src/core/ids.ts";
import { keyGenerationsMax, sharesPerNodeMax } from "../../src/core/limits.ts";
import {
  Person,
  World,
  copyFile,
  fault,
  id,
  makeDirectory,
  move,
  ok,
  putFile,
  rekey,
  removeEntry,
  root,
  token,
} from "./world.ts";

let world: World;
let ann: Person;
let bob: Person;
let cleo: Person;
beforeEach(() => {
  world = World.founded();
  [ann, bob, cleo] = world.withUsers("ann", "bob", "cleo") as [Person, Person, Person];
});
afterEach(() => world[Symbol.dispose]());

const rootOf = ({ keys }: Person): NodeId => keys.rootDirectory;
const d = id<NodeId>("d");
const e = id<NodeId>("e");

function share(name: string, grantee: Person, changes: Partial<OperationOf<"share">> = {}): OperationOf<"share"> {
  const fields = { node: id<NodeId>(name), grantee: grantee.keys.userId, sealed: token(`for ${grantee.name}`) };
  return { op: "share", ...fields, mayWrite: false, generation: 1, ...changes };
}

const kindOf = (person: Person, ...operations: Operation[]): string => fault(world.as(person, ...operations)).kind;

/** /d/e and the files /d/f and /d/e/g of ann's. */
function plant(): void {
  ok(
    world.as(
      ann,
      makeDirectory("d", rootOf(ann)),
      makeDirectory("e", d),
      putFile("f", { parent: d }),
      putFile("g", { parent: e }),
      putFile("h", { parent: rootOf(ann) }),
    ),
  );
}

describe("rights by shares", () => {
  it("SHARE-12 a share for writing gives the right to what is below a node, and not to the node or beside it", () => {
    plant();
    const inside = (): Operation[] => [
      putFile("new", { parent: e }),
      putFile("g", { parent: e, baseRevision: 1 }),
      makeDirectory("made", d),
      copyFile("f", "copied", { parent: d }),
      move("f", "moved", { fromParent: d, toParent: e }),
      removeEntry("made", "directory", { parent: d }),
    ];
    for (const operation of inside()) expect(kindOf(bob, operation)).toBe("not-found");
    ok(world.as(ann, share("d", bob)));
    for (const operation of inside()) expect(kindOf(bob, operation)).toBe("not-found");
    ok(world.as(ann, share("d", bob, { mayWrite: true })));
    for (const operation of inside()) ok(world.as(bob, operation));
    expect(world.catalogue.node(id("new"))?.user).toBe(ann.keys.userId);
    expect(kindOf(bob, removeEntry("d", "directory", { parent: rootOf(ann) }))).toBe("not-found");
    expect(kindOf(bob, move("d", "x", { fromParent: rootOf(ann), toParent: rootOf(ann) }))).toBe("not-found");
    expect(kindOf(bob, move("new", "x", { fromParent: e, toParent: rootOf(bob) }))).toBe("usage");
    expect(kindOf(bob, putFile("h", { parent: rootOf(ann), baseRevision: 1 }))).toBe("not-found");
    expect(kindOf(bob, copyFile("h", "x", { parent: d }))).toBe("not-found");
    expect(kindOf(cleo, putFile("x", { parent: d }))).toBe("not-found");
  });

  it("SHARE-12 a file that is shared for writing gets revisions, and is neither removed nor moved", () => {
    plant();
    ok(world.as(ann, share("f", bob, { mayWrite: true })));
    ok(world.as(bob, putFile("f", { parent: d, baseRevision: 1 })));
    expect(kindOf(bob, removeEntry("f", "file", { parent: d }))).toBe("not-found");
    expect(kindOf(bob, move("f", "x", { fromParent: d, toParent: d }))).toBe("not-found");
    expect(kindOf(bob, putFile("x", { parent: d }))).toBe("not-found");
    ok(world.as(ann, share("f", bob)));
    expect(kindOf(bob, putFile("f", { parent: d, baseRevision: 2 }))).toBe("not-found");
  });

  it("SHARE-13 only its owner shares a live node that is no root, with another user who is there, by its newest key", () => {
    plant();
    expect(kindOf(bob, share("d", cleo))).toBe("permission");
    expect(kindOf(ann, share("d", ann))).toBe("usage");
    expect(kindOf(ann, share("d", bob, { node: rootOf(ann) }))).toBe("usage");
    expect(kindOf(ann, share("nothing", bob))).toBe("not-found");
    expect(kindOf(ann, share("d", bob, { grantee: "ab".repeat(16) as UserId }))).toBe("not-found");
    expect(kindOf(ann, share("d", bob, { generation: 2 }))).toBe("rekeyed");
    ok(world.asUser(makeDirectory("all", root)));
    expect(fault(world.asUser(share("all", bob))).kind).toBe("usage");
    ok(world.as(ann, share("f", bob)));
    ok(world.as(ann, removeEntry("f", "file", { parent: d })));
    expect(world.catalogue.shares({ to: bob.keys.userId }).rows).toEqual([]);
    expect(kindOf(ann, share("f", bob))).toBe("not-found");
  });

  it("SHARE-14 shares are told by owner, by grantee and by node, in pages", () => {
    plant();
    ok(world.as(ann, share("d", bob), share("f", bob, { mayWrite: true }), share("d", cleo)));
    const of = (query: Parameters<typeof world.catalogue.shares>[0]): unknown =>
      world.catalogue.shares(query).rows.map(({ node, grantee, mayWrite }) => [node, grantee, mayWrite]);
    const [toBob, toCleo] = [bob.keys.userId, cleo.keys.userId];
    const f = id<NodeId>("f");
    expect(of({ by: ann.keys.userId })).toEqual([
      [d, toBob, false],
      [d, toCleo, false],
      [f, toBob, true],
    ]);
    expect(of({ to: toBob })).toEqual([
      [d, toBob, false],
      [f, toBob, true],
    ]);
    expect(of({ of: d })).toEqual([
      [d, toBob, false],
      [d, toCleo, false],
    ]);
    const first = world.catalogue.shares({ by: ann.keys.userId }, null, 2);
    expect(first.rows).toHaveLength(2);
    const second = world.catalogue.shares({ by: ann.keys.userId }, first.next, 2);
    expect([second.rows.map(({ node }) => node), second.next]).toEqual([[f], null]);
    expect(world.catalogue.lineage(id("g")).map(({ node }) => node)).toEqual([id("g"), e, d, rootOf(ann)]);
  });
});

describe("new keys", () => {
  const again = (name: string, parent: NodeId, changes: Partial<OperationOf<"rekey">> = {}) =>
    rekey(name, { parent, ...changes });

  it("KEY-2 a node that gets a new key renews every share but the one that ends, or gets none", () => {
    plant();
    ok(world.as(ann, share("d", bob), share("d", cleo)));
    const sealed = token("anew");
    const [toBob, toCleo] = [bob.keys.userId, cleo.keys.userId];
    const parent = rootOf(ann);
    expect(kindOf(ann, again("d", parent))).toBe("rekeyed");
    expect(kindOf(ann, again("d", parent, { drop: toBob }))).toBe("rekeyed");
    expect(kindOf(ann, again("d", parent, { drop: ann.keys.userId }))).toBe("not-found");
    const both = [toBob, toCleo].map((grantee) => ({ grantee, sealed }));
    expect(kindOf(ann, again("d", parent, { drop: toBob, shares: both }))).toBe("rekeyed");
    const rest = { drop: toBob, shares: [{ grantee: toCleo, sealed }] };
    expect(kindOf(ann, again("d", parent, { ...rest, fromGeneration: 2 }))).toBe("rekeyed");
    expect(kindOf(ann, again("d", parent, { ...rest, parentGeneration: 2 }))).toBe("rekeyed");
    ok(world.as(ann, again("d", parent, rest)));
    expect(world.catalogue.shares({ of: d }).rows).toMatchObject([{ grantee: toCleo, sealed, generation: 2 }]);
    expect(world.catalogue.node(d)).toMatchObject({ generation: 2, wrap: token("next wrap of d") });
    expect(kindOf(ann, share("d", bob))).toBe("rekeyed");
  });

  it("KEY-3 nothing is sealed below a node with a new key before what is on the way has one too, each by who may write there", () => {
    plant();
    ok(world.as(ann, share("d", bob, { mayWrite: true }), share("d", cleo)));
    const rest = { drop: cleo.keys.userId, shares: [{ grantee: bob.keys.userId, sealed: token("anew") }] };
    ok(world.as(ann, again("d", rootOf(ann), rest)));
    const below = (): Operation[] => [
      putFile("new", { parent: e }),
      putFile("g", { parent: e, baseRevision: 1 }),
      makeDirectory("made", e),
      move("g", "moved", { fromParent: e, toParent: e }),
      copyFile("f", "copied", { parent: e }),
      share("e", cleo),
    ];
    for (const operation of below()) {
      expect(kindOf(ann, operation), operation.op).toBe("rekeyed");
      if (operation.op !== "share") expect(kindOf(bob, operation), operation.op).toBe("rekeyed");
    }
    expect(kindOf(bob, putFile("new", { parent: d }))).toBe("rekeyed");
    ok(world.as(bob, putFile("in d", { parent: d, generation: 2 })));
    expect(kindOf(cleo, again("e", d, { parentGeneration: 2 }))).toBe("not-found");
    expect(kindOf(bob, again("g", e))).toBe("rekeyed");
    ok(world.as(bob, again("e", d, { parentGeneration: 2 }), again("g", e, { parentGeneration: 2 })));
    ok(world.as(ann, putFile("g", { parent: e, baseRevision: 1, generation: 2 })));
    ok(world.as(ann, putFile("new", { parent: e, generation: 2 }), removeEntry("new", "file", { parent: e })));
  });

  it("KEY-4 what is shared by itself gets a new key from its owner alone, and nothing has more than its keyring holds", () => {
    plant();
    ok(world.as(ann, share("d", bob, { mayWrite: true }), share("e", cleo)));
    expect(kindOf(bob, again("e", d))).toBe("permission");
    expect(kindOf(bob, again("d", rootOf(ann)))).toBe("not-found");
    ok(world.as(ann, again("e", d, { shares: [{ grantee: cleo.keys.userId, sealed: token("anew") }] })));
    for (let generation = 1; generation < keyGenerationsMax; generation += 1)
      ok(world.as(ann, again("f", d, { fromGeneration: generation })));
    expect(kindOf(ann, again("f", d, { fromGeneration: keyGenerationsMax }))).toBe("usage");
  });

  it("SHARE-15 one thing is shared with so many users and no more, and a user who ends has no share", () => {
    plant();
    const many = Array.from({ length: sharesPerNodeMax }, (_, place) => new Person(`user${place}`));
    for (const person of many) ok(world.as(ann, person.added()));
    for (const person of many) ok(world.as(ann, share("d", person)));
    expect(kindOf(ann, share("d", bob))).toBe("quota");
    ok(world.as(ann, share("d", many[0] as Person, { mayWrite: true })));
    ok(world.as(ann, { op: "removeUser", user: (many[1] as Person).keys.userId }, share("d", bob)));
    expect(kindOf(ann, share("d", cleo))).toBe("quota");
  });
});
