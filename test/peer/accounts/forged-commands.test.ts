/** Commands that nobody may send, over real RPC to real coordinators: each is refused, and the catalogue stays as it is. */
import { mkdtempSync, rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type Author, encodeCommand } from "../../../src/catalogue/command.ts";
import { catalogueDigest } from "../../../src/catalogue/digest.ts";
import { type Operation, administratorOnly, leaderOnly } from "../../../src/catalogue/operation.ts";
import { type CommandResult, decodeResult } from "../../../src/catalogue/result.ts";
import { toDfsError } from "../../../src/core/errors.ts";
import {
  type LeaseId,
  type NetworkId,
  type NodeId,
  type SessionId,
  type UserName,
  parseUserName,
} from "../../../src/core/ids.ts";
import { resolvePath } from "../../../src/core/names.ts";
import { SqlDatabase } from "../../../src/core/sqlite.ts";
import { generatePeerKey, peerIdOf } from "../../../src/identity/peer-identity.ts";
import { generateRootKey } from "../../../src/identity/credentials.ts";
import { type UserKeys, deriveUser } from "../../../src/identity/user-keys.ts";
import { catalogueMethods } from "../../../src/peer/coordination/catalogue-methods.ts";
import type { Peer } from "../../../src/peer/peer.ts";
import { randomId } from "../../../src/peer/random-ids.ts";
import { Forger } from "./forger.ts";
import { PeerGroup } from "./peers.ts";

const named = (name: string): UserName => parseUserName(name);
const password = "seven blue kites";
const patient = { timeout: 180_000 };
/** So many looks in a row see no new entry before the group counts as at rest. */
const quietLooks = 5;

/** What became of a command: `ok`, the kind of its refusal by the catalogue, or the kind of the coordinator's error. */
type Outcome = { readonly by: "catalogue" | "coordinator"; readonly kind: string };

/** Who signs, in which session. */
class Stream {
  readonly author: Author;
  readonly sign: (bytes: Uint8Array) => Uint8Array;
  readonly network: NetworkId;
  session = randomId<SessionId>();

  constructor(network: NetworkId, author: Author, sign: (bytes: Uint8Array) => Uint8Array) {
    this.network = network;
    this.author = author;
    this.sign = sign;
  }

  static ofUser(network: NetworkId, keys: UserKeys): Stream {
    return new Stream(network, { user: keys.userId }, (bytes) => keys.sign(bytes));
  }

  command(sequence: number, operations: readonly Operation[], changes: Partial<Stream> = {}): Uint8Array {
    const fields = { network: this.network, author: this.author, session: this.session, ...changes };
    const { network, author, session } = fields;
    return encodeCommand({ network, author, session, sequence, operations }, changes.sign ?? this.sign);
  }
}

