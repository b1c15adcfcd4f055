/**
 * Clients with sessions: each has one operation open, repeats it under the same number until it is answered, and knows
 * the promise that it was given: what was acknowledged stays, counts once, and every later read shows it.
 */
import type { Entry } from "../../src/raft/types.ts";
import { decodeCommand, encodeCommand } from "./machine.ts";
import type { Prng } from "./prng.ts";
import type { Profile } from "./profile.ts";
import type { Observer } from "./observer.ts";
import type { SimNode } from "./node.ts";
import { demand } from "./violation.ts";
import { nobody } from "../../src/raft/types.ts";
import { registerCount } from "./machine.ts";

interface Operation {
  readonly kind: "write" | "read";
  readonly seq: number;
  /** Every index that was acknowledged to anybody when the operation began: a read must not show less. */
  readonly floor: number;
  /** Where it was sent, in which life, and when; undefined: it must be sent (again). */
  sent: { readonly node: SimNode; readonly life: number; readonly tick: number; readonly context: number } | undefined;
  /** A read's answer: serve once this is applied. */
  readAt: number | undefined;
}

interface Client {
  readonly session: number;
  lastSeq: number;
  operation: Operation | undefined;
  /** Where the last operation succeeded: tried first. */
  favourite: SimNode | undefined;
  writes: number;
  reads: number;
}

export class Clients {
  readonly #prng: Prng;
  readonly #profile: Profile;
  readonly #observer: Observer;
  readonly #clients: readonly Client[];
  /** One that only reads, wherever something has just happened. */
  readonly #reader: Client;
  readonly #all: readonly Client[];
  readonly #acknowledged: { readonly session: number; readonly seq: number; readonly index: number }[] = [];
  #floor = 0;

  constructor(prng: Prng, profile: Profile, observer: Observer) {
    this.#prng = prng;
    this.#profile = profile;
    this.#observer = observer;
    this.#clients = Array.from({ length: profile.clients }, (_, session) => newClient(session));
    this.#reader = newClient(profile.clients);
    this.#all = [...this.#clients, this.#reader];
  }

  /** Lets one client begin, or repeat, or go on waiting. */
  act(nodes: readonly SimNode[], tick: number): void {
    const client = this.#prng.pick(this.#clients);
    if (client.operation === undefined)
      this.#begin(client, this.#prng.chance(this.#profile.readShare) ? "read" : "write");
    this.#pursue(client, nodes, tick);
  }

  /** Reads at `node`, at once; a read of this kind that was open is given up. */
  readAt(node: SimNode, tick: number): void {
    this.#reader.operation = undefined;
    this.#begin(this.#reader, "read");
    this.#reader.favourite = node;
    this.#pursue(this.#reader, [node], tick);
  }

  /** Lets every client finish what it has begun, and then do each kind of operation once; returns whether all have. */
  finish(nodes: readonly SimNode[], tick: number): boolean {
    for (const client of this.#clients) {
      if (client.operation === undefined && client.writes === 0) this.#begin(client, "write");
      else if (client.operation === undefined && client.reads === 0) this.#begin(client, "read");
      if (client.operation !== undefined) this.#pursue(client, nodes, tick);
    }
    return this.#clients.every((client) => client.operation === undefined && client.writes > 0 && client.reads > 0);
  }

