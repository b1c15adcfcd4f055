import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { leaderOnly, operationAuthors } from "../../src/catalogue/operation.ts";
import type { Operation, OperationOf } from "../../src/catalogue/operation.ts";
import type { LeaseId, PeerId, PeerName, ShelfId, StoreId } from "../../src/core/ids.ts";
import type { ChainLink } from "../../src/core/shelf.ts";
import { inviteHash } from "../../src/identity/invite.ts";
import { peerIdOf } from "../../src/identity/peer-identity.ts";
import { type Session, World, describePeer, fault, fileKey, founder, founderShelf, id, ok } from "./world.ts";
import { peerKey, peerSession, putFile, startMs } from "./world.ts";

vi.mock("../../src/core/limits.ts", async (original) => ({ ...(await original<object>()), shelvesMax: 4 }));

const keys = { second: await peerKey(2), third: await peerKey(3), fourth: await peerKey(4) };
type Name = keyof typeof keys;
const peer = (name: Name): PeerId => peerIdOf(keys[name]);
const shelfOf = (name: Name): ShelfId => id<ShelfId>(`shelf of ${name}`);

let world: World;
let sessions: Record<Name, Session>;
let invites = 0;
beforeEach(() => {
  world = World.founded();
  sessions = { second: peerSession(keys.second), third: peerSession(keys.third), fourth: peerSession(keys.fourth) };
});
afterEach(() => world[Symbol.dispose]());

const as = (name: Name, ...operations: Operation[]): ReturnType<World["apply"]> =>
  world.apply(sessions[name].next(...operations));

function admission(
  name: Name,
  changes: Partial<OperationOf<"admitPeer">> = {},
): [OperationOf<"addInvite">, OperationOf<"admitPeer">] {
  const hash = inviteHash(Uint8Array.of((invites += 1)));
  const invite = { op: "addInvite", hash, expiresMs: startMs + 1000, uses: 1, role: "storage" } as const;
  const description = describePeer(keys[name], name, shelfOf(name));
  return [invite, { op: "admitPeer", inviteSecretHash: hash, peer: description, replaces: null, ...changes }];
}

/** Makes members with a shelf each. */
function admit(...names: Name[]): void {
  for (const name of names) ok(world.asFounder(...admission(name)));
}

/** A link that keeps files from a number of copies on, and claims as much unless told otherwise. */
const link = (peer: PeerId, keepsFrom: number, hasFrom = keepsFrom, isFilled = true): ChainLink => ({
  peer,
  keepsFrom,
  hasFrom,
  isFilled,
});
const links = (shelf = founderShelf): readonly ChainLink[] | undefined => world.catalogue.shelf(shelf)?.links;
const epoch = (shelf = founderShelf): number => world.catalogue.shelf(shelf)?.epoch ?? 0;
const order = (links: readonly ChainLink[], shelf = founderShelf): OperationOf<"orderChain"> => ({
  op: "orderChain",
  shelf,
  epoch: epoch(shelf),
  links: [...links],
});
const report = (name: Name, hasFrom: number): OperationOf<"reportLink"> => ({
  op: "reportLink",
  shelf: founderShelf,
  epoch: epoch(),
  peer: peer(name),
  hasFrom,
});
const update = (store: StoreId | null): OperationOf<"updatePeer"> => ({
  op: "updatePeer",
  name: null,
  addresses: [],
  zone: "attic",
  capacityBytes: 5,
  shelf: null,
  store,
  mayCoordinate: false,
});

