/**
 * Who may connect: members, and a few strangers at a time that may only ask to join.
 *
 * A peer that joined a moment ago may reach others before the news of its joining does, so an unknown peer is looked up
 * with the coordinator once, at a bounded rate, before it counts as a stranger.
 */
import type { ConnectionGater } from "@libp2p/interface";
import { departedPeersMax, memberLookupsPerSecondMax } from "../core/limits.ts";
import { ConnectionDoor, type CountedConnection } from "./connection-door.ts";

export interface MemberGateOptions {
  /** Asks the coordinator for the present members and hands them to `setMembers`. */
  readonly refresh: () => Promise<void>;
  readonly nowMs: () => number;
}

export class MemberGate {
  readonly #options: MemberGateOptions;
  #members: ReadonlySet<string> = new Set();
  /** Those that were members and left, the last one last: they are not even strangers. */
  readonly #departed = new Set<string>();
  readonly #door = new ConnectionDoor();
  #isOpenToStrangers = false;
  #lookupSecond = 0;
  #lookups = 0;

  constructor(options: MemberGateOptions) {
    this.#options = options;
  }

  isMember(peer: string): boolean {
    return this.#members.has(peer);
  }

  /** From now on these are the members. Returns those that were members before; nothing of them is let in any more. */
  setMembers(peers: Iterable<string>): readonly string[] {
    const members = new Set(peers);
    const left = [...this.#members].filter((peer) => !members.has(peer));
    this.#members = members;
    for (const peer of members) this.#departed.delete(peer);
    this.refuse(left);
    return left;
  }

  /** Those that were members and are refused, the last one last. */
  get departed(): readonly string[] {
    return [...this.#departed];
  }

  /** Counts these among those that were members. */
  refuse(peers: Iterable<string>): void {
    for (const peer of peers) {
      this.#departed.delete(peer);
      this.#departed.add(peer);
    }
    for (const peer of this.#departed) {
      if (this.#departed.size <= departedPeersMax) break;
      this.#departed.delete(peer);
    }
  }

  /** From now on strangers may connect: every protocol but join is shut to them. */
  openToStrangers(): void {
    this.#isOpenToStrangers = true;
  }

  /** Counts a stranger's connection in, until it closes; false when there are too many of them already. */
  admitStranger(connection: CountedConnection): boolean {
    return this.#door.admitStranger(connection);
  }

  /** libp2p's hooks: outbound to members only, inbound from members and from a few strangers. */
  connectionGater(): ConnectionGater {
    return {
      denyDialPeer: (peer) => !this.isMember(peer.toString()),
      denyDialMultiaddr: () => false,
      denyOutboundEncryptedConnection: (peer) => !this.isMember(peer.toString()),
      denyInboundConnection: (connection) => !this.#door.knock(connection),
      denyInboundEncryptedConnection: async (peer, connection) => !(await this.#mayEnter(peer.toString(), connection)),
      denyInboundUpgradedConnection: (peer, connection) => !this.#door.enter(peer.toString(), connection),
    };
  }

  async #mayEnter(peer: string, connection: CountedConnection): Promise<boolean> {
    if (this.isMember(peer)) return true;
    if (this.#departed.has(peer)) return false;
    if (this.#mayLookUp()) await this.#options.refresh().catch(() => undefined); // without a coordinator the known members stay
    return this.isMember(peer) || (this.#isOpenToStrangers && this.#door.hasRoomForStranger(connection));
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
