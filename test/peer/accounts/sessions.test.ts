import { randomBytes } from "node:crypto";
import { access, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { toDfsError } from "../../../src/core/errors.ts";
import { type UserName, parseUserName } from "../../../src/core/ids.ts";
import { type DfsPath, resolvePath } from "../../../src/core/names.ts";
import { connectControl } from "../../../src/peer/control/control-client.ts";
import { controlAddress } from "../../../src/peer/data-folder-paths.ts";
import type { Peer } from "../../../src/peer/peer.ts";
import { PeerGroup } from "./peers.ts";

const at = (path: string): DfsPath => resolvePath(path);
const named = (name: string): UserName => parseUserName(name);
const password = "seven blue kites";
const hourMs = 3_600_000;
const slowMs = 60_000;

type Session = Awaited<ReturnType<typeof connectControl>>;

async function kindOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => "ok",
    (error: unknown) => toDfsError(error).kind,
  );
}

/** A stream that gives its first bytes, and the rest when it is told to. */
function slowBytes() {
  let isTaken = false;
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  const bytes = (async function* () {
    isTaken = true;
    yield new Uint8Array(100_000).fill(1);
    await released;
    yield new Uint8Array(100_000).fill(2);
  })();
  return { bytes, release, isTaken: () => isTaken };
}