describe("chains", () => {
  it("CAT-100 a new shelf has its home as its one link, in epoch 1, and each change is the next epoch and one of the members", () => {
    admit("second");
    expect(world.catalogue.shelf(shelfOf("second"))).toMatchObject({
      home: peer("second"),
      epoch: 1,
      links: [link(peer("second"), 1)],
    });
    for (const next of [2, 3, 4]) {
      const wanted = [link(founder, 1), link(peer("second"), 2, next === 2 ? 0 : 2, next === 3)];
      expect(ok(world.asFounder(order(wanted)))).toEqual([{ op: "orderChain", epoch: next }]);
      expect([epoch(), links()]).toEqual([next, wanted]);
      expect(world.catalogue.membersVersion()).toBe(world.catalogue.appliedIndex());
    }
    expect(ok(world.asFounder(report("second", 0)))).toEqual([{ op: "reportLink", epoch: 5 }]);
    expect(world.catalogue.membersVersion()).toBe(world.catalogue.appliedIndex());
    expect(epoch(shelfOf("second"))).toBe(1);
  });

  it("CAT-101 a file is put by the present epoch of its shelf, and by no other", () => {
    ok(world.asUser(putFile("a")));
    ok(world.asFounder(order([link(founder, 1)])));
    const stale = fault(world.asUser(putFile("b"), putFile("c")));
    expect(stale).toMatchObject({ kind: "moved", operation: 0 });
    expect(stale.message).toContain("epoch 2");
    expect(fault(world.asUser(putFile("b", { epoch: 3 }))).kind).toBe("moved");
    ok(world.asUser(putFile("b", { epoch: 2 }), putFile("a", { baseRevision: 1, epoch: 2 })));
    expect(world.catalogue.counts().files).toBe(2);
  });

  it("CAT-101 an epoch that a refused command made never was", () => {
    const refused = world.asFounder(order([link(founder, 1)]), { ...order([link(founder, 1)]), epoch: 7 });
    expect(fault(refused)).toMatchObject({ kind: "moved", operation: 1 });
    ok(world.asUser(putFile("a", { epoch: 1 })));
  });

  it("CAT-102 an order names members that store files, each once, and the epoch that it knows", () => {
    admit("second");
    ok(world.asFounder(...admission("third", { peer: describePeer(keys.third, "third") })));
    const refused = (links: readonly ChainLink[], changes: Partial<OperationOf<"orderChain">> = {}): string =>
      fault(world.asFounder({ ...order(links), ...changes })).kind;
    expect(refused([link(founder, 1)], { epoch: 2 })).toBe("moved");
    expect(refused([link(founder, 1)], { shelf: id("no shelf") })).toBe("not-found");
    expect(refused([link(founder, 1), link(peer("fourth"), 2, 0)])).toBe("not-found");
    expect(refused([link(founder, 1), link(peer("third"), 2, 0)])).toBe("usage");
    expect(refused([link(founder, 1), link(founder, 2, 0)])).toBe("usage");
    expect(refused([link(founder, 2), link(peer("second"), 1)])).toBe("usage");
    expect(epoch()).toBe(1);
    ok(world.asFounder(order([link(peer("second"), 1), link(founder, 2, 1)])));
    expect(links()).toEqual([link(peer("second"), 1), link(founder, 2)]);
  });

  it("CAT-103 the owner alone reports what its links have, by the present epoch", () => {
    admit("second", "third");
    ok(world.asFounder(order([link(founder, 1), link(peer("second"), 2, 0, false), link(peer("third"), 3, 0)])));
    expect(ok(world.asFounder(report("second", 2)))).toEqual([{ op: "reportLink", epoch: 3 }]);
    expect(links()).toEqual([link(founder, 1), link(peer("second"), 2, 2, false), link(peer("third"), 3, 0)]);
    ok(world.asFounder(report("third", 1)));
    expect(links()?.[2]).toEqual(link(peer("third"), 3, 3));
    ok(world.asFounder(report("second", 0)));
    expect(links()?.[1]).toEqual(link(peer("second"), 2, 0, true));
    expect(fault(as("second", report("second", 2))).kind).toBe("permission");
    expect(fault(world.asFounder(report("fourth", 2))).kind).toBe("not-found");
    expect(fault(world.asFounder({ ...report("second", 2), epoch: 4 })).kind).toBe("moved");
    expect(fault(world.asFounder({ ...report("second", 2), shelf: id("no shelf") })).kind).toBe("not-found");
    expect(epoch()).toBe(5);
  });

  it("CAT-103 whoever owns the shelf now ends its leases and forgets what it dropped, and nobody else", () => {
    admit("second");
    ok(world.asFounder(order([link(peer("second"), 1), link(founder, 2, 0)])));
    const endLease = { op: "endLease", shelf: founderShelf, epoch: 2, lease: id<LeaseId>("x"), fileKeys: [] } as const;
    const forgetDrops = { op: "forgetDrops", shelf: founderShelf, epoch: 2, fileKeys: [fileKey("a")] } as const;
    for (const operation of [endLease, forgetDrops]) {
      expect(fault(world.asFounder(operation)).kind).toBe("permission");
      expect(fault(as("second", { ...operation, epoch: 1 })).kind).toBe("moved");
      expect(fault(as("second", { ...operation, shelf: id("no shelf") })).kind).toBe("not-found");
      ok(as("second", operation));
    }
    expect(fault(world.asUser(putFile("a", { epoch: 2, lease: id("x") }))).kind).toBe("conflict");
  });
});

