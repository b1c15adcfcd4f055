/** Members of a group in one process: real logs and catalogues on the disk, and a network that a test can cut. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PeerId } from "../../../src/core/ids.ts";
import { compactAfterEntries } from "../../../src/core/limits.ts";
import { decoySaltKey } from "../../../src/identity/credentials.ts";
import { usualSettings } from "../../../src/peer/peer-settings.ts";
import { Coordinator } from "../../../src/peer/coordination/coordinator.ts";
import { changeContext } from "../../../src/peer/coordination/group-mark.ts";
import { foundSeat, openSeat, readSeat, takeSeat } from "../../../src/peer/coordination/seat-files.ts";
import { segmentBytesFor } from "../../../src/peer/coordination/seat.ts";
import { createLog } from "../../../src/peer/log.ts";
import type { RpcCallOptions } from "../../../src/peer/wire/rpc-client.ts";
import type { RpcMethod } from "../../../src/peer/wire/rpc-method.ts";
import { coordinatorRoutes } from "../../../src/peer/coordination/coordinator-routes.ts";
import { WorkQueue } from "../../../src/peer/load/work-queue.ts";
import { decodeMessage, encodeMessage } from "../../../src/raft/message-codec.ts";
import type { Message } from "../../../src/raft/messages.ts";
import type { MemberId } from "../../../src/raft/types.ts";
import { DfsError } from "../../../src/core/errors.ts";
import type { RaftDisk } from "../../../src/store/raft-disk/raft-disk.ts";

const silentLog = createLog(() => undefined, { level: "silent", json: false });

/** One member: its folder, and its coordinator while it runs. */
export class TestMember {
  readonly peer: PeerId;
  readonly folder: string;
  readonly #group: TestGroup;
  #coordinator: Coordinator | undefined;
  #disk: RaftDisk | undefined;
  faults: DfsError[] = [];

  constructor(group: TestGroup, peer: PeerId, folder: string) {
    this.#group = group;
    this.peer = peer;
    this.folder = folder;
  }