describe("sessions of a peer", () => {
  const group = new PeerGroup();
  let folder: string;
  let peer: Peer;

  beforeAll(async () => {
    ({ folder, peer } = await group.add("solo"));
    for (const name of ["ann", "bob"]) {
      const session = await connect();
      if (name === "bob") await session.login({ name: named("ann"), password });
      await session.addUser({ name: named(name), password });
      await session.close();
    }
  }, slowMs);
  afterAll(() => group.stop());

  const connect = (): Promise<Session> => connectControl(controlAddress(folder));

  async function loggedIn(name: string): Promise<Session> {
    const session = await connect();
    await session.login({ name: named(name), password });
    return session;
  }

  const nameOf = async (session: Pick<Session, "whoami">): Promise<string> => (await session.whoami()).name;

  it("SESS-1 a login is of its own connection, and not of the program's own session", { timeout: slowMs }, async () => {
    const [one, other] = [await loggedIn("ann"), await connect()];
    expect(await Promise.all([one, other, peer.client].map(nameOf))).toEqual(["ann", "shared", "shared"]);
    await peer.client.login({ name: named("bob"), password });
    expect(await Promise.all([one, other, peer.client].map(nameOf))).toEqual(["ann", "shared", "bob"]);
    await one.mkdir(at("/by-ann"));
    expect(await kindOf(other.stat(at("/by-ann")))).toBe("not-found");
    expect(await kindOf(peer.client.stat(at("/by-ann")))).toBe("not-found");
    await peer.client.logout();
    expect(await Promise.all([one, peer.client].map(nameOf))).toEqual(["ann", "shared"]);
    await one.close();
    await other.close();
  });

  it("SESS-2 logout ends a put that is under way, and nothing of it is committed", { timeout: slowMs }, async () => {
    for (const session of [await loggedIn("ann"), peer.client]) {
      if ((await nameOf(session)) !== "ann") await session.login({ name: named("ann"), password });
      const { bytes, release, isTaken } = slowBytes();
      const sources = [{ kind: "stream", bytes, name: "late" } as const];
      const put = kindOf(session.put({ sources, target: at("/late") }));
      await vi.waitFor(() => expect(isTaken()).toBe(true), { timeout: 10_000 });
      await session.logout();
      release();
      expect(await put).toBe("not-logged-in");
      expect(await kindOf(session.stat(at("/late")))).toBe("not-found");
      await session.login({ name: named("ann"), password });
      expect(await kindOf(session.stat(at("/late")))).toBe("not-found");
      await session.logout();
    }
  });

  it("SESS-4 a transaction is of who began it, whoever logs in later", { timeout: slowMs }, async () => {
    const session = await connect();
    const transaction = await session.begin();
    await transaction.mkdir(at("/of-shared"));
    await session.login({ name: named("ann"), password });
    const own = await session.begin();
    await own.mkdir(at("/of-ann"));
    expect(await Promise.all([transaction, own].map(nameOf))).toEqual(["shared", "ann"]);
    await session.login({ name: named("bob"), password });
    expect(await kindOf(own.stat(at("/of-ann")))).toBe("not-logged-in");
    expect(await kindOf(own.commit())).toBe("not-logged-in");
    expect(await transaction.commit()).toEqual({ changes: 1 });
    expect(await kindOf(session.stat(at("/of-shared")))).toBe("not-found");
    expect(await kindOf(peer.client.stat(at("/of-shared")))).toBe("ok");
    await session.login({ name: named("ann"), password });
    expect(await kindOf(session.stat(at("/of-ann")))).toBe("not-found");
    for (const each of [transaction, own, session]) await each.close();
  });

  it("SESS-4 an invite, a login and what else is about users are no part of a transaction", async () => {
    const session: Session = peer.client;
    const transaction = await session.begin();
    for (const call of [
      transaction.invite(),
      transaction.revokeInvite("0"),
      transaction.login({ name: named("ann"), password }),
      transaction.logout(),
      transaction.addUser({ name: named("eve"), password }),
      transaction.removeUser(named("bob")),
      transaction.changePassword({ old: password, new: "seven red kites" }),
      transaction.setAdmin(named("bob"), true),
      transaction.setQuota(named("bob"), 1),
      transaction.begin(),
    ])
      expect(await kindOf(call)).toBe("usage");
    expect((await transaction.users()).map(({ name }) => name)).toEqual(["ann", "bob", "shared"]);
    expect(await transaction.invites()).toEqual([]);
    await transaction.close();
  });

  it("SESS-7 the end of its connection logs a session out, and ends its transaction", { timeout: slowMs }, async () => {
    const session = await loggedIn("ann");
    const transaction = await session.begin();
    await transaction.mkdir(at("/left"));
    await session.close();
    await vi.waitFor(async () => expect(await kindOf(transaction.commit())).toBe("not-logged-in"));
    await transaction.close();
    expect(await nameOf(await connect())).toBe("shared");
  });

  it(
    "SESS-5 a remembered login is that of new sessions, of the next run too, until one logs out",
    { timeout: slowMs },
    async () => {
      const { folder: own, peer: first } = await group.add("second");
      await first.client.addUser({ name: named("cleo"), password });
      const { rememberedUntilMs } = await first.client.login({ name: named("cleo"), password, rememberMs: hourMs });
      const file = join(own, "login.key");
      expect((await stat(file)).mode & 0o777).toBe(0o600);
      await first.stop();
      const next = await group.restart(own, "second");
      const session = await connectControl(controlAddress(own));
      expect(await session.whoami()).toMatchObject({ name: "cleo", rememberedUntilMs });
      expect(await next.client.whoami()).toMatchObject({ name: "cleo", rememberedUntilMs });
      await next.client.mkdir(at("/kept"));
      await session.logout();
      expect(await Promise.all([session, next.client, next.openSession()].map(nameOf))).toEqual([
        "shared",
        "shared",
        "shared",
      ]);
      await expect(access(file)).rejects.toThrow("ENOENT");
      await session.close();
    },
  );

  it("SESS-5 is remembered for a bounded time", async () => {
    for (const rememberMs of [0, -1, 1.5, 91 * 24 * hourMs, Number.NaN])
      expect(await kindOf(peer.client.login({ name: named("ann"), password, rememberMs }))).toBe("usage");
  });

  it("SESS-8 a session of a user who was removed can do nothing but log out", { timeout: slowMs }, async () => {
    const admin = await loggedIn("ann");
    await admin.addUser({ name: named("dora"), password });
    const session = await loggedIn("dora");
    await admin.removeUser(named("dora"));
    expect(await kindOf(session.whoami())).toBe("not-logged-in");
    expect(await kindOf(session.mkdir(at("/x")))).toBe("permission");
    await session.logout();
    expect(await nameOf(session)).toBe("shared");
    await admin.addUser({ name: named("dora"), password });
    const self = await loggedIn("dora");
    await self.removeUser(named("dora"));
    expect(await nameOf(self)).toBe("shared");
    for (const each of [admin, session, self]) await each.close();
  });
});

