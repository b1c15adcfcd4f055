/**
 * Holds back appends without entries, which only tell a member that the commit index has moved.
 *
 * Under load the next entries tell it a moment later, so that half of all messages need not be sent. A member that hears
 * nothing else within a few milliseconds gets the newest of them. Losing such a message would do no harm either: the
 * next heartbeat says the same.
 */
import { commitNewsHeldMs } from "../../core/limits.ts";
import type { Message } from "../../raft/messages.ts";
import type { MemberId } from "../../raft/types.ts";

export class CommitNews {
  readonly #send: (messages: readonly Message[]) => void;
  readonly #isReplicating: (member: MemberId) => boolean;
  readonly #held = new Map<MemberId, Message>();
  #timer: NodeJS.Timeout | undefined;

  /** `isReplicating` says of which members the log is known to agree. */
  constructor(send: (messages: readonly Message[]) => void, isReplicating: (member: MemberId) => boolean) {
    this.#send = send;
    this.#isReplicating = isReplicating;
  }

  /** Sends messages, but holds news to members whose log is known to agree. */
  pass(messages: readonly Message[]): void {
    const now = messages.filter((message) => {
      if (message.type !== "append") return true;
      if (message.entries.length === 0 && this.#isReplicating(message.to)) {
        this.#held.set(message.to, message);
        return false;
      }
      this.#held.delete(message.to);
      return true;
    });
    if (now.length > 0) this.#send(now);
    if (this.#held.size > 0) this.#timer ??= setTimeout(() => this.#release(), commitNewsHeldMs);
  }

  /** Forgets what is held: this member does not lead any more. */
  drop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#held.clear();
  }

  #release(): void {
    const messages = [...this.#held.values()];
    this.drop();
    if (messages.length > 0) this.#send(messages);
  }
}