  get coordinator(): Coordinator {
    if (this.#coordinator === undefined) throw new Error(`${this.peer} does not run`);
    return this.#coordinator;
  }

  get isRunning(): boolean {
    return this.#coordinator !== undefined;
  }

  async start(): Promise<void> {
    const seat = await readSeat(this.folder);
    if (seat === undefined) throw new Error(`${this.peer} has no seat`);
    const files = await openSeat(this.folder, seat, segmentBytesFor(this.#group.compactAfterEntries));
    const coordinator = new Coordinator({
      self: this.peer,
      seat,
      cataloguePath: join(this.folder, "catalogue.db"),
      ...files,
      links: { call: (to, method, params, options) => this.#group.call(this, to, method, params, options) },
      decoyKey: decoySaltKey(new Uint8Array(32)),
      send: (messages) => this.#group.deliver(this, messages),
      peerOf: (member) => this.#group.peerOf(member),
      compactAfterEntries: this.#group.compactAfterEntries,
      standings: usualSettings,
      nowMs: () => this.#group.nowMs(),
      log: silentLog,
      onFault: (fault) => this.faults.push(fault),
      onChange: () => undefined,
    });
    this.#coordinator = coordinator;
    this.#disk = files.disk;
    await coordinator.start();
  }

  /** Has every later write of the log fail. */
  breakDisk(error: DfsError): void {
    if (this.#disk !== undefined)
      this.#disk.save = async () => {
        throw error;
      };
  }

  async stop(): Promise<void> {
    const coordinator = this.#coordinator;
    this.#coordinator = undefined;
    await coordinator?.stop();
  }
}

/** A group whose messages pass through the codec and can be lost. */
export class TestGroup {
  readonly members: TestMember[] = [];
  readonly #cut = new Set<string>();
  readonly #folders: string[] = [];
  readonly #peers = new Map<MemberId, PeerId>();
  readonly #questions = new WorkQueue<PeerId>({
    name: "reads of the catalogue",
    runningMax: 128,
    runMsMax: 1_000,
    waitMsMax: 10_000,
    waitingMax: 10_000,
  });
  compactAfterEntries = compactAfterEntries;
  nowMs: () => number = Date.now;

  /** A group of this size, grown from its founder as a leader would. */
  static async of(size: number, settings: { readonly compactAfterEntries?: number } = {}): Promise<TestGroup> {
    const group = new TestGroup();
    group.compactAfterEntries = settings.compactAfterEntries ?? compactAfterEntries;
    const founder = await group.#newMember(1);
    await foundSeat(founder.folder, founder.peer, group.nowMs());
    await founder.start();
    await until(() => founder.coordinator.log.isLeader);
    for (let number = 2; number <= size; number += 1) await group.grow();
    return group;
  }

  /** Adds a member through the present leader, up to its promotion. */
  async grow(): Promise<TestMember> {
    const leader = await this.leader();
    const id = (leader.coordinator.log.mark.configuration.highestId + 1) as MemberId;
    const member = await this.#newMember(id);
    const { group, generation } = leader.coordinator.seat;
    await takeSeat(member.folder, { group, generation, member: id }, leader.coordinator.log.mark.peers);
    await member.start();
    await this.#change(leader, "add-learner", id, changeContext(member.peer));
    await until(() => member.coordinator.log.status.commit >= leader.coordinator.log.status.commit);
    await this.#change(leader, "promote", id, new Uint8Array(0));
    return member;
  }

  async remove(member: TestMember): Promise<void> {
    await this.#change(await this.leader(), "remove", member.coordinator.seat.member, new Uint8Array(0));
  }

  /** The one that leads with the majority's consent; waits until there is one. */
  async leader(among: readonly TestMember[] = this.members): Promise<TestMember> {
    const leading = (): TestMember | undefined => {
      const leaders = among.filter(({ isRunning, coordinator }) => isRunning && coordinator.log.isLeader);
      return leaders.toSorted((one, two) => two.coordinator.log.status.term - one.coordinator.log.status.term)[0];
    };
    await until(() => {
      const leader = leading();
      return leader !== undefined && leader.coordinator.log.status.commit === leader.coordinator.log.status.lastIndex;
    });
    return leading() as TestMember;
  }

  /** Loses everything between two members, one way or both. */
  cut(from: TestMember, to: TestMember, bothWays = true): void {
    this.#cut.add(`${from.peer} ${to.peer}`);
    if (bothWays) this.#cut.add(`${to.peer} ${from.peer}`);
  }

  isolate(member: TestMember): void {
    for (const other of this.members) if (other !== member) this.cut(member, other);
  }

  heal(): void {
    this.#cut.clear();
  }

  peerOf(member: MemberId): PeerId | undefined {
    return this.#peers.get(member);
  }

  deliver(from: TestMember, messages: readonly Message[]): void {
    for (const message of messages) {
      const to = this.members.find(({ peer }) => peer === this.#peers.get(message.to));
      if (to === undefined || this.#isCut(from, to)) continue;
      if (message.type === "snapshot") from.coordinator.snapshots.send(to.peer, message);
      else {
        const bytes = Buffer.concat(encodeMessage(message));
        setImmediate(() => {
          if (to.isRunning && !this.#isCut(from, to)) to.coordinator.log.step(decodeMessage(bytes));
        });
      }
    }
  }

  /** A call of one member by another, as RPC would make it. */
  async call<Params, Result>(
    from: TestMember,
    peer: PeerId,
    method: RpcMethod<Params, Result>,
    params: Params,
    options: RpcCallOptions = {},
  ): Promise<Result> {
    const to = this.members.find((member) => member.peer === peer);
    if (to === undefined || !to.isRunning || this.#isCut(from, to)) throw new DfsError("unreachable", "cut off");
    const routes = coordinatorRoutes(() => (to.isRunning ? to.coordinator : undefined), from.peer, this.#questions);
    const found = routes.find((one) => one.method.name === method.name);
    if (found === undefined) throw new DfsError("protocol", `no method ${method.name}`);
    const signal = options.signal ?? new AbortController().signal;
    const deadlineMs = Number.POSITIVE_INFINITY;
    return (await found.handler(params, {
      signal,
      deadlineMs,
      emit: () => Promise.resolve(),
      answered: Promise.resolve(),
      input: none(),
    })) as Result;
  }

  async close(): Promise<void> {
    for (const member of this.members) await member.stop();
    for (const folder of this.#folders) await rm(folder, { recursive: true, force: true });
  }

  async #newMember(id: number): Promise<TestMember> {
    const folder = await mkdtemp(join(tmpdir(), "dfs-group-"));
    this.#folders.push(folder);
    const member = new TestMember(this, testPeer(id), folder);
    this.#peers.set(id as MemberId, member.peer);
    this.members.push(member);
    return member;
  }

  async #change(
    leader: TestMember,
    type: "add-learner" | "promote" | "remove",
    id: MemberId,
    context: Uint8Array,
  ): Promise<void> {
    await until(() => leader.coordinator.log.proposeChange({ type, id, context }).accepted);
    const isIn = (): boolean => {
      const { voters, learners } = leader.coordinator.log.mark.configuration;
      if (type === "remove") return !voters.includes(id) && !learners.includes(id);
      return type === "promote" ? voters.includes(id) : learners.includes(id);
    };
    await until(isIn);
  }

  #isCut(from: TestMember, to: TestMember): boolean {
    return this.#cut.has(`${from.peer} ${to.peer}`);
  }
}

/** A peer id that no key belongs to, but of the right form. */
export function testPeer(number: number): PeerId {
  return `12D3KooW${"1".repeat(43)}${"123456789ABCDEFGHJKLMNPQRSTUVWXYZ"[number] ?? "z"}` as PeerId;
}

/** Waits for a condition that comes by itself; fails after a while. */
export async function until(isSo: () => boolean, timeoutMs = 10_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!isSo()) {
    if (Date.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${isSo.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function* none(): AsyncGenerator<Uint8Array> {
  // nothing is sent along
}