describe("lost disks", () => {
  it("CAT-104 a peer that comes with another store has lost all its claims, in one command", () => {
    admit("second", "third");
    ok(world.asFounder(order([link(founder, 1), link(peer("second"), 2), link(peer("third"), 3)])));
    ok(world.asFounder(order([link(peer("second"), 1), link(founder, 2)], shelfOf("second"))));
    const before = world.catalogue.peer(founder)?.store as StoreId;
    ok(world.asFounder(update(before), update(null)));
    expect([epoch(), world.catalogue.peer(founder)?.store]).toEqual([2, before]);
    ok(world.asFounder(update(id<StoreId>("new disk"))));
    expect([epoch(), links()]).toEqual([3, [link(peer("second"), 1), link(founder, 2, 0), link(peer("third"), 3)]]);
    expect(links(shelfOf("second"))).toEqual([link(peer("second"), 1), link(founder, 2, 0)]);
    expect([epoch(shelfOf("second")), epoch(shelfOf("third"))]).toEqual([3, 1]);
    expect(world.catalogue.shelf(founderShelf)?.home).toBe(founder);
    expect(fault(world.asUser(putFile("b", { epoch: 2 }))).kind).toBe("moved");
  });

  it("CAT-104 who leads then does not depend on what is applied together", () => {
    admit("second", "third");
    ok(world.asFounder(order([link(founder, 1), link(peer("second"), 2, 0), link(peer("third"), 3)])));
    const commands = [
      world.user.next(putFile("a", { epoch: 2, copiesWanted: 3 })),
      world.founder.next(update(id<StoreId>("new disk"))),
    ];
    const index = world.catalogue.appliedIndex();
    world.catalogue.applyBatch(
      commands.map((command, place) => ({ index: index + place + 1, timeMs: startMs, command })),
    );
    expect(links()?.[0]).toEqual(link(peer("third"), 1));
    expect(world.catalogue.shelf(founderShelf)).toMatchObject({ revisions: 1, copiesMax: 3 });
  });

  it("CAT-104 the first store that a peer names is no loss", () => {
    ok(world.asFounder(...admission("second", { peer: { ...describePeer(keys.second, "second"), store: null } })));
    ok(as("second", { ...update(null), shelf: shelfOf("second") }));
    expect(world.catalogue.peer(peer("second"))?.store).toBeNull();
    ok(as("second", update(id<StoreId>("first disk"))));
    expect(epoch(shelfOf("second"))).toBe(1);
    ok(as("second", update(id<StoreId>("second disk"))));
    expect([epoch(shelfOf("second")), links(shelfOf("second"))]).toEqual([2, [link(peer("second"), 1)]]);
  });

  it("CAT-105 a newcomer takes name, shelf and places of the peer that it replaces, which is a member no more", () => {
    admit("second", "third");
    ok(world.asFounder({ op: "orderPeer", peer: peer("second"), order: "abandon" }));
    ok(world.asFounder(order([link(founder, 1), link(peer("second"), 2)])));
    ok(world.asFounder(order([link(peer("second"), 1), link(peer("third"), 2)], shelfOf("second"))));
    const [invite, admitPeer] = admission("fourth", { replaces: peer("second") });
    expect(ok(world.asFounder(invite, admitPeer))[1]).toEqual({
      op: "admitPeer",
      name: "second",
      role: "storage",
      alreadyMember: false,
    });
    expect(links()).toEqual([link(founder, 1), link(peer("fourth"), 2, 0)]);
    expect(links(shelfOf("second"))).toEqual([link(peer("third"), 1), link(peer("fourth"), 2, 0)]);
    expect([epoch(), epoch(shelfOf("second"))]).toEqual([3, 3]);
    expect(world.catalogue.shelf(shelfOf("second"))?.home).toBe(peer("fourth"));
    expect(world.catalogue.shelf(shelfOf("fourth"))).toBeUndefined();
    expect(world.catalogue.isMember(peer("second"))).toBe(false);
    expect(fault(as("second", update(null))).kind).toBe("permission");
    expect(world.catalogue.peer(peer("fourth"))).toMatchObject({
      name: "second",
      shelf: shelfOf("second"),
      store: id<StoreId>(`store of ${shelfOf("fourth")}`),
      storageOrder: null,
    });
    const again = ok(world.asFounder(admitPeer));
    expect(again).toEqual([{ op: "admitPeer", name: "second", role: "storage", alreadyMember: true }]);
  });

  it("CAT-105 only another member that is there can be replaced, and a peer with files only by one that stores files", () => {
    admit("second");
    const refused = (changes: Partial<OperationOf<"admitPeer">>): string =>
      fault(world.asFounder(...admission("fourth", changes))).kind;
    expect(refused({ replaces: peer("third") })).toBe("not-found");
    expect(refused({ replaces: founder })).toBe("usage");
    expect(refused({ replaces: peer("second"), peer: describePeer(keys.fourth, "fourth") })).toBe("usage");
    expect(world.catalogue.peers()).toHaveLength(2);
    const [, admitPeer] = admission("fourth", { replaces: peer("second") });
    expect(fault(world.asFounder(admitPeer)).kind).toBe("bad-invite");
    ok(world.asFounder(...admission("third", { peer: describePeer(keys.third, "third") })));
    ok(world.asFounder(...admission("fourth", { replaces: peer("third") })));
    expect(world.catalogue.peer(peer("fourth"))).toMatchObject({ name: "third", shelf: shelfOf("fourth") });
  });
});

