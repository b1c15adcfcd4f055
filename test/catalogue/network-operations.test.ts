import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { LeaseId, PeerName, ShelfId } from "../../src/core/ids.ts";
import { endedLeaseMs } from "../../src/core/limits.ts";
import type { OperationOf } from "../../src/catalogue/operation.ts";
import { inviteHash } from "../../src/identity/invite.ts";
import { peerIdOf } from "../../src/identity/peer-identity.ts";
import {
  Person,
  Session,
  World,
  describePeer,
  fault,
  fileKey,
  founder,
  founderKey,
  founderShelf,
  founding,
  id,
  network,
} from "./world.ts";
import { ok, peerKey, peerSession, putFile, root, shared, startMs, stranger, userSession } from "./world.ts";

vi.mock("../../src/core/limits.ts", async (original) => ({
  ...(await original<object>()),
  openInvitesMax: 2,
  peersMax: 6,
}));

const secondKey = await peerKey(2);
const thirdKey = await peerKey(3);
const fourthKey = await peerKey(4);
const hash = inviteHash(new Uint8Array(32).fill(9));
const addInvite: OperationOf<"addInvite"> = {
  op: "addInvite",
  hash,
  expiresMs: startMs + 1000,
  uses: 1,
  role: "storage",
};
const admit = (key: typeof secondKey, name: string, shelf: ShelfId | null = null): OperationOf<"admitPeer"> => ({
  op: "admitPeer",
  inviteSecretHash: hash,
  peer: describePeer(key, name, shelf),
  replaces: null,
});
const update = (changes: Partial<OperationOf<"updatePeer">> = {}): OperationOf<"updatePeer"> => ({
  op: "updatePeer",
  name: null,
  addresses: [],
  zone: "attic",
  capacityBytes: 5,
  shelf: null,
  store: null,
  mayCoordinate: false,
  ...changes,
});

let world: World;
beforeEach(() => {
  world = World.founded();
});
afterEach(() => world[Symbol.dispose]());

describe("founding", () => {
  it("CAT-11 a founded network has its founder, one shelf and the shared user's root", () => {
    const { catalogue } = world;
    expect(catalogue.network()).toEqual({
      network: network.networkId,
      publicKey: network.publicKey,
      sharedUser: shared.userId,
      foundedMs: startMs,
    });
    expect(catalogue.peers()).toEqual([
      {
        ...describePeer(founderKey, "first", founderShelf),
        role: "storage",
        coordinatorOrder: null,
        storageOrder: null,
        joinedIndex: 1,
        joinedMs: startMs,
      },
    ]);
    const links = [{ peer: founder, keepsFrom: 1, hasFrom: 1, isFilled: true }];
    const counts = { copiesMax: 0, revisions: 0, sealedBytes: 0 };
    expect(catalogue.shelves()).toEqual([
      { shelf: founderShelf, home: founder, epoch: 1, links, createdIndex: 1, ...counts },
    ]);
    expect(catalogue.policy()).toEqual({
      copies: 2,
      minCopies: 2,
      retainRevisions: 10,
      retainMs: 30 * 24 * 60 * 60_000,
    });
    const { publicKey, boxPublicKey } = shared;
    expect(catalogue.user(shared.userId)).toMatchObject({
      name: "shared",
      publicKey,
      boxPublicKey,
      rootDirectory: root,
    });
    expect(catalogue.node(root)).toMatchObject({ kind: "directory", parent: null });
    expect(catalogue.isMember(founder)).toBe(true);
    expect(catalogue.isMember(peerIdOf(secondKey))).toBe(false);
  });

  it("CAT-11 a network is founded once, by its founder, with ids that are the hashes of their keys", () => {
    expect(fault(world.asFounder(founding)).kind).toBe("exists");
    const attempt = (changes: Partial<OperationOf<"initNetwork">>, key = secondKey): string => {
      const empty = new World();
      const result = fault(empty.apply(peerSession(key).next({ ...founding, ...changes }))).kind;
      empty[Symbol.dispose]();
      return result;
    };
    expect(attempt({})).toBe("permission");
    const own = { founder: describePeer(secondKey, "x") };
    expect(attempt({ ...own, networkPublicKey: stranger.publicKey })).toBe("integrity");
    expect(attempt({ ...own, sharedUser: { ...founding.sharedUser, publicKey: stranger.publicKey } })).toBe(
      "integrity",
    );
  });

  it("CAT-11 nothing happens before the network is founded", () => {
    const empty = new World();
    expect(fault(empty.apply(userSession().next(putFile("a")))).kind).toBe("not-found");
    expect(empty.catalogue.network()).toBeUndefined();
    empty[Symbol.dispose]();
  });
});

