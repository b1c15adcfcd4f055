/** What every AccountsClient does, whatever is behind it; and what its users find at `/`, `/shared` and `/from`. */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { DfsClient, PutSource, TransferEvent } from "../../src/core/client.ts";
import type { DfsError } from "../../src/core/errors.ts";
import { toDfsError } from "../../src/core/errors.ts";
import type { UserName } from "../../src/core/ids.ts";
import { parsePeerName, parseUserName } from "../../src/core/ids.ts";
import { resolvePath } from "../../src/core/names.ts";
import type { DfsPath } from "../../src/core/names.ts";
import { pastRoot } from "../../src/core/past-path.ts";

export interface ContractNetwork {
  /** Another session on the same data folder of a network that had no users at the start of the suite. */
  session(): Promise<DfsClient>;
  /** Ends whatever the network needed; the suite closes the sessions itself. */
  stop(): Promise<void>;
}

const at = (path: string): DfsPath => resolvePath(path);
const named = (name: string): UserName => parseUserName(name);
const passwordOf = (name: string): string => `${Array.from(name).join("-")} 7 blue kites`;
const hourMs = 3_600_000;

async function failure(call: Promise<unknown>): Promise<DfsError> {
  try {
    await call;
  } catch (error) {
    return toDfsError(error);
  }
  throw new Error("the call did not fail");
}

const kindOf = async (call: Promise<unknown>): Promise<string> => (await failure(call)).kind;

