/** Messages between members: lost, doubled, late and out of order, and partitions that cut one way or both. */
import type { MemberId } from "../../src/raft/types.ts";
import type { Message } from "../../src/raft/messages.ts";
import type { Prng } from "./prng.ts";

/** More than this under way and the oldest is lost, so that a run stays small. */
const messagesMax = 400;

export class SimNetwork {
  readonly #prng: Prng;
  #messages: Message[] = [];
  readonly #cuts = new Set<number>();

  constructor(prng: Prng) {
    this.#prng = prng;
  }

  get size(): number {
    return this.#messages.length;
  }

  /** Puts a message under way; returns one that had to make room for it. */
  send(message: Message): Message | undefined {
    this.#messages.push(message);
    return this.#messages.length > messagesMax ? this.#messages.shift() : undefined;
  }

  /** Takes out any message; `isOrdered`: the oldest. */
  take(isOrdered: boolean): Message | undefined {
    const count = this.#messages.length;
    if (count === 0) return undefined;
    if (isOrdered) return this.#messages.shift();
    const at = this.#prng.below(count);
    const message = this.#messages[at] as Message;
    this.#messages.splice(at, 1);
    return message;
  }

  /** Cuts the way from each of `left` to each of `right`, and back unless `isOneWay`. */
  cut(left: readonly MemberId[], right: readonly MemberId[], isOneWay: boolean): void {
    for (const from of left)
      for (const to of right) {
        this.#cuts.add(way(from, to));
        if (!isOneWay) this.#cuts.add(way(to, from));
      }
  }

  heal(): void {
    this.#cuts.clear();
  }

  isBlocked(message: Message): boolean {
    return this.#cuts.size > 0 && this.#cuts.has(way(message.from, message.to));
  }
}

const idsMax = 1 << 16;

function way(from: MemberId, to: MemberId): number {
  return from * idsMax + to;
}