describe("who may do what", () => {
  it("CAT-12 users and peers have their own operations, and strangers have none", () => {
    const asStranger = new Session({ user: stranger.userId }, (bytes) => stranger.sign(bytes));
    expect(fault(world.apply(asStranger.next(putFile("a")))).kind).toBe("permission");
    expect(fault(world.apply(peerSession(secondKey).next(addInvite))).kind).toBe("permission");
    expect(fault(world.asUser({ op: "collect" })).kind).toBe("permission");
    expect(fault(world.asFounder(putFile("a"))).kind).toBe("permission");
    expect(fault(world.asFounder(addInvite, putFile("a")))).toMatchObject({ kind: "permission", operation: null });
    expect(world.catalogue.counts().files).toBe(0);
  });
});

describe("invites", () => {
  it("CAT-13 an invite admits one peer, once; the same peer may repeat itself", () => {
    ok(world.asFounder(addInvite));
    const shelf = id<ShelfId>("second shelf");
    expect(ok(world.asFounder(admit(secondKey, "second", shelf)))).toEqual([
      { op: "admitPeer", name: "second", role: "storage", alreadyMember: false },
    ]);
    expect(ok(world.asFounder(admit(secondKey, "renamed")))).toEqual([
      { op: "admitPeer", name: "second", role: "storage", alreadyMember: true },
    ]);
    expect(fault(world.asFounder(admit(thirdKey, "third"))).kind).toBe("bad-invite");
    expect(world.catalogue.peer(peerIdOf(secondKey))).toMatchObject({ name: "second", shelf, zone: "cellar" });
    expect(world.catalogue.membersVersion()).toBe(3);
    expect(fault(world.asFounder(addInvite)).kind).toBe("exists");
  });

  it("CAT-13 an unknown or expired invite admits nobody, and a member needs none", () => {
    expect(fault(world.asFounder(admit(secondKey, "second"))).kind).toBe("bad-invite");
    ok(world.asFounder(addInvite));
    world.timeMs = addInvite.expiresMs;
    expect(fault(world.asFounder(admit(secondKey, "second")))).toMatchObject({ kind: "bad-invite" });
    world.timeMs -= 1;
    ok(world.asFounder(admit(secondKey, "second")));
    ok(world.asFounder({ ...addInvite, hash: inviteHash(hash) }));
    expect(fault(world.asFounder({ ...admit(secondKey, "second"), inviteSecretHash: inviteHash(hash) })).kind).toBe(
      "exists",
    );
    expect(fault(world.asFounder({ ...addInvite, hash: new Uint8Array(32), expiresMs: world.timeMs })).kind).toBe(
      "usage",
    );
  });

  it("CAT-13 a refused batch does not use up the invite", () => {
    ok(world.asFounder(addInvite));
    expect(fault(world.asFounder(admit(secondKey, "second"), admit(thirdKey, "third")))).toMatchObject({
      operation: 1,
    });
    ok(world.asFounder(admit(thirdKey, "third")));
  });

  it("CAT-13 an invite admits as many machines as it says, each once, and is used up then", async () => {
    ok(world.asFounder({ ...addInvite, uses: 3 }));
    const usesLeft = () => world.catalogue.invites().map((invite) => invite.usesLeft);
    for (const [place, left] of [[2], [1], []].entries()) {
      const joins = admit(await peerKey(40 + place), `p${place}`);
      ok(world.asFounder(joins));
      expect(ok(world.asFounder(joins))).toMatchObject([{ alreadyMember: true }]);
      expect(usesLeft()).toEqual(left);
    }
    expect(fault(world.asFounder(admit(secondKey, "late")))).toMatchObject({
      kind: "bad-invite",
      message: expect.stringContaining("has been used") as string,
    });
    expect(fault(world.asFounder({ ...addInvite, uses: 2 })).kind).toBe("exists");
  });

  it("CAT-13 a refused join and a revoked invite", () => {
    ok(world.asFounder({ ...addInvite, uses: 2 }));
    expect(fault(world.asFounder(admit(secondKey, "second", founderShelf))).kind).toBe("exists");
    expect(world.catalogue.invites()).toMatchObject([{ usesLeft: 2 }]);
    ok(world.asFounder(admit(secondKey, "second")));
    expect(ok(world.asUser({ op: "revokeInvite", hash }))).toEqual([{ op: "revokeInvite" }]);
    expect(world.catalogue.invites()).toEqual([]);
    expect(fault(world.asFounder(admit(thirdKey, "third"))).kind).toBe("bad-invite");
    expect(fault(world.asFounder({ op: "revokeInvite", hash })).kind).toBe("not-found");
    expect(world.catalogue.isMember(peerIdOf(secondKey))).toBe(true);
  });

  it("CAT-19 a list of invites has who made each, those that expire first in front, and drops those that expired", () => {
    const ann = new Person("ann");
    const own = { ...addInvite, hash: inviteHash(hash), uses: 5, role: "client", expiresMs: startMs + 10 } as const;
    ok(world.asFounder(addInvite));
    ok(world.asUser(ann.added()));
    ok(world.as(ann, own));
    const byPeer = { hash, role: "storage", usesLeft: 1, expiresMs: addInvite.expiresMs, createdBy: "first" };
    const byAnn = { hash: own.hash, role: "client", usesLeft: 5, expiresMs: own.expiresMs, createdBy: "ann" };
    expect(world.catalogue.invites()).toEqual([
      { ...byAnn, createdIndex: 4 },
      { ...byPeer, createdIndex: 2 },
    ]);
    expect(world.catalogue.nextCollectMs()).toBe(own.expiresMs);
    world.timeMs = own.expiresMs;
    expect(ok(world.asFounder({ op: "collect" }))).toMatchObject([{ isMoreDue: false }]);
    expect(world.catalogue.invites()).toMatchObject([byPeer]);
    expect(world.catalogue.nextCollectMs()).toBe(addInvite.expiresMs);
  });

  it("CAT-19 a client keeps no files and does not coordinate, whatever it offers then or later", () => {
    ok(world.asFounder({ ...addInvite, role: "client", uses: 2 }));
    const shelf = id<ShelfId>("second shelf");
    expect(ok(world.asFounder(admit(secondKey, "second", shelf)))).toMatchObject([{ role: "client" }]);
    const peer = peerIdOf(secondKey);
    const isClient = { role: "client", shelf: null, store: null, capacityBytes: 0, mayCoordinate: false };
    expect(world.catalogue.peer(peer)).toMatchObject(isClient);
    expect(world.catalogue.shelf(shelf)).toBeUndefined();
    const second = peerSession(secondKey);
    for (const offer of [update({ shelf }), update({ mayCoordinate: true })])
      expect(fault(world.apply(second.next(offer))).kind).toBe("permission");
    expect(fault(world.asFounder({ op: "orderCoordinator", peer, order: "add" })).kind).toBe("usage");
    ok(world.apply(second.next(update({ zone: "roof", capacityBytes: 0 }))));
    expect(world.catalogue.peer(peer)).toMatchObject({ ...isClient, zone: "roof", coordinatorOrder: null });
    const inPlace = { ...admit(thirdKey, "third", id("third shelf")), replaces: founder };
    ok(
      world.asFounder(
        { ...addInvite, hash: inviteHash(hash) },
        { ...admit(fourthKey, "fourth"), inviteSecretHash: inviteHash(hash) },
      ),
    );
    expect(fault(world.apply(peerSession(fourthKey).next(inPlace))).kind).toBe("usage");
  });

  it("CAT-17 invites that wait and peers are counted, and both have a limit", async () => {
    const invite = (place: number): OperationOf<"addInvite"> => ({
      ...addInvite,
      hash: inviteHash(Uint8Array.of(place)),
    });
    for (let place = 0; place < 5; place += 1) {
      const peer = describePeer(await peerKey(30 + place), `peer ${place}`.replace(" ", "-"));
      ok(world.asFounder(invite(place)));
      ok(world.asFounder({ op: "admitPeer", inviteSecretHash: invite(place).hash, peer, replaces: null }));
    }
    ok(world.asFounder(invite(5), invite(6)));
    expect(fault(world.asFounder(invite(7))).kind).toBe("quota");
    const seventh = {
      op: "admitPeer",
      inviteSecretHash: invite(5).hash,
      peer: describePeer(secondKey, "late"),
      replaces: null,
    } as const;
    // A refusal does not use the invite up.
    for (let time = 0; time < 2; time += 1) expect(fault(world.asFounder(seventh)).kind).toBe("quota");
    world.timeMs = addInvite.expiresMs;
    ok(world.asFounder({ ...invite(7), expiresMs: world.timeMs + 1 }));
  });

  it("CAT-14 a name that is taken gets the first free number", async () => {
    const long = "n".repeat(63);
    const given: string[] = [];
    for (const [place, name] of ["first", "first", long, long].entries()) {
      const invite = inviteHash(Uint8Array.of(place));
      const peer = describePeer(await peerKey(20 + place), name);
      const admitPeer = { op: "admitPeer", inviteSecretHash: invite, peer, replaces: null } as const;
      const result = ok(world.asFounder({ ...addInvite, hash: invite }, admitPeer))[1];
      given.push(result?.op === "admitPeer" ? result.name : "");
    }
    expect(given).toEqual(["first-2", "first-3", long, `${"n".repeat(61)}-2`]);
  });
});