/** Runs the suite: the network's first user is `ada`, an administrator. */
export function accountsContract(name: string, open: () => Promise<ContractNetwork>): void {
  // Real passwords take their time on a busy machine.
  describe(`${name} as an AccountsClient`, { timeout: 120_000 }, () => {
    const sessions: DfsClient[] = [];
    let network: ContractNetwork;
    let ada: DfsClient;
    let nobody: DfsClient;

    async function session(): Promise<DfsClient> {
      const opened = await network.session();
      sessions.push(opened);
      return opened;
    }

    /** A session of a new user. */
    async function user(name: string, quotaBytes?: number): Promise<DfsClient> {
      await ada.addUser({ name: named(name), password: passwordOf(name), quotaBytes });
      const opened = await session();
      await opened.login({ name: named(name), password: passwordOf(name) });
      return opened;
    }

    async function put(client: DfsClient, path: string, content: string): Promise<string> {
      const bytes = (async function* () {
        yield Buffer.from(content);
      })();
      const source: PutSource = { kind: "stream", bytes, name: "stream" };
      const outcomes: string[] = [];
      const onEvent = (event: TransferEvent): void => {
        if (event.type === "failed") outcomes.push(event.error.kind);
      };
      try {
        await client.put({ sources: [source], target: at(path), force: true }, { onEvent });
      } catch (error) {
        outcomes.push(toDfsError(error).kind);
      }
      return outcomes[0] ?? "ok";
    }

    async function read(client: DfsClient, path: string): Promise<string> {
      const pieces: Uint8Array[] = [];
      for await (const piece of client.read(at(path))) pieces.push(piece);
      return Buffer.concat(pieces).toString("utf8");
    }

    async function names(client: DfsClient, path: string): Promise<string[]> {
      const found: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await client.list(at(path), { cursor });
        found.push(...page.entries.map((entry) => entry.name));
        cursor = page.next;
      } while (cursor !== undefined);
      return found.sort();
    }

    async function walked(client: DfsClient, path: string): Promise<string[]> {
      const found: string[] = [];
      for await (const entry of client.walk(at(path))) found.push(entry.path);
      return found.sort();
    }

    async function found(client: DfsClient, path: string, glob = "*"): Promise<string[]> {
      const paths: string[] = [];
      const query = { names: [{ glob, ignoreCase: false }] };
      for await (const each of client.find(at(path), query)) paths.push(each.path);
      return paths.sort();
    }

    beforeAll(async () => {
      network = await open();
      nobody = await session();
      ada = await session();
      expect((await nobody.users()).map((each) => each.name)).toEqual(["shared"]);
      await nobody.addUser({ name: named("ada"), password: passwordOf("ada") });
      await ada.login({ name: named("ada"), password: passwordOf("ada") });
    });

    afterAll(async () => {
      for (const opened of sessions) await opened.close();
      await network.stop();
    });

    it("ACC-1 the first user is administrator; later ones only an administrator can make", async () => {
      expect(await ada.whoami()).toMatchObject({ name: "ada", isAdmin: true, isShared: false });
      expect(await nobody.whoami()).toMatchObject({ name: "shared", isAdmin: false, isShared: true });
      const refused = await failure(nobody.addUser({ name: named("eve"), password: passwordOf("eve") }));
      expect(refused.kind).toBe("permission");
      expect(refused.message).toContain("ada");
      const made = await ada.addUser({ name: named("zoe"), password: passwordOf("zoe"), quotaBytes: 1_000_000 });
      expect(made).toMatchObject({ name: "zoe", isAdmin: false, quotaBytes: 1_000_000, usedBytes: 0 });
      expect(made.fingerprint).toMatch(/^[0-9a-f]{16}$/);
      expect(await kindOf(ada.addUser({ name: named("zoe"), password: passwordOf("zoe") }))).toBe("exists");
      expect(await kindOf(ada.addUser({ name: named("shared"), password: passwordOf("shared") }))).toBe("exists");
      const all = await nobody.users();
      expect(all.map((each) => each.name)).toEqual(["ada", "shared", "zoe"]);
      expect(all[2]).toEqual(made);
      expect(JSON.stringify(all)).not.toContain(passwordOf("zoe"));
    });

    it("ACC-2 a weak password is refused", async () => {
      const weak = ["nine char", "aabbccddaabbccdd", "I, walt, am one", `${"abcdefgh".repeat(32)}x`, ""];
      for (const password of weak) expect(await kindOf(ada.addUser({ name: named("walt"), password }))).toBe("usage");
      expect((await ada.users()).map((each) => each.name)).not.toContain("walt");
    });

    it("ACC-3 login acts for the user until logout, in this session only", async () => {
      const one = await user("uma");
      const other = await session();
      expect((await other.whoami()).isShared).toBe(true);
      const wrong = await failure(other.login({ name: named("uma"), password: "not the right words" }));
      const unknown = await failure(other.login({ name: named("umo"), password: "not the right words" }));
      expect([wrong.kind, wrong.message]).toEqual(["permission", unknown.message]);
      expect(unknown.kind).toBe("permission");
      expect(await kindOf(other.login({ name: named("shared"), password: "not the right words" }))).toBe("permission");
      expect(await one.login({ name: named("uma"), password: passwordOf("uma") })).toMatchObject({ name: "uma" });
      await one.logout();
      expect(await one.whoami()).toMatchObject({ name: "shared", isShared: true });
      await one.logout();
    });

    it("ACC-4 a remembered login is that of new sessions, until any session logs out", async () => {
      await ada.addUser({ name: named("rio"), password: passwordOf("rio") });
      const one = await session();
      const account = await one.login({ name: named("rio"), password: passwordOf("rio"), rememberMs: hourMs });
      expect(account.rememberedUntilMs).toBeGreaterThan(Date.now());
      expect(account.rememberedUntilMs).toBeLessThanOrEqual(Date.now() + hourMs);
      const other = await session();
      expect(await other.whoami()).toMatchObject({ name: "rio", rememberedUntilMs: account.rememberedUntilMs });
      const unremembered = await ada.whoami();
      expect([unremembered.name, unremembered.rememberedUntilMs]).toEqual(["ada", undefined]);
      await other.logout();
      expect((await (await session()).whoami()).isShared).toBe(true);
      expect((await one.whoami()).isShared).toBe(true);
      expect((await ada.whoami()).name).toBe("ada");
    });

    it("ACC-5 after several wrong passwords a login is told to wait, for names that are not there too", async () => {
      const client = await session();
      for (const name of ["kim", "nemo"]) {
        if (name === "kim") await ada.addUser({ name: named(name), password: passwordOf(name) });
        let refused: DfsError | undefined;
        for (let tries = 0; refused?.kind !== "busy" && tries < 12; tries += 1)
          refused = await failure(client.login({ name: named(name), password: "some wrong words" }));
        expect(refused?.kind).toBe("busy");
        expect(refused?.retryAfterMs).toBeGreaterThan(0);
      }
    });

    it("ACC-6 a new password counts at once, the old one no more; only who knows the old one sets it", async () => {
      const one = await user("pia");
      const next = "seven green boats";
      expect(await kindOf(one.changePassword({ old: "not the old words", new: next }))).toBe("permission");
      expect(await kindOf(one.changePassword({ old: passwordOf("pia"), new: "short" }))).toBe("usage");
      await one.changePassword({ old: passwordOf("pia"), new: next });
      const other = await session();
      expect(await kindOf(other.login({ name: named("pia"), password: passwordOf("pia") }))).toBe("permission");
      expect(await other.login({ name: named("pia"), password: next })).toMatchObject({ name: "pia" });
      expect(await kindOf(nobody.changePassword({ old: next, new: passwordOf("pia") }))).toBe("not-logged-in");
    });

    it("ACC-7 only administrators end others, make administrators and set quotas, and the last one stays", async () => {
      const one = await user("lea");
      for (const call of [
        () => one.removeUser(named("zoe")),
        () => one.setAdmin(named("lea"), true),
        () => one.setQuota(named("lea"), 5),
        () => one.setPolicy({ retainRevisions: 3 }),
        () => one.orderStorage(parsePeerName("nobody"), "remove"),
        () => one.revokePeer(parsePeerName("nobody")),
        () => one.changeCoordinator("remove", parsePeerName("nobody")),
        () => one.invite(),
      ])
        expect(await kindOf(call())).toBe("permission");
      expect(await kindOf(ada.removeUser(named("ada")))).toBe("usage");
      expect(await kindOf(ada.setAdmin(named("ada"), false))).toBe("usage");
      expect(await kindOf(ada.setAdmin(named("nemo"), true))).toBe("not-found");
      expect(await kindOf(ada.setQuota(named("nemo"), 5))).toBe("not-found");
      await ada.setAdmin(named("lea"), true);
      await one.setQuota(named("lea"), 12_345);
      expect(await one.whoami()).toMatchObject({ isAdmin: true, quotaBytes: 12_345 });
      await one.setQuota(named("lea"), null);
      await one.setAdmin(named("lea"), false);
      const after = await one.whoami();
      expect([after.isAdmin, after.quotaBytes]).toEqual([false, undefined]);
    });

    it("ACC-8 a user that ends cannot log in, and the name is free", async () => {
      const one = await user("tom");
      expect(await put(one, "/mine", "tom's")).toBe("ok");
      expect(await kindOf(ada.removeUser(named("nemo")))).toBe("not-found");
      expect(await kindOf(ada.removeUser(named("shared")))).toBe("usage");
      await ada.removeUser(named("tom"));
      expect(await put(one, "/late", "too late")).not.toBe("ok");
      const other = await session();
      expect(await kindOf(other.login({ name: named("tom"), password: passwordOf("tom") }))).toBe("permission");
      expect((await ada.users()).map((each) => each.name)).not.toContain("tom");
      const next = await user("tom");
      expect(await names(next, "/")).toEqual([]);
      await next.removeUser(named("tom"));
      expect((await ada.users()).map((each) => each.name)).not.toContain("tom");
    });

    it("ACC-9 each user has own files, and /shared is everybody's", async () => {
      const one = await user("ben");
      const other = await user("cat");
      expect(await put(one, "/note", "ben's")).toBe("ok");
      expect(await put(other, "/note", "cat's")).toBe("ok");
      expect(await put(nobody, "/everybody", "for all")).toBe("ok");
      expect(await read(one, "/note")).toBe("ben's");
      expect(await read(other, "/note")).toBe("cat's");
      expect(await read(other, "/shared/everybody")).toBe("for all");
      expect(await put(one, "/shared/by-ben", "for all too")).toBe("ok");
      expect(await read(nobody, "/by-ben")).toBe("for all too");
      expect(await kindOf(nobody.stat(at("/note")))).toBe("not-found");
      await other.logout();
      expect(await read(other, "/by-ben")).toBe("for all too");
    });

    it("ACC-10 the doors are reached by their paths, and are in no listing, walk or removal of the root", async () => {
      const one = await user("dan");
      expect(await put(one, "/only", "dan's")).toBe("ok");
      expect(await put(one, "/shared/dans-gift", "gift")).toBe("ok");
      expect(await names(one, "/")).toEqual(["only"]);
      expect(await walked(one, "/")).toEqual(["/", "/only"]);
      expect(await names(one, "/shared")).toContain("dans-gift");
      expect(await walked(one, "/shared")).toContain("/shared/dans-gift");
      expect(await found(one, "/")).toEqual(["/", "/only"]);
      expect(await found(one, "/shared", "dans-*")).toEqual(["/shared/dans-gift"]);
      expect(await found(nobody, "/", "dans-*")).toEqual(["/dans-gift"]);
      expect(await found(one, "/from")).toEqual(["/from"]);
      expect(await names(one, "/from")).toEqual([]);
      for (const door of ["/shared", "/from"]) {
        expect(await one.stat(at(door))).toMatchObject({ kind: "directory", path: door, name: door.slice(1) });
        expect(await kindOf(one.mkdir(at(door)))).toBe("invalid-name");
        expect(await kindOf(one.move(at("/only"), at(door)))).toBe("invalid-name");
        expect(await kindOf(one.remove(at(door), { recursive: true }))).toBe("permission");
        expect(await kindOf(one.rmdir(at(door)))).toBe("permission");
        expect(await kindOf(one.move(at(door), at("/elsewhere")))).toBe("permission");
      }
      expect(await kindOf(one.mkdir(at("/from/dir")))).toBe("permission");
      await nobody.mkdir(at("/shared"));
      await nobody.mkdir(at("/from"));
      expect(await names(one, "/shared")).toEqual(expect.arrayContaining(["from", "shared"]));
    });

    it("ACC-11 files are copied between spaces, and not moved", async () => {
      const one = await user("eli");
      expect(await put(one, "/draft", "words")).toBe("ok");
      expect(await kindOf(one.move(at("/draft"), at("/shared/eli-draft")))).toBe("usage");
      expect(await one.copy(at("/draft"), at("/shared/eli-draft"))).toBe(1);
      expect(await read(nobody, "/eli-draft")).toBe("words");
      expect(await one.copy(at("/shared/eli-draft"), at("/back"))).toBe(1);
      expect(await read(one, "/back")).toBe("words");
    });

    it("ACC-12 a share gives a directory with all that is and will be in it, for reading", async () => {
      const one = await user("flo");
      const other = await user("gus");
      await one.mkdir(at("/docs/deep"), { parents: true });
      expect(await put(one, "/docs/deep/plan", "the plan")).toBe("ok");
      const share = await one.share(at("/docs/deep"), named("gus"));
      expect(share).toMatchObject({
        owner: "flo",
        grantee: "gus",
        path: "/docs/deep",
        kind: "directory",
        mayWrite: false,
      });
      expect(await one.shares("by")).toEqual([share]);
      expect(await one.shares("to")).toEqual([]);
      expect(await other.shares("to")).toEqual([{ ...share, path: "/from/flo/deep" }]);
      expect(await names(other, "/from")).toEqual(["flo"]);
      expect(await names(other, "/from/flo")).toEqual(["deep"]);
      expect(await other.stat(at("/from/flo"))).toMatchObject({ kind: "directory", name: "flo" });
      expect(await put(one, "/docs/deep/later", "came later")).toBe("ok");
      expect(await read(other, "/from/flo/deep/plan")).toBe("the plan");
      expect(await read(other, "/from/flo/deep/later")).toBe("came later");
      expect(await walked(other, "/from/flo")).toEqual([
        "/from/flo",
        "/from/flo/deep",
        "/from/flo/deep/later",
        "/from/flo/deep/plan",
      ]);
      expect(await put(other, "/from/flo/deep/mine", "no")).toBe("permission");
      expect(await kindOf(other.remove(at("/from/flo/deep/plan")))).toBe("permission");
      expect(await kindOf(ada.stat(at("/from/flo/deep")))).toBe("not-found");
      expect(await kindOf(other.stat(at("/from/flo/docs")))).toBe("not-found");
      expect(await other.copy(at("/from/flo/deep/plan"), at("/kept"))).toBe(1);
      expect(await read(other, "/kept")).toBe("the plan");
    });

    it("ACC-13 a share for writing lets the other one change what is in it, but not remove or move itself", async () => {
      const one = await user("hal");
      const other = await user("ivy");
      await one.mkdir(at("/project"));
      expect(await put(one, "/project/list", "one")).toBe("ok");
      expect(await put(one, "/single", "one")).toBe("ok");
      await one.share(at("/project"), named("ivy"));
      expect(await put(other, "/from/hal/project/list", "two")).toBe("permission");
      expect(await one.share(at("/project"), named("ivy"), { write: true })).toMatchObject({ mayWrite: true });
      expect(await one.shares("by")).toHaveLength(1);
      await one.share(at("/single"), named("ivy"), { write: true });
      expect(await put(other, "/from/hal/project/list", "two")).toBe("ok");
      expect(await put(other, "/from/hal/project/new", "by ivy")).toBe("ok");
      expect(await put(other, "/from/hal/single", "two")).toBe("ok");
      expect([await read(one, "/project/list"), await read(one, "/project/new"), await read(one, "/single")]).toEqual([
        "two",
        "by ivy",
        "two",
      ]);
      await other.move(at("/from/hal/project/new"), at("/from/hal/project/renamed"));
      expect(await other.remove(at("/from/hal/project/renamed"))).toBe(1);
      expect(await kindOf(other.remove(at("/from/hal/project"), { recursive: true }))).toBe("permission");
      expect(await kindOf(other.move(at("/from/hal/project"), at("/from/hal/other")))).toBe("permission");
      expect(await kindOf(other.remove(at("/from/hal"), { recursive: true }))).toBe("permission");
      expect(await kindOf(other.move(at("/from/hal/project/list"), at("/taken")))).toBe("usage");
      await one.share(at("/project"), named("ivy"), { write: false });
      expect(await put(other, "/from/hal/project/list", "three")).toBe("permission");
    });

    it("ACC-14 an un-shared path is gone for the other one, and nothing written later can be read", async () => {
      const one = await user("jan");
      const other = await user("kai");
      await one.mkdir(at("/box"));
      expect(await put(one, "/box/a", "one")).toBe("ok");
      expect(await kindOf(one.unshare(at("/box"), named("kai")))).toBe("not-found");
      await one.share(at("/box"), named("kai"));
      await one.share(at("/box"), named("zoe"));
      expect(await read(other, "/from/jan/box/a")).toBe("one");
      await one.unshare(at("/box"), named("kai"));
      expect(await kindOf(other.stat(at("/from/jan/box/a")))).toBe("not-found");
      expect(await names(other, "/from")).toEqual([]);
      expect((await one.shares("by")).map((share) => share.grantee)).toEqual(["zoe"]);
      expect(await put(one, "/box/b", "later")).toBe("ok");
      expect(await read(one, "/box/a")).toBe("one");
      await one.share(at("/box"), named("kai"));
      expect(await read(other, "/from/jan/box/b")).toBe("later");
    });

    it("ACC-15 a share follows what is renamed, and ends with it", async () => {
      const one = await user("lou");
      const other = await user("mia");
      expect(await put(one, "/song", "la")).toBe("ok");
      await one.share(at("/song"), named("mia"));
      await one.move(at("/song"), at("/tune"));
      expect((await one.shares("by")).map((share) => share.path)).toEqual(["/tune"]);
      const [received] = await other.shares("to");
      expect(await read(other, received?.path ?? "/")).toBe("la");
      await one.remove(at("/tune"));
      expect(await one.shares("by")).toEqual([]);
      expect(await other.shares("to")).toEqual([]);
      expect(await put(one, "/again", "la")).toBe("ok");
      await one.share(at("/again"), named("mia"));
      await ada.removeUser(named("lou"));
      expect(await names(other, "/from")).toEqual([]);
    });

    it("ACC-16 only what is one's own is shared, with another user", async () => {
      const one = await user("ned");
      await user("oda");
      expect(await put(one, "/thing", "x")).toBe("ok");
      expect(await put(one, "/shared/neds", "x")).toBe("ok");
      expect(await kindOf(one.share(at("/"), named("oda")))).toBe("usage");
      expect(await kindOf(one.share(at("/thing"), named("ned")))).toBe("usage");
      expect(await kindOf(one.share(at("/shared/neds"), named("oda")))).toBe("usage");
      expect(await kindOf(one.share(at("/nope"), named("oda")))).toBe("not-found");
      expect(await kindOf(one.share(at("/thing"), named("nemo")))).toBe("not-found");
      expect(await kindOf(nobody.share(at("/neds"), named("oda")))).toBe("not-logged-in");
    });

    it("ACC-17 a quota bounds what a user's files cost, whoever writes them", async () => {
      const one = await user("pam", 40_000);
      const other = await user("quy");
      expect(await put(one, "/first", "a".repeat(30_000))).toBe("ok");
      const { usedBytes } = await one.whoami();
      expect(usedBytes).toBeGreaterThanOrEqual(30_000);
      expect(await put(one, "/second", "b".repeat(30_000))).toBe("quota");
      await one.mkdir(at("/open"));
      await one.share(at("/open"), named("quy"), { write: true });
      expect(await put(other, "/from/pam/open/much", "c".repeat(30_000))).toBe("quota");
      expect(await put(other, "/much", "c".repeat(30_000))).toBe("ok");
      expect((await one.whoami()).usedBytes).toBe(usedBytes);
      await ada.setQuota(named("pam"), 100_000);
      expect(await put(one, "/second", "b".repeat(30_000))).toBe("ok");
      expect((await one.whoami()).usedBytes).toBeGreaterThan(usedBytes);
    });

    it("ACC-18 invites are listed until they are revoked, with what is left of them", async () => {
      const made = await ada.invite({ uses: 3, role: "client", expiresInMs: hourMs });
      const own = await ada.invites();
      const invite = own.find(({ role }) => role === "client");
      expect(invite).toMatchObject({ usesLeft: 3, createdBy: "ada", expiresMs: made.expiresMs });
      expect(invite?.id).toMatch(/^[0-9a-f]{8,}$/);
      expect(JSON.stringify(own)).not.toContain(made.text);
      for (const wrong of [{ uses: 0 }, { uses: 101 }, { uses: 1.5 }])
        expect(await kindOf(ada.invite(wrong))).toBe("usage");
      expect(await kindOf(ada.revokeInvite("0123456789abcdef0123"))).toBe("not-found");
      expect(await kindOf(nobody.revokeInvite(invite?.id ?? ""))).toBe("permission");
      await ada.revokeInvite(invite?.id ?? "");
      expect((await ada.invites()).map(({ id }) => id)).not.toContain(invite?.id);
    });

    it("ACC-19 a transaction acts for the session's user, and changes nothing of users", async () => {
      const one = await user("ron");
      await user("sue");
      const transaction = await one.begin();
      expect(await transaction.whoami()).toMatchObject({ name: "ron" });
      await transaction.mkdir(at("/made"));
      for (const call of [
        () => transaction.login({ name: named("ron"), password: passwordOf("ron") }),
        () => transaction.logout(),
        () => transaction.share(at("/made"), named("sue")),
        () => transaction.addUser({ name: named("eve"), password: passwordOf("eve") }),
        () => transaction.setAdmin(named("sue"), true),
      ])
        expect(await kindOf(call())).toBe("usage");
      await transaction.commit();
      await transaction.close();
      expect(await names(one, "/")).toEqual(["made"]);
      expect(await kindOf(nobody.stat(at("/made")))).toBe("not-found");
    });

    it("PAST-13 each user has a past of its own, and that of what is everybody's; the past of what others share is theirs", async () => {
      const one = await user("xara");
      const other = await user("yves");
      await put(one, "/own", "first");
      await put(one, "/shared/board", "first");
      await one.share(at("/own"), named("yves"));
      const nowMs = Date.now();
      await vi.waitUntil(() => Date.now() > nowMs);
      const then = pastRoot(nowMs);
      await put(one, "/own", "second");
      await one.remove(at("/shared/board"));
      expect(await read(one, `${then}/own`)).toBe("first");
      expect(await kindOf(other.stat(at(`${then}/own`)))).toBe("not-found");
      for (const each of [one, other]) expect(await read(each, `${then}/shared/board`)).toBe("first");
      expect(await read(nobody, `${then}/board`)).toBe("first");
      expect(await read(other, "/from/xara/own")).toBe("second");
      for (const path of [`${then}/from`, `${then}/from/xara/own`])
        expect(await kindOf(other.stat(at(path)))).toBe("permission");
      expect(await put(other, `${then}/shared/board`, "changed")).toBe("permission");
      expect(await kindOf(other.mkdir(at("/shared/@2026-11-01")))).toBe("invalid-name");
      expect(await other.copy(at(`${then}/shared/board`), at("/shared/board"))).toBe(1);
      expect(await read(one, "/shared/board")).toBe("first");
      await one.remove(at("/shared/board"));
    });
  });
}
