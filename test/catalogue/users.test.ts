import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Operation, administratorOnly } from "../../src/catalogue/operation.ts";
import type { UserName } from "../../src/core/ids.ts";
import { inviteHash } from "../../src/identity/invite.ts";
import { verifyUserProof } from "../../src/identity/user-proof.ts";
import { peerIdOf } from "../../src/identity/peer-identity.ts";
import { Person, World, credential, fault, founder, network, ok, putFile, root, shared, startMs } from "./world.ts";
import { describePeer, peerKey } from "./world.ts";

vi.mock("../../src/core/limits.ts", async (original) => ({
  ...(await original<object>()),
  usersMax: 7,
  administratorsNamedMax: 2,
}));

const hash = inviteHash(new Uint8Array(32).fill(9));
const secondKey = await peerKey(2);
const noPolicy = { copies: null, minCopies: null, retainRevisions: null, retainMs: null };

let world: World;
beforeEach(() => {
  world = World.founded();
});
afterEach(() => world[Symbol.dispose]());

const names = (): readonly string[] => world.catalogue.users().rows.map(({ name }) => name);

describe("making users", () => {
  it("USER-1 anybody makes the first user, who becomes administrator; an administrator makes the others", () => {
    const [ann, bob, eve] = [new Person("ann"), new Person("bob"), new Person("eve")];
    expect(ok(world.asUser(ann.added({ quotaBytes: 5 })))).toEqual([{ op: "addUser", isAdmin: true }]);
    for (const result of [world.asUser(bob.added()), world.asFounder(bob.added())])
      expect(fault(result).kind).toBe("permission");
    expect(ok(world.as(ann, bob.added()))).toEqual([{ op: "addUser", isAdmin: false }]);
    expect(fault(world.as(bob, eve.added()))).toMatchObject({ kind: "permission", operation: 0 });
    expect(world.catalogue.user(ann.keys.userId)).toEqual({
      user: ann.keys.userId,
      name: "ann",
      publicKey: ann.keys.publicKey,
      boxPublicKey: ann.keys.boxPublicKey,
      proof: ann.added().proof,
      rootDirectory: ann.keys.rootDirectory,
      isAdmin: true,
      quotaBytes: 5,
      usedBytes: 0,
      createdIndex: 2,
      createdMs: startMs,
    });
    expect(world.catalogue.userByName(bob.name)).toMatchObject({ user: bob.keys.userId, isAdmin: false });
    expect(world.catalogue.userByName(eve.name)).toBeUndefined();
    expect(names()).toEqual(["ann", "bob", "shared"]);
    ok(world.as(bob, putFile("a", { parent: bob.keys.rootDirectory })));
  });

  it("USER-1 a peer may make the first user, and a command that makes two makes none", () => {
    const [ann, bob] = [new Person("ann"), new Person("bob")];
    expect(fault(world.asFounder(ann.added(), bob.added()))).toMatchObject({ kind: "permission", operation: 1 });
    expect(names()).toEqual(["shared"]);
    expect(world.catalogue.node(ann.keys.rootDirectory)).toBeUndefined();
    ok(world.asFounder(ann.added()));
    ok(world.as(ann, bob.added()));
  });

  it("USER-1 a row has the user's own proof of what it says, the shared user's too", () => {
    world.withUsers("ann");
    const { networkId } = network;
    for (const row of world.catalogue.users().rows)
      expect(verifyUserProof({ ...row, network: networkId }, row.proof), row.name).toBe(true);
  });

  it("USER-2 names, keys and root directories are given once, and a name has its form", () => {
    const [ann] = world.withUsers("ann") as [Person];
    const bob = new Person("bob");
    for (const name of ["", "Bob", "1bob", "bob/x", "ann ", "b\u00f6b"])
      expect(fault(world.as(ann, bob.added({ name }))), name).toMatchObject({ kind: "invalid-name" });
    for (const name of ["ann", "shared"])
      expect(fault(world.as(ann, bob.added({ name }))), name).toMatchObject({ kind: "exists" });
    expect(fault(world.as(ann, ann.added({ name: "bob" }))).kind).toBe("exists");
    expect(fault(world.as(ann, bob.added({ rootDirectory: root }))).kind).toBe("exists");
    expect(fault(world.as(ann, bob.added({ user: shared.userId }))).kind).toBe("integrity");
    expect(names()).toEqual(["ann", "shared"]);
    ok(world.as(ann, bob.added()));
  });

  it("USER-3 users are counted, those remembered too, and have a limit", () => {
    const [ann, bob] = world.withUsers("ann", "bob", "carl", "dora", "emil", "fred") as [Person, Person];
    const gina = new Person("gina");
    ok(world.as(ann, { op: "removeUser", user: bob.keys.userId }));
    expect(fault(world.as(ann, gina.added()))).toMatchObject({ kind: "quota" });
    ok(world.as(ann, { op: "setPolicy", ...noPolicy, retainMs: 0 }));
    ok(world.asFounder({ op: "collect" }));
    ok(world.as(ann, gina.added()));
  });

  it("USER-3 pages hold every user once, in the order of the names", () => {
    world.withUsers("zoe", "ann", "bob", "carl");
    const found: string[] = [];
    const sizes: number[] = [];
    let after: UserName | undefined;
    do {
      const page = world.catalogue.users({ after, limit: 2 });
      found.push(...page.rows.map(({ name }) => name));
      sizes.push(page.rows.length);
      after = page.next ?? undefined;
    } while (after !== undefined);
    expect(found).toEqual(["ann", "bob", "carl", "shared", "zoe"]);
    expect(sizes).toEqual([2, 2, 1]);
  });
});