describe("forged commands", () => {
  const group = new PeerGroup();
  const folders: string[] = [];
  let forger: Forger;
  let leader: string;
  let networkId: NetworkId;
  let spare: string;
  let users: Record<"ann" | "bob" | "dan" | "gone", UserKeys>;
  let bobsFile: Operation & { readonly op: "putFile" };

  beforeAll(async () => {
    const { folder, peer } = await group.add("first");
    folders.push(folder);
    for (const name of ["second", "third"]) {
      const joined = await group.add(name, (await peer.client.invite()).text);
      folders.push(joined.folder);
    }
    spare = await mkdtemp(join(tmpdir(), "dfs-forger-"));
    forger = await Forger.start(await group.joinOnly(spare, "forger", (await peer.client.invite()).text));
    await vi.waitUntil(async () => (await votersOf(peer)) === 3, { timeout: 120_000, interval: 200 });
    ({ networkId } = await peer.client.status());
    leader = await leaderAddress(peer);
    await peer.client.addUser({ name: named("ann"), password });
    await peer.client.login({ name: named("ann"), password });
    for (const name of ["bob", "dan", "gone"]) await peer.client.addUser({ name: named(name), password });
    const keysOf = (name: string): Promise<UserKeys> => forger.keysOf(leader, named(name), password);
    users = {
      ann: await keysOf("ann"),
      bob: await keysOf("bob"),
      dan: await keysOf("dan"),
      gone: await keysOf("gone"),
    };
    await peer.client.removeUser(named("gone"));
    await peer.client.login({ name: named("bob"), password });
    for (const content of ["one", "two"]) await put(peer, content);
    bobsFile = await nextRevision(users.bob);
    await settled();
  }, 180_000);

  afterAll(async () => {
    await forger.stop();
    await group.stop();
    await rm(spare, { recursive: true, force: true });
  });

  async function votersOf(peer: Peer): Promise<number> {
    const { group: seen } = await peer.client.status();
    return seen.members.filter(({ role }) => role === "voter").length;
  }

  async function leaderAddress(peer: Peer): Promise<string> {
    const { group: seen } = await peer.client.status();
    const { addresses = [] } = (await peer.client.peers()).find(({ name }) => name === seen.leader) ?? {};
    const [address] = addresses;
    if (address === undefined) throw new Error("there is no leader");
    return address;
  }

  async function put(peer: Peer, content: string): Promise<void> {
    const bytes = (async function* () {
      yield Buffer.from(content);
    })();
    const sources = [{ kind: "stream", bytes, name: "file" } as const];
    await peer.client.put({ sources, target: resolvePath("/file"), force: true });
  }

  /** The operation that would give the only file of a user its next revision, with the content that it has. */
  async function nextRevision({ userId, rootDirectory }: UserKeys): Promise<Operation & { readonly op: "putFile" }> {
    const rpc = await forger.rpc(leader);
    const { rows } = await rpc.call(catalogueMethods.list, { user: userId, parent: rootDirectory, limit: 2 });
    const [row] = rows;
    const { shelves } = await rpc.call(catalogueMethods.members, {});
    const shelf = shelves.find((each) => each.shelf === row?.shelf);
    if (row === undefined || row.fileKey === null || shelf === undefined) throw new Error("there is no file");
    const { fileKey, node, token, revision, sizeBytes, attributes, copies } = row;
    return {
      op: "putFile",
      parent: rootDirectory,
      token,
      node,
      generation: row.generation,
      wrap: null,
      pastWrap: new Uint8Array(0),
      baseRevision: revision,
      fileKey,
      sizeBytes,
      sealedBytes: sizeBytes + 16,
      addedBytes: 0,
      attributes,
      shelf: shelf.shelf,
      epoch: shelf.epoch,
      lease: randomId<LeaseId>(),
      copies,
      copiesWanted: 0,
      expiresMs: null,
    };
  }

  async function propose(command: Uint8Array): Promise<CommandResult> {
    const rpc = await forger.rpc(leader);
    return decodeResult(await rpc.call(catalogueMethods.propose, { command }));
  }

  async function outcomeOf(command: Uint8Array): Promise<Outcome> {
    try {
      const result = await propose(command);
      return { by: "catalogue", kind: "error" in result ? result.error.kind : "ok" };
    } catch (error) {
      return { by: "coordinator", kind: toDfsError(error).kind };
    }
  }

  /** The digests of the three catalogues, of all that is in them but how far the log is and who asked last. */
  function digests(): { readonly index: number; readonly digests: readonly string[] } {
    const seen = folders.map((folder) => digestOf(join(folder, "catalogue.db")));
    const indexes = new Set(seen.map(({ index }) => index));
    return { index: indexes.size === 1 ? (seen[0]?.index ?? 0) : 0, digests: seen.map(({ digest }) => digest) };
  }

  /** Resolves when the three have applied the same entries, and no more came for some looks. */
  async function settled(): Promise<ReturnType<typeof digests>> {
    let last = digests();
    let quiet = 0;
    const isQuiet = (): boolean => {
      const now = digests();
      quiet = now.index !== 0 && now.index === last.index ? quiet + 1 : 0;
      last = now;
      return quiet >= quietLooks;
    };
    await vi.waitUntil(isQuiet, { timeout: 60_000, interval: 200 });
    if (new Set(last.digests).size !== 1) throw new Error("the coordinators do not agree");
    return last;
  }

  const directory = (keys: UserKeys): Operation => ({
    op: "makeDirectory",
    parent: keys.rootDirectory,
    token: Buffer.from(randomId<NodeId>(), "hex"),
    node: randomId<NodeId>(),
    parentGeneration: 1,
    attributes: new Uint8Array(40),
    pastWrap: new Uint8Array(40),
  });

  const ofUser = (keys: UserKeys): Stream => Stream.ofUser(networkId, keys);
  const ofForger = (): Stream => new Stream(networkId, { peer: forger.id }, (bytes) => forger.sign(bytes));

  /** Each asks for something that only an administrator may have. */
  const orders = (): readonly Operation[] => {
    const { userId: user, publicKey, boxPublicKey, rootDirectory } = deriveUser(generateRootKey());
    const credential = { salt: new Uint8Array(16), verifier: new Uint8Array(32), wrappedKey: new Uint8Array(60) };
    const proof = new Uint8Array(64);
    const nothing = { copies: null, minCopies: null, retainRevisions: null, retainMs: null };
    const hash = new Uint8Array(32).fill(9);
    return [
      { op: "addInvite", hash, expiresMs: Date.now() + 60_000, uses: 1, role: "storage" },
      { op: "revokeInvite", hash },
      { op: "orderCoordinator", peer: forger.id, order: "add" },
      { op: "orderPeer", peer: forger.id, order: "drain" },
      { op: "revokePeer", peer: forger.id, mayLose: true },
      { op: "addUser", user, name: "new", publicKey, boxPublicKey, proof, rootDirectory, credential, quotaBytes: null },
      { op: "removeUser", user: users.dan.userId },
      { op: "setAdmin", user: users.bob.userId, isAdmin: true },
      { op: "setQuota", user: users.bob.userId, quotaBytes: null },
      { op: "setPolicy", ...nothing, retainRevisions: 1 },
    ];
  };

  it("FORGE-1 unsigned, signed by another, or changed: refused before they are in the log", patient, async () => {
    const { ann, bob, dan, gone } = users;
    const operations = [directory(bob)];
    const strangerKeys = deriveUser(generateRootKey());
    const good = ofUser(bob).command(1, operations);
    const changed = Buffer.from(good);
    const place = changed.indexOf(Buffer.from(bob.rootDirectory, "hex"));
    changed.writeUInt8(changed.readUInt8(place) ^ 1, place);
    const strangerPeer = await generatePeerKey();
    const asStrangerPeer = { author: { peer: peerIdOf(strangerPeer) } };
    const table: readonly [string, Uint8Array, string][] = [
      ["unsigned", ofUser(bob).command(1, operations, { sign: () => new Uint8Array(64) }), "integrity"],
      ["signed by another user", ofUser(bob).command(1, operations, { sign: (bytes) => dan.sign(bytes) }), "integrity"],
      [
        "signed by an administrator",
        ofUser(bob).command(1, operations, { sign: (bytes) => ann.sign(bytes) }),
        "integrity",
      ],
      ["signed by a peer", ofUser(bob).command(1, operations, { sign: (bytes) => forger.sign(bytes) }), "integrity"],
      ["a changed bit", changed, "integrity"],
      [
        "a user's signature of other bytes",
        Buffer.concat([good.subarray(0, 64), ofUser(bob).command(2, operations).subarray(64)]),
        "integrity",
      ],
      ["a user that nobody knows", ofUser(strangerKeys).command(1, [directory(strangerKeys)]), "permission"],
      ["a user who has ended", ofUser(gone).command(1, [directory(gone)]), "permission"],
      ["another peer's name", ofForger().command(1, [{ op: "expire" }], asStrangerPeer), "integrity"],
      ["cut short", good.subarray(0, good.length - 1), "protocol"],
      ["no command at all", new Uint8Array(100).fill(0xff), "protocol"],
    ];
    const before = await settled();
    for (const [what, command, kind] of table)
      expect(await outcomeOf(command), what).toEqual({ by: "coordinator", kind });
    expect(await settled()).toEqual(before);
  });

  it("FORGE-2 what only the leader decides is taken from no other peer", patient, async () => {
    const before = await settled();
    const chain = { shelf: bobsFile.shelf, epoch: bobsFile.epoch };
    const operations: readonly Operation[] = [
      { op: "orderChain", ...chain, links: [{ peer: forger.id, keepsFrom: 1, hasFrom: 1, isFilled: true }] },
      { op: "removePeer", peer: forger.id },
      { op: "collect" },
    ];
    expect(new Set(operations.map(({ op }) => op))).toEqual(leaderOnly);
    for (const operation of operations)
      expect(await outcomeOf(ofForger().command(1, [operation])), operation.op).toEqual({
        by: "coordinator",
        kind: "permission",
      });
    expect(await settled()).toEqual(before);
  });

  it(
    "FORGE-3 replayed, reordered, for another network, or of the past: refused by the catalogue",
    patient,
    async () => {
      const { bob, dan } = users;
      const bobs = ofUser(bob);
      const first = bobs.command(1, [directory(bob)]);
      expect(await propose(first)).toMatchObject({ ok: { results: [{ op: "makeDirectory" }] } });
      const second = bobs.command(2, [directory(bob)]);
      const answer = await propose(second);
      expect(answer).toMatchObject({ ok: { results: [{ op: "makeDirectory" }] } });
      const before = await settled();
      const another = "00".repeat(32) as NetworkId;
      const past = { ...bobsFile, baseRevision: bobsFile.baseRevision - 1 };
      const asDan = { author: { user: dan.userId }, sign: (bytes: Uint8Array) => dan.sign(bytes) };
      const table: readonly [string, Uint8Array, string][] = [
        ["an earlier command again", first, "conflict"],
        ["an earlier sequence, other operations", bobs.command(1, [directory(bob)]), "conflict"],
        ["a gap", bobs.command(4, [directory(bob)]), "conflict"],
        ["a new session that does not begin with 1", ofUser(bob).command(2, [directory(bob)]), "conflict"],
        ["in another user's session", bobs.command(3, [directory(dan)], asDan), "permission"],
        ["for another network", ofUser(bob).command(1, [directory(bob)], { network: another }), "permission"],
        ["a revision of the past", ofUser(bob).command(1, [past]), "conflict"],
        ["a revision to come", ofUser(bob).command(1, [{ ...bobsFile, baseRevision: 7 }]), "conflict"],
      ];
      for (const [what, command, kind] of table)
        expect(await outcomeOf(command), what).toEqual({ by: "catalogue", kind });
      // The last command is answered as before, whatever else is said under its number: it happened once.
      expect(await propose(second)).toEqual(answer);
      expect(await propose(bobs.command(2, [directory(bob), directory(bob)]))).toEqual(answer);
      expect((await settled()).digests).toEqual(before.digests);
    },
  );

  it(
    "FORGE-4 what only an administrator may order is taken from no other user, no peer, and not from `shared`",
    patient,
    async () => {
      const { bob } = users;
      const before = await settled();
      const all = orders();
      expect(new Set(all.map(({ op }) => op))).toEqual(administratorOnly);
      for (const operation of all) {
        const refused = { by: "catalogue", kind: "permission" };
        expect(await outcomeOf(ofUser(bob).command(1, [operation])), `${operation.op} by a user`).toEqual(refused);
        expect(await outcomeOf(ofForger().command(1, [operation])), `${operation.op} by a peer`).toEqual(refused);
        const hidden = [directory(bob), operation];
        expect(await outcomeOf(ofUser(bob).command(1, hidden)), `${operation.op} behind another`).toEqual(refused);
      }
      const misplaced: readonly [Stream, Operation][] = [
        [ofForger(), directory(bob)],
        [ofForger(), bobsFile],
        [ofUser(bob), { op: "expire" }],
        [
          ofUser(bob),
          { op: "endLease", shelf: bobsFile.shelf, epoch: bobsFile.epoch, lease: bobsFile.lease, fileKeys: [] },
        ],
      ];
      for (const [stream, operation] of misplaced)
        expect(await outcomeOf(stream.command(1, [operation])), operation.op).toEqual({
          by: "catalogue",
          kind: "permission",
        });
      expect((await settled()).digests).toEqual(before.digests);
    },
  );

  it(
    "FORGE-5 a follower takes no command, and the same commands from who may send them change the catalogue",
    patient,
    async () => {
      const { ann, bob } = users;
      const before = await settled();
      const changes: readonly Uint8Array[] = [
        ofUser(bob).command(1, [directory(bob)]),
        ofUser(bob).command(1, [bobsFile]),
        ofUser(ann).command(1, [{ op: "setQuota", user: users.dan.userId, quotaBytes: 5 }]),
      ];
      let { digests: last } = before;
      for (const command of changes) {
        expect(await outcomeOf(command)).toEqual({ by: "catalogue", kind: "ok" });
        const now = await settled();
        expect(now.digests).not.toEqual(last);
        last = now.digests;
      }
      const addresses = (await (await forger.rpc(leader)).call(catalogueMethods.members, {})).peers
        .filter(({ id, addresses }) => id !== forger.id && !addresses.includes(leader))
        .map(({ addresses }) => addresses[0] ?? "");
      expect(addresses).toHaveLength(2);
      for (const address of addresses) {
        const rpc = await forger.rpc(address);
        const command = ofUser(bob).command(1, [directory(bob)]);
        await expect(rpc.call(catalogueMethods.propose, { command })).rejects.toMatchObject({ kind: "not-leader" });
        await expect(rpc.call(catalogueMethods.loginSalt, { name: named("ann") })).rejects.toMatchObject({
          kind: "not-leader",
        });
        await expect(
          rpc.call(catalogueMethods.login, { name: named("ann"), proof: new Uint8Array(32) }),
        ).rejects.toMatchObject({ kind: "not-leader" });
      }
      expect((await settled()).digests).toEqual(last);
    },
  );
});

/** The digest of a copy in which the log's own numbers and the sessions are all the same. */
function digestOf(path: string): { readonly index: number; readonly digest: string } {
  const source = new SqlDatabase(path, { durability: "normal", readOnly: true });
  const folder = mkdtempSync(join(tmpdir(), "dfs-digest-"));
  const copyPath = join(folder, "copy.db");
  source.prepare("VACUUM INTO ?").run(copyPath);
  source.close();
  const copy = new SqlDatabase(copyPath, { durability: "normal" });
  const index = Number(copy.prepare("SELECT applied_index FROM totals").get()?.["applied_index"]);
  copy.exec("UPDATE totals SET applied_index = 0, last_time_ms = 0, sessions = 0; UPDATE log_mark SET mark = X''");
  copy.exec("DELETE FROM sessions");
  const digest = Buffer.from(catalogueDigest(copy)).toString("hex");
  copy.close();
  rmSync(folder, { recursive: true });
  return { index, digest };
}
