/** A small group in one process, driven by hand: who ticks, what is stored, which message arrives. Its transcript reads like a play. */
import type { Entry, MemberId, Ready } from "../../src/raft/types.ts";
import { MemoryStorage } from "../../src/raft/memory-storage.ts";
import type { Message } from "../../src/raft/messages.ts";
import { Raft } from "../../src/raft/raft.ts";
import type { RaftOptions } from "../../src/raft/raft.ts";
import { foundingConfiguration } from "../../src/raft/configuration.ts";
import { nobody } from "../../src/raft/types.ts";

export const electionTicks = 10;
const noData = new Uint8Array(0);

export const member = (id: number): MemberId => id as MemberId;

/** One member with its storage and everything that it applied. */
export class Peer {
  readonly id: MemberId;
  readonly storage: MemoryStorage;
  readonly raft: Raft;
  readonly applied: Entry[] = [];
  readonly reads: { readonly context: number; readonly index: number | undefined }[] = [];

  constructor(id: MemberId, storage: MemoryStorage, options: Partial<RaftOptions> = {}) {
    this.id = id;
    this.storage = storage;
    const applied = storage.firstIndex() - 1;
    // With 0 as the only chance, everybody waits exactly one election timeout.
    this.raft = new Raft({ id, storage, random: () => 0, applied, electionTicks, heartbeatTicks: 1, ...options });
  }

  /** Stores and applies the next Ready; returns it with its messages. */
  turn(): Ready {
    const ready = this.raft.ready();
    this.store(ready);
    this.finish(ready);
    return ready;
  }

  store(ready: Ready): void {
    if (ready.snapshot !== undefined) this.storage.install(ready.snapshot);
    if (ready.hardState !== undefined) this.storage.setHardState(ready.hardState);
    this.storage.append(ready.entries);
  }

  finish(ready: Ready): void {
    this.applied.push(...ready.committed);
    this.reads.push(...ready.readStates);
    this.raft.advance();
  }

  /** Does all work there is; returns the messages. */
  drain(): Message[] {
    const messages: Message[] = [];
    while (this.raft.hasReady()) messages.push(...this.turn().messages);
    return messages;
  }

  tick(count: number): void {
    for (let done = 0; done < count; done++) this.raft.tick();
  }
}

/** A storage that begins with the founding snapshot of these voters, followed by entries of the given terms from index 2 on. */
export function foundedStorage(
  voters: readonly number[],
  terms: readonly number[] = [],
  term = terms.at(-1) ?? 1,
): MemoryStorage {
  const storage = new MemoryStorage();
  storage.install({ index: 1, term: 1, configuration: foundingConfiguration(voters.map(member)), data: noData });
  storage.append(terms.map((entryTerm, at) => entry(at + 2, entryTerm, "x")));
  storage.setHardState({ term, vote: nobody, commit: 1 });
  return storage;
}

export function entry(index: number, term: number, text = ""): Entry {
  return { index, term, kind: "command", data: new TextEncoder().encode(text) };
}

export class Group {
  readonly peers: Peer[];
  readonly transcript: string[] = [];
  /** Messages for which this returns true are lost. */
  isLost: (message: Message) => boolean = () => false;

  constructor(peers: readonly Peer[]) {
    this.peers = [...peers];
  }

  /** Members 1 to `count`, all voters, all new. */
  static founded(count: number, options: Partial<RaftOptions> = {}): Group {
    const ids = Array.from({ length: count }, (_, at) => at + 1);
    return new Group(ids.map((id) => new Peer(member(id), foundedStorage(ids), options)));
  }

  peer(id: number): Peer {
    return this.peers.find((candidate) => candidate.id === id) as Peer;
  }

  /** Delivers and works until everybody is quiet. */
  settle(): void {
    for (;;) {
      const messages = this.peers.flatMap((peer) => peer.drain());
      if (messages.length === 0) return;
      for (const message of messages) this.#deliver(message);
    }
  }

  /** Lets `id` campaign and everybody answer. */
  elect(id: number): void {
    this.peer(id).raft.campaign();
    this.settle();
  }

  /** Ticks everybody so often, and settles after each tick. */
  pass(ticks: number): void {
    for (let done = 0; done < ticks; done++) {
      for (const peer of this.peers) peer.tick(1);
      this.settle();
    }
  }

  #deliver(message: Message): void {
    const isLost = this.isLost(message);
    this.transcript.push(`${isLost ? "lost: " : ""}${told(message)}`);
    if (!isLost) this.peers.find((peer) => peer.id === message.to)?.raft.step(message);
  }
}

/** A message as a line of the play. */
function told(message: Message): string {
  const head = `${message.from} -> ${message.to} ${message.type}, term ${message.term}`;
  switch (message.type) {
    case "pre-vote":
    case "vote":
      return `${head}: log ends at ${message.lastIndex}@${message.lastTerm}`;
    case "pre-vote-response":
    case "vote-response":
      return `${head}: ${message.granted ? "granted" : "refused"}`;
    case "append":
      return `${head}: [${message.entries.map(({ index, term }) => `${index}@${term}`).join(" ")}] behind ${message.prevIndex}@${message.prevTerm}, commit ${message.commit}`;
    case "append-response":
      return `${head}: ${message.rejected ? `no, ask at ${message.hintIndex}@${message.hintTerm}` : `have ${message.index}`}`;
    default:
      return head;
  }
}

/** Messages of one type. */
export function ofType<Type extends Message["type"]>(
  messages: readonly Message[],
  type: Type,
): readonly Extract<Message, { type: Type }>[] {
  return messages.filter((message): message is Extract<Message, { type: Type }> => message.type === type);
}