  /** From now on `finish` counts anew. */
  countAnew(): void {
    for (const client of this.#clients) client.writes = client.reads = 0;
  }

  /** An entry was applied at `node`: whoever waits for it there is answered. */
  applied(node: SimNode, entry: Entry): void {
    if (entry.kind === "command") {
      const { session, seq } = decodeCommand(entry.data);
      const client = this.#clients[session];
      const operation = client?.operation;
      const isHere = operation?.sent?.node === node && operation.sent.life === node.life;
      if (client !== undefined && isHere && operation?.kind === "write" && operation.seq === seq)
        this.#acknowledge(client, seq, entry.index);
    }
    for (const client of this.#all) if (client.operation?.sent?.node === node) this.#serve(client, node);
  }

  readAnswered(node: SimNode, context: number, index: number | undefined): void {
    for (const client of this.#all) {
      const { operation } = client;
      const sent = operation?.sent;
      if (operation === undefined || sent?.node !== node || sent.life !== node.life || sent.context !== context)
        continue;
      if (index === undefined) operation.sent = undefined;
      else {
        demand(
          index >= operation.floor,
          "stale read",
          () => `a read at index ${index}, after ${operation.floor} was acknowledged`,
        );
        operation.readAt = index;
        this.#serve(client, node);
      }
    }
  }

  /** At the end: what was acknowledged must be there, at its place. */
  checkKept(nodes: readonly SimNode[]): void {
    for (const { session, seq, index } of this.#acknowledged) {
      const entry = this.#observer.committedAt(index);
      const command = entry === undefined ? undefined : decodeCommand(entry.data);
      const isThere = command?.session === session && command.seq === seq;
      demand(isThere, "acknowledged write", () => `write ${session}/${seq}, acknowledged at ${index}, is gone`);
      for (const { id, machine } of nodes)
        demand(
          (machine.sessions[session] ?? 0) >= seq,
          "acknowledged write",
          () => `member ${id} lacks ${session}/${seq}`,
        );
    }
  }

  #begin(client: Client, kind: Operation["kind"]): void {
    if (kind === "write") client.lastSeq++;
    const seq = client.lastSeq;
    client.operation = { kind, seq, floor: this.#floor, sent: undefined, readAt: undefined };
  }

  #pursue(client: Client, nodes: readonly SimNode[], tick: number): void {
    const { operation } = client;
    if (operation === undefined || nodes.length === 0) return;
    const isPatient = operation.sent !== undefined && tick - operation.sent.tick < this.#profile.electionTicks * 2;
    if (isPatient) return;
    if (operation.sent !== undefined) {
      this.#observer.count("operations repeated");
      // Whoever left it waiting may have been removed.
      client.favourite = undefined;
    }
    operation.sent = undefined;
    operation.readAt = undefined;
    const isFaithful = client.favourite?.isUp === true && this.#prng.chance(0.7);
    const node = isFaithful ? (client.favourite as SimNode) : this.#prng.pick(nodes);
    if (operation.kind === "read") this.#read(operation, node, tick);
    else this.#write(client, operation, node, tick);
    client.favourite = operation.sent === undefined ? undefined : node;
    this.#observer.check(node);
  }

  #read(operation: Operation, node: SimNode, tick: number): void {
    const context = node.nextContext++;
    if (node.raft.readIndex(context)) operation.sent = { node, life: node.life, tick, context };
  }

  #write(client: Client, operation: Operation, node: SimNode, tick: number): void {
    const { session } = client;
    const { seq } = operation;
    const [key, lifeTicks] = [(session + seq) % registerCount, seq % 3 === 0 ? 10 : 0];
    const value = (session + 1) * 1000 + seq;
    const data = encodeCommand({ session, seq, key, value, lifeTicks, stampedTick: node.ticks });
    const isHandingOver = node.raft.status().transferTarget !== nobody;
    const proposal = node.raft.propose(data);
    if (!proposal.accepted) return;
    demand(!isHandingOver, "transfer rule", () => `member ${node.id} took a proposal while it was handing over`);
    operation.sent = { node, life: node.life, tick, context: 0 };
    if (this.#prng.chance(this.#profile.burstChance))
      for (let copies = this.#prng.below(6); copies > 0; copies--) node.raft.propose(data);
  }

  #acknowledge(client: Client, seq: number, index: number): void {
    if (this.#prng.chance(0.1)) return;
    this.#acknowledged.push({ session: client.session, seq, index });
    this.#floor = Math.max(this.#floor, index);
    client.operation = undefined;
    client.writes++;
    this.#observer.count("writes acknowledged");
  }

  #serve(client: Client, node: SimNode): void {
    const readAt = client.operation?.readAt;
    const { applied } = node.machine;
    if (readAt === undefined || applied < readAt) return;
    this.#floor = Math.max(this.#floor, applied);
    client.operation = undefined;
    client.reads++;
    this.#observer.count("reads served");
  }
}

function newClient(session: number): Client {
  return { session, lastSeq: 0, operation: undefined, favourite: undefined, writes: 0, reads: 0 };
}
