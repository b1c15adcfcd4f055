import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { decodeResult, resultOrThrow } from "../../../src/catalogue/result.ts";
import type { PeerId, UserName } from "../../../src/core/ids.ts";
import { CoordinatorQuestions } from "../../../src/peer/coordination/coordinator-questions.ts";
import { RemoteCoordinator } from "../../../src/peer/coordination/remote-coordinator.ts";
import { decodeCbor, encodeCbor } from "../../../src/peer/wire/cbor.ts";
import type { RpcMethod } from "../../../src/peer/wire/rpc-method.ts";
import { Person, type Session, credential, founding, id, peerSession, putFile } from "../../catalogue/world.ts";
import { userSession } from "../../catalogue/world.ts";
import { TestGroup, type TestMember } from "./members.ts";

const { signal } = new AbortController();
const [ann, bob] = [new Person("ann"), new Person("bob")];
let group: TestGroup;
let leader: TestMember;
let remote: RemoteCoordinator;
let sent: Uint8Array[];

beforeEach(async () => {
  group = await TestGroup.of(1);
  leader = await group.leader();
  remote = new RemoteCoordinator({ call: overCbor }, leader.peer, new CoordinatorQuestions());
  sent = [];
  const administrator = new Person("ann").session;
  await commit(peerSession(), founding);
  await commit(userSession(), ann.added());
  await commit(administrator, bob.added({ quotaBytes: 500 }));
});
afterEach(() => group.close());

/** A call whose parameters and result pass through CBOR and their schemas, as between two processes. */
async function overCbor<Params, Result>(
  to: PeerId,
  method: RpcMethod<Params, Result>,
  params: Params,
): Promise<Result> {
  const received = decodeCbor(encodeCbor(params), method.params, method.name);
  const answer = encodeCbor(await group.call(leader, to, method, received));
  sent.push(answer);
  return decodeCbor(answer, method.result, method.name);
}

async function commit(session: Session, ...operations: Parameters<Session["next"]>): Promise<void> {
  resultOrThrow(await leader.coordinator.proposeChecked(session.next(...operations), signal));
}

describe("what members ask the coordinators about users", () => {
  it("USER-9 is answered over the wire as the catalogue has it, and never with a credential", async () => {
    const { catalogue } = leader.coordinator;
    const { userId, rootDirectory: parent } = bob.keys;
    await commit(new Person("bob").session, putFile("a", { parent, shelf: founding.founder.shelf ?? id("none") }));
    expect(await remote.users(undefined, 2)).toEqual(catalogue.users({ limit: 2 }));
    expect(await remote.users("bob" as UserName, 9)).toMatchObject({ rows: [{ name: "shared" }], next: null });
    expect(await remote.user(userId)).toEqual(catalogue.user(userId));
    expect(await remote.user(id("nobody"))).toBeUndefined();
    expect(await remote.userByName(bob.name, { stale: true })).toMatchObject({ quotaBytes: 500, usedBytes: 116 });
    expect(await remote.userByName("nobody" as UserName)).toBeUndefined();
    const first = await remote.changes(userId, { sinceIndex: 0, limit: 1 });
    expect(first).toMatchObject({ rows: [{ node: parent, kind: "directory" }], isReset: false });
    expect(await remote.changes(userId, { sinceIndex: 0, after: first.next ?? undefined })).toMatchObject({
      rows: [{ node: id("a"), parent, sizeBytes: 100 }],
      next: null,
      appliedIndex: catalogue.appliedIndex(),
    });
    expect(catalogue.credential(bob.name)).toMatchObject(credential("bob"));
    for (const secret of Object.values(credential("bob")))
      for (const answer of sent) expect(Buffer.from(answer).includes(Buffer.from(secret))).toBe(false);
  });

  it("USER-9 a list of invites leaves out those that have expired by now", async () => {
    const nowMs = Date.now();
    const [early, late] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
    const invite = { op: "addInvite", uses: 2, role: "client" } as const;
    const administrator = new Person("ann", ann.keys, "another session").session;
    await commit(administrator, { ...invite, hash: early, expiresMs: nowMs + 60_000 });
    await commit(administrator, { ...invite, hash: late, expiresMs: nowMs + 90_000 });
    const listed = async () => (await remote.invites()).map(({ hash, createdBy }) => [hash, createdBy]);
    expect(await listed()).toEqual([
      [early, "ann"],
      [late, "ann"],
    ]);
    group.nowMs = () => nowMs + 60_000;
    expect(await listed()).toEqual([[late, "ann"]]);
  });

  it("USER-7 the leader takes no command of a user who has ended but the one that is asked again", async () => {
    const session = new Person("bob").session;
    const end = session.next({ op: "removeUser", user: bob.keys.userId });
    const propose = (command: Uint8Array) => leader.coordinator.proposeChecked(command, signal);
    for (let time = 0; time < 2; time += 1)
      expect(decodeResult(await propose(end))).toMatchObject({ ok: { results: [{ op: "removeUser" }] } });
    const before = leader.coordinator.log.status.lastIndex;
    await expect(propose(session.next(putFile("a")))).rejects.toMatchObject({ kind: "permission" });
    expect(leader.coordinator.log.status.lastIndex).toBe(before);
  });
});