describe("administrators", () => {
  const eve = new Person("eve");
  const invite = { op: "addInvite", hash, expiresMs: startMs + 9, uses: 1, role: "storage" } as const;
  /** What only administrators may do, each of which would succeed. */
  const orders: readonly Operation[] = [
    { ...invite, hash: inviteHash(hash) },
    { op: "revokeInvite", hash },
    { op: "orderCoordinator", peer: founder, order: null },
    { op: "orderPeer", peer: founder, order: null },
    { op: "revokePeer", peer: peerIdOf(secondKey), mayLose: true },
    eve.added(),
    { op: "setAdmin", user: new Person("bob").keys.userId, isAdmin: true },
    { op: "setQuota", user: shared.userId, quotaBytes: 7 },
    { op: "setPolicy", ...noPolicy },
    { op: "removeUser", user: new Person("carl").keys.userId },
  ];

  const admitSecond = (): void => {
    const inviteSecretHash = inviteHash(Uint8Array.of(2));
    const admission = {
      op: "admitPeer",
      inviteSecretHash,
      peer: describePeer(secondKey, "second"),
      replaces: null,
    } as const;
    ok(world.asFounder({ ...invite, hash: inviteSecretHash }, admission));
  };

  it("USER-4 what concerns everybody is the administrators', and the refusal names them", () => {
    expect(new Set(orders.map(({ op }) => op))).toEqual(administratorOnly);
    admitSecond();
    const [ann, bob] = world.withUsers("ann", "bob", "carl") as [Person, Person];
    ok(world.as(ann, invite));
    for (const order of orders)
      for (const result of [world.as(bob, order), world.asUser(order), world.asFounder(order)])
        expect(fault(result), order.op).toMatchObject({
          kind: "permission",
          operation: 0,
          message: "only an administrator may do this: log in as one, or ask ann",
        });
    for (const order of orders) ok(world.as(ann, order));
  });

  it("USER-4 without an administrator any member and the shared user do it", () => {
    admitSecond();
    ok(world.asUser(invite));
    for (const [place, order] of orders.entries())
      if (!["addUser", "removeUser", "setAdmin"].includes(order.op))
        ok(place % 2 === 0 ? world.asUser(order) : world.asFounder(order));
    ok(world.asFounder(eve.added()));
    expect(fault(world.asFounder({ op: "setPolicy", ...noPolicy })).kind).toBe("permission");
  });

  it("USER-4 a refusal names a few administrators, and says that there are others", () => {
    const [ann, ...others] = world.withUsers("ann", "bob", "carl", "dora") as [Person, Person, Person, Person];
    for (const { keys } of others.slice(0, 2)) ok(world.as(ann, { op: "setAdmin", user: keys.userId, isAdmin: true }));
    const refused = fault(world.as(others[2], { op: "setPolicy", ...noPolicy }));
    expect(refused.message).toContain("ask ann, bob, others");
  });

  it("USER-5 a network that has users keeps an administrator", () => {
    const [ann, bob] = world.withUsers("ann", "bob") as [Person, Person];
    const usage = { kind: "usage", message: expect.stringContaining("ann is the last administrator") as string };
    expect(fault(world.as(ann, { op: "setAdmin", user: ann.keys.userId, isAdmin: false }))).toMatchObject(usage);
    expect(fault(world.as(ann, { op: "removeUser", user: ann.keys.userId }))).toMatchObject(usage);
    ok(world.as(ann, { op: "setAdmin", user: bob.keys.userId, isAdmin: true }));
    ok(world.as(bob, { op: "setAdmin", user: ann.keys.userId, isAdmin: false }));
    expect(fault(world.as(ann, { op: "setPolicy", ...noPolicy })).kind).toBe("permission");
    ok(world.as(bob, { op: "setPolicy", ...noPolicy }, { op: "setAdmin", user: ann.keys.userId, isAdmin: false }));
    ok(world.as(ann, { op: "removeUser", user: ann.keys.userId }));
    ok(world.as(bob, { op: "removeUser", user: bob.keys.userId }));
    ok(world.asUser({ op: "setPolicy", ...noPolicy }));
    expect(ok(world.asUser(new Person("carl").added()))).toMatchObject([{ isAdmin: true }]);
  });

  it("USER-5 the shared user is neither administrator nor removed, and has no password", () => {
    const [ann] = world.withUsers("ann") as [Person];
    const user = shared.userId;
    for (const operation of [
      { op: "removeUser", user },
      { op: "setAdmin", user, isAdmin: true },
    ] as const)
      expect(fault(world.as(ann, operation)).kind, operation.op).toBe("usage");
    expect(fault(world.asUser({ op: "setCredential", credential: credential("x") })).kind).toBe("usage");
    expect(world.catalogue.credential("shared" as UserName)).toBeUndefined();
    for (const operation of [
      { op: "removeUser", user: new Person("nobody").keys.userId },
      { op: "setAdmin", user: new Person("nobody").keys.userId, isAdmin: true },
      { op: "setQuota", user: new Person("nobody").keys.userId, quotaBytes: 1 },
    ] as const)
      expect(fault(world.as(ann, operation)).kind, operation.op).toBe("not-found");
  });
});