describe("a peer's own entry", () => {
  it("CAT-15 a peer changes its own entry, keeps its shelf, and cannot take another's name or shelf", () => {
    ok(world.asFounder(addInvite));
    ok(world.asFounder(admit(secondKey, "second")));
    const second = peerSession(secondKey);
    const shelf = id<ShelfId>("new shelf");
    ok(world.apply(second.next(update({ shelf, name: "box" as PeerName, addresses: ["/ip4/10.0.0.1/tcp/1"] }))));
    expect(world.catalogue.peer(peerIdOf(secondKey))).toMatchObject({
      name: "box",
      zone: "attic",
      capacityBytes: 5,
      shelf,
      addresses: ["/ip4/10.0.0.1/tcp/1"],
      mayCoordinate: false,
    });
    expect(world.catalogue.membersVersion()).toBe(world.catalogue.appliedIndex());
    ok(world.apply(second.next(update({ shelf }))));
    ok(world.apply(second.next(update({ name: "box" as PeerName }))));
    expect(fault(world.apply(second.next(update({ shelf: id("other"), zone: "roof" })))).kind).toBe("exists");
    expect(world.catalogue.peer(peerIdOf(secondKey))?.zone).toBe("attic");
    expect(fault(world.apply(second.next(update({ name: "first" as PeerName })))).kind).toBe("exists");
    expect(world.catalogue.peer(founder)?.zone).toBe("cellar");
  });
});