describe("a login over the network", () => {
  const group = new PeerGroup();
  afterAll(() => group.stop());

  it(
    "LOGIN-12 is taken to the leading coordinator from any peer, and the user's files are there",
    { timeout: slowMs },
    async () => {
      const { peer: first } = await group.add("first");
      const invite = await first.client.invite();
      const { peer: second } = await group.add("second", invite.text);
      await second.client.addUser({ name: named("ann"), password });
      expect(await second.client.login({ name: named("ann"), password })).toMatchObject({ name: "ann", isAdmin: true });
      await second.client.mkdir(at("/mine"));
      const session = first.openSession();
      expect(await session.login({ name: named("ann"), password })).toMatchObject({ name: "ann" });
      expect(await session.stat(at("/mine"))).toMatchObject({ kind: "directory" });
      expect(await kindOf(second.openSession().login({ name: named("ann"), password: "seven red kites" }))).toBe(
        "permission",
      );
      expect(await kindOf(second.openSession().login({ name: named("nobody"), password }))).toBe("permission");
      await session.logout();
    },
  );

  it(
    "LOGIN-12 orders are signed by the administrator who is logged in, and refused by name without one",
    { timeout: slowMs },
    async () => {
      const { peer } = await group.add("alone");
      await peer.client.setPolicy({ retainRevisions: 5 });
      await peer.client.addUser({ name: named("ann"), password });
      for (const order of [
        () => peer.client.setPolicy({ retainRevisions: 6 }),
        () => peer.client.invite(),
        () => peer.client.addUser({ name: named("bob"), password }),
      ])
        await expect(order()).rejects.toMatchObject({
          kind: "permission",
          message: expect.stringContaining("ann") as string,
        });
      await peer.client.login({ name: named("ann"), password });
      expect(await peer.client.setPolicy({ retainRevisions: 6 })).toMatchObject({ retainRevisions: 6 });
      await peer.client.invite({ uses: 3 });
      expect(await peer.client.invites()).toMatchObject([{ usesLeft: 3, createdBy: "ann", role: "storage" }]);
    },
  );
});

describe("a user with little room", () => {
  const group = new PeerGroup();
  afterAll(() => group.stop());

  it(
    "ROOM-1 is told so before anything is stored, by quota and by the space of the peers",
    { timeout: slowMs },
    async () => {
      const MiB = 1024 * 1024;
      const { folder, peer } = await group.add("small", undefined, 64 * MiB);
      const path = join(folder, "..", `${basename(folder)}-large`);
      group.alsoRemove(path);
      await peer.client.addUser({ name: named("ann"), password, quotaBytes: 2 * MiB });
      await peer.client.login({ name: named("ann"), password });
      const outcome = async (bytes: number): Promise<{ readonly kind: string; readonly chunks: number }> => {
        await writeFile(path, randomBytes(bytes));
        const kind = await kindOf(peer.client.put({ sources: [{ kind: "path", path }], target: at(`/${bytes}`) }));
        return { kind, chunks: (await peer.client.status()).store.chunks };
      };
      expect(await outcome(3 * MiB)).toEqual({ kind: "quota", chunks: 0 });
      await peer.client.setQuota(named("ann"), null);
      expect(await outcome(80 * MiB)).toEqual({ kind: "no-space", chunks: 0 });
      const small = await outcome(MiB);
      expect(small.kind).toBe("ok");
      expect(small.chunks).toBeGreaterThan(0);
    },
  );
});