describe("credentials", () => {
  it("USER-6 a credential is read by its own call alone, and changed by its user alone", () => {
    const [ann, bob] = world.withUsers("ann", "bob") as [Person, Person];
    const look = (person: Person) => world.catalogue.credential(person.name);
    const { keys } = bob;
    expect(look(bob)).toEqual({ ...credential("bob"), row: world.catalogue.user(keys.userId) });
    ok(world.as(bob, { op: "setCredential", credential: credential("another") }));
    expect(look(bob)).toMatchObject(credential("another"));
    expect(look(ann)).toMatchObject(credential("ann"));
    expect(fault(world.asFounder({ op: "setCredential", credential: credential("x") })).kind).toBe("permission");
    const rows = JSON.stringify([world.catalogue.users(), world.catalogue.user(keys.userId)]);
    for (const secret of Object.values(credential("another")))
      expect(rows).not.toContain(JSON.stringify(secret).slice(1, -1));
    expect(Object.keys(world.catalogue.userByName(ann.name) ?? {})).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/salt|verifier|wrapped/)]),
    );
  });
});

describe("the end of a user", () => {
  it("USER-7 a user who has ended signs nothing and has no login, and the name is free", () => {
    const [ann, bob] = world.withUsers("ann", "bob") as [Person, Person];
    ok(world.as(bob, putFile("a", { parent: bob.keys.rootDirectory })));
    ok(world.as(ann, { op: "removeUser", user: bob.keys.userId }));
    const { userId } = bob.keys;
    expect(fault(world.as(bob, putFile("b", { parent: bob.keys.rootDirectory })))).toMatchObject({
      kind: "permission",
      operation: null,
    });
    expect(fault(world.as(bob, putFile("b"))).kind).toBe("permission");
    expect(world.catalogue.credential(bob.name)).toBeUndefined();
    expect(world.catalogue.user(userId)).toBeUndefined();
    expect(world.catalogue.userByName(bob.name)).toBeUndefined();
    expect(names()).toEqual(["ann", "shared"]);
    expect(world.catalogue.changes(userId, { sinceIndex: 0 }).rows).toEqual([]);
    expect(fault(world.as(ann, { op: "removeUser", user: userId })).kind).toBe("not-found");
    expect(fault(world.as(ann, bob.added()))).toMatchObject({ kind: "exists" });
    const next = new Person("other bob");
    ok(world.as(ann, next.added({ name: "bob" })));
    expect(world.catalogue.userByName(bob.name)?.user).toBe(next.keys.userId);
    expect(world.catalogue.counts().files).toBe(1);
  });

  it("USER-7 invites of a user who has ended do not count any more", () => {
    const [ann, bob] = world.withUsers("ann", "bob") as [Person, Person];
    const invite = { op: "addInvite", expiresMs: startMs + 9, uses: 5, role: "storage" } as const;
    ok(world.as(ann, { op: "setAdmin", user: bob.keys.userId, isAdmin: true }, { ...invite, hash }));
    ok(world.as(bob, { ...invite, hash: inviteHash(hash) }));
    ok(world.as(ann, { op: "removeUser", user: bob.keys.userId }));
    expect(world.catalogue.invites()).toMatchObject([{ hash, createdBy: "ann" }]);
  });

  it("USER-7 who ends itself is told so however often it asks, and nothing else", () => {
    const [, bob] = world.withUsers("ann", "bob") as [Person, Person];
    const { session, sequence } = bob.session;
    const end = bob.session.next({ op: "removeUser", user: bob.keys.userId });
    const key = (place: number) => world.catalogue.signingKey(bob.keys.userId, session, place);
    expect(key(sequence + 1)).toEqual(bob.keys.publicKey);
    for (let time = 0; time < 2; time += 1) expect(ok(world.apply(end))).toEqual([{ op: "removeUser" }]);
    expect(key(sequence + 1)).toEqual(bob.keys.publicKey);
    expect(key(sequence + 2)).toBeUndefined();
    expect(world.catalogue.signingKey(bob.keys.userId, world.user.session, sequence + 1)).toBeUndefined();
    expect(world.catalogue.signingKey(new Person("nobody").keys.userId, session, 1)).toBeUndefined();
    expect(fault(world.as(bob, putFile("a"))).kind).toBe("permission");
  });
});
