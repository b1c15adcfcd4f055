/**
 * Who may connect: members, and a few strangers at a time that may only ask to join.
 *
 * A peer that joined a moment ago may reach others before the news of its joining does, so an unknown peer is looked up
 * with the coordinator once, at a bounded rate, before it counts as a stranger.
 */
import type { ConnectionGater } from "@libp2p/interface";
import { memberLookupsPerSecondMax, strangerConnectionsMax } from "../core/limits.ts";

export interface MemberGateOptions {
  /** Asks the coordinator for the present members and hands them to `setMembers`. */
  readonly refresh: () => Promise<void>;
  readonly nowMs: () => number;
}

export class MemberGate {
  readonly #options: MemberGateOptions;
  #members: ReadonlySet<string> = new Set();
  #strangers = 0;
  #isOpenToStrangers = false;
  #lookupSecond = 0;
  #lookups = 0;

  constructor(options: MemberGateOptions) {
    this.#options = options;
  }

  isMember(peer: string): boolean {
    return this.#members.has(peer);
  }

  setMembers(peers: Iterable<string>): void {
    this.#members = new Set(peers);
  }

  /** From now on strangers may connect: every protocol but join is shut to them. */
  openToStrangers(): void {
    this.#isOpenToStrangers = true;
  }

  /** Counts a stranger's connection in; false when there are too many of them already. */
  admitStranger(): boolean {
    if (this.#strangers >= strangerConnectionsMax) return false;
    this.#strangers += 1;
    return true;
  }

  releaseStranger(): void {
    this.#strangers -= 1;
  }

  /** libp2p's hooks: outbound to members only, inbound from members and from a few strangers. */
  connectionGater(): ConnectionGater {
    return {
      denyDialPeer: (peer) => !this.isMember(peer.toString()),
      denyDialMultiaddr: () => false,
      denyOutboundEncryptedConnection: (peer) => !this.isMember(peer.toString()),
      denyInboundEncryptedConnection: async (peer) => !(await this.#mayEnter(peer.toString())),
    };
  }

  async #mayEnter(peer: string): Promise<boolean> {
    if (this.isMember(peer)) return true;
    if (this.#mayLookUp()) await this.#options.refresh().catch(() => undefined); // without a coordinator the known members stay
    return this.isMember(peer) || (this.#isOpenToStrangers && this.#strangers < strangerConnectionsMax);
  }

  #mayLookUp(): boolean {
    const second = Math.floor(this.#options.nowMs() / 1000);
    if (second !== this.#lookupSecond) {
      this.#lookupSecond = second;
      this.#lookups = 0;
    }
    this.#lookups += 1;
    return this.#lookups <= memberLookupsPerSecondMax;
  }
}