describe("coordinators", () => {
  it("CAT-18 an order about a coordinator stays with its peer, whatever the peer says, until another comes", () => {
    const look = () => world.catalogue.peer(founder);
    for (const order of ["add", "remove", null, "remove"] as const) {
      expect(ok(world.asFounder({ op: "orderCoordinator", peer: founder, order }))).toEqual([
        { op: "orderCoordinator" },
      ]);
      expect(look()).toMatchObject({ mayCoordinate: true, coordinatorOrder: order });
      expect(world.catalogue.membersVersion()).toBe(world.catalogue.appliedIndex());
    }
    ok(world.asFounder(update({ mayCoordinate: false })));
    expect(look()).toMatchObject({ mayCoordinate: false, coordinatorOrder: "remove" });
  });

  it("CAT-18 only members can be ordered, and not by strangers", () => {
    const order = { op: "orderCoordinator", peer: peerIdOf(secondKey), order: "add" } as const;
    const before = world.catalogue.membersVersion();
    expect(fault(world.asFounder(order)).kind).toBe("not-found");
    expect(fault(world.apply(peerSession(secondKey).next(order))).kind).toBe("permission");
    expect(world.catalogue.membersVersion()).toBe(before);
    expect(world.catalogue.peer(founder)?.coordinatorOrder).toBeNull();
  });
});

describe("leases", () => {
  const lease = id<LeaseId>("lease");
  const endLease = {
    op: "endLease",
    shelf: founderShelf,
    epoch: 1,
    lease,
    fileKeys: [fileKey("a"), fileKey("b"), fileKey("c")],
  } as const;

  it("CAT-16 ending a lease tells which keys are committed, live or historic, and keeps late commits out", () => {
    ok(world.asUser(putFile("a"), putFile("a", { baseRevision: 1, fileKey: fileKey("b") })));
    expect(ok(world.asFounder(endLease))).toEqual([{ op: "endLease", referenced: [fileKey("a"), fileKey("b")] }]);
    expect(fault(world.asUser(putFile("c"))).kind).toBe("conflict");
    ok(world.asUser(putFile("c", { lease: id("another lease") })));
    expect(ok(world.asFounder(endLease))).toMatchObject([{ referenced: endLease.fileKeys }]);
    expect(world.catalogue.fileKeyShelves(fileKey("a"))).toEqual([founderShelf]);
    expect(world.catalogue.fileKeyShelves(fileKey("z"))).toEqual([]);
  });

  it("CAT-16 only the owner of the shelf ends its leases", () => {
    ok(world.asFounder(addInvite));
    ok(world.asFounder(admit(secondKey, "second")));
    expect(fault(world.apply(peerSession(secondKey).next(endLease))).kind).toBe("permission");
    expect(fault(world.asFounder({ ...endLease, epoch: 2 })).kind).toBe("moved");
    expect(fault(world.asFounder({ ...endLease, shelf: id("no shelf") })).kind).toBe("not-found");
    ok(world.asUser(putFile("a")));
  });

  it("CAT-16 an ended lease is forgotten after its time, by the entries' clock", () => {
    ok(world.asFounder(endLease));
    world.timeMs += endedLeaseMs;
    ok(world.asFounder({ ...endLease, lease: id("second") }));
    expect(fault(world.asUser(putFile("a"))).kind).toBe("conflict");
    world.timeMs += 1;
    ok(world.asFounder({ ...endLease, lease: id("third") }));
    ok(world.asUser(putFile("a")));
  });
});