describe("members that go", () => {
  it("CAT-106 a peer is removed once no chain names it; its name is free, and its shelf lives on without a home", () => {
    admit("second");
    const removePeer = { op: "removePeer", peer: peer("second") } as const;
    expect(fault(world.asFounder(removePeer)).kind).toBe("busy");
    ok(world.asFounder(order([link(founder, 1)], shelfOf("second"))));
    ok(world.asUser(putFile("a", { shelf: shelfOf("second"), epoch: 2 })));
    ok(world.asFounder(removePeer));
    expect(world.catalogue.membersVersion()).toBe(world.catalogue.appliedIndex());
    expect(world.catalogue.isMember(peer("second"))).toBe(false);
    expect(world.catalogue.shelf(shelfOf("second"))).toMatchObject({ home: null, epoch: 2, revisions: 1 });
    expect(world.catalogue.shelves()).toHaveLength(2);
    ok(world.asUser(putFile("b", { shelf: shelfOf("second"), epoch: 2 })));
    expect(fault(world.asFounder(removePeer)).kind).toBe("not-found");
    const [invite, admitPeer] = admission("third", { peer: describePeer(keys.third, "second") });
    expect(ok(world.asFounder(invite, admitPeer))[1]).toMatchObject({ name: "second" });
  });

  it("CAT-106 a peer cannot remove itself", () => {
    ok(world.asFounder(...admission("third", { peer: describePeer(keys.third, "third") })));
    expect(fault(as("third", { op: "removePeer", peer: peer("third") })).kind).toBe("usage");
    ok(world.asFounder({ op: "removePeer", peer: peer("third") }));
  });

  it("GATE-3 a peer that is revoked is in no chain any more: who claims most leads, and its name and home are free", () => {
    admit("second", "third");
    ok(world.asFounder(order([link(peer("second"), 1), link(founder, 2), link(peer("third"), 2, 0)])));
    ok(world.asFounder(order([link(founder, 1), link(peer("second"), 2)], shelfOf("second"))));
    ok(world.asUser(putFile("a", { epoch: 2 })));
    ok(
      as("second", {
        op: "addInvite",
        hash: inviteHash(Uint8Array.of(99)),
        expiresMs: startMs + 1000,
        uses: 1,
        role: "storage",
      }),
    );
    ok(world.asFounder({ op: "revokePeer", peer: peer("second"), mayLose: false }));
    expect(links()).toEqual([link(founder, 1), link(peer("third"), 2, 0)]);
    expect(links(shelfOf("second"))).toEqual([link(founder, 1)]);
    expect([epoch(), epoch(shelfOf("second"))]).toEqual([3, 3]);
    expect(world.catalogue.shelf(shelfOf("second"))?.home).toBeNull();
    expect(world.catalogue.isMember(peer("second"))).toBe(false);
    expect(world.catalogue.membersVersion()).toBe(world.catalogue.appliedIndex());
    expect(fault(as("second", update(null))).kind).toBe("permission");
    const admitPeer = { ...admission("fourth")[1], inviteSecretHash: inviteHash(Uint8Array.of(99)) };
    expect(fault(world.asFounder(admitPeer)).kind).toBe("bad-invite");
  });

  it("GATE-3 what only the revoked peer claims to have is not lost unless that was said", () => {
    admit("second", "third");
    const revoke = (mayLose: boolean): ReturnType<World["apply"]> =>
      world.asFounder({ op: "revokePeer", peer: peer("second"), mayLose });
    ok(world.asFounder(order([link(peer("second"), 1), link(peer("third"), 2, 0)])));
    ok(world.asUser(putFile("a", { epoch: 2 })));
    expect(fault(revoke(false))).toMatchObject({ kind: "usage", message: expect.stringContaining("1 revisions") });
    ok(world.asFounder(order([link(peer("second"), 1), link(peer("third"), 2)])));
    ok(world.asUser(putFile("b", { epoch: 3, copiesWanted: 1 })));
    expect(fault(revoke(false)).message).toContain("1 revisions");
    expect(epoch()).toBe(3);
    ok(revoke(true));
    expect(links()).toEqual([link(peer("third"), 1)]);
    expect(fault(revoke(true)).kind).toBe("not-found");
  });

  it("GATE-3 a shelf that the revoked peer kept alone waits for another peer, and nobody revokes itself", () => {
    admit("second", "third");
    ok(world.asFounder({ op: "revokePeer", peer: peer("second"), mayLose: false }));
    expect(links(shelfOf("second"))).toEqual([link(peer("second"), 1)]);
    expect(epoch(shelfOf("second"))).toBe(2);
    expect(fault(as("third", { op: "revokePeer", peer: peer("third"), mayLose: true })).kind).toBe("usage");
  });

  it("CAT-107 an order about a peer's storage stays with it until another comes, and only members can be ordered", () => {
    for (const order of ["drain", "remove", "abandon", null] as const) {
      expect(ok(world.asFounder({ op: "orderPeer", peer: founder, order }))).toEqual([{ op: "orderPeer" }]);
      ok(world.asFounder({ ...update(null), name: "box" as PeerName }));
      expect(world.catalogue.peer(founder)).toMatchObject({ storageOrder: order, coordinatorOrder: null });
    }
    expect(world.catalogue.membersVersion()).toBe(world.catalogue.appliedIndex());
    expect(fault(world.asFounder({ op: "orderPeer", peer: peer("second"), order: "drain" })).kind).toBe("not-found");
  });

  it("CAT-17 shelves are counted, those without a home too, and have a limit", async () => {
    admit("second", "third", "fourth");
    const fifth = describePeer(await peerKey(5), "fifth", id<ShelfId>("shelf of fifth"));
    const tooMany = admission("second", { peer: fifth });
    expect(fault(world.asFounder(...tooMany))).toMatchObject({ kind: "quota", operation: 1 });
    ok(world.asFounder(...admission("second", { peer: { ...fifth, shelf: null } })));
  });
});

it("CAT-12 orders to chains, removals of members and collecting are the leader's, and all of them peers'", () => {
  expect([...leaderOnly]).toEqual(["orderChain", "removePeer", "collect"]);
  for (const operation of leaderOnly) expect(operationAuthors[operation]).toBe("peer");
});
