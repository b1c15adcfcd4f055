/** What an operator orders of peers and of the network as a whole: draining, removing, the policy. */
import type { PeerRow } from "../catalogue/rows.ts";
import type { DrainProgress, NetworkPolicy, PolicyChange, StorageOrder } from "../core/client.ts";
import { withDeadline } from "../core/deadline.ts";
import { DfsError } from "../core/errors.ts";
import type { PeerName } from "../core/ids.ts";
import { copiesMax, handOverMs, retainMsMax, retainRevisionsMax } from "../core/limits.ts";
import { isFullLink } from "../core/shelf.ts";
import type { CommandTarget } from "./command-session.ts";
import type { GroupReport, Presence } from "./coordination/catalogue-access.ts";
import type { CatalogueClient } from "./coordination/catalogue-client.ts";
import type { Members } from "./members.ts";

export interface StorageOrdersOptions {
  readonly catalogue: CatalogueClient;
  readonly members: Members;
  /** Commits as an administrator, or as this peer while there is none. */
  readonly commands: CommandTarget;
}

export class StorageOrders {
  readonly #options: StorageOrdersOptions;
  /** Peers of which something was ordered here. */
  readonly #ordered = new Set<PeerName>();

  constructor(options: StorageOrdersOptions) {
    this.#options = options;
  }

  /** Orders something, or with null takes the order back. Fails with `not-found`, and `usage` for what cannot be. */
  async order(name: PeerName, order: StorageOrder | null, signal?: AbortSignal): Promise<void> {
    const { commands, members } = this.#options;
    await members.refresh(signal);
    const peer = this.#require(name);
    if (order !== null) await this.#requirePossible(peer, order, signal);
    this.#ordered.add(name);
    await commands.execute([{ op: "orderPeer", peer: peer.id, order }], signal);
    await members.refresh(signal);
  }

  async #requirePossible(peer: PeerRow, order: StorageOrder, signal?: AbortSignal): Promise<void> {
    const { id, name, shelf } = peer;
    this.#requireOtherDisk(peer);
    if (order === "drain" && shelf === null) throw new DfsError("usage", `${name} stores no files`);
    if (order !== "abandon") return;
    const standing = (await this.#options.catalogue.presence(signal)).find((seen) => seen.id === id)?.standing;
    if (standing === "up" || standing === "suspect")
      throw new DfsError("usage", `${name} is up: peer remove ${name} moves its files to others, without --force`);
  }

  /** Ends a peer's membership at once. Fails with `not-found`, and `usage` for what cannot be, or would lose something that is not given up. */
  async revoke(name: PeerName, mayLose: boolean, signal?: AbortSignal): Promise<void> {
    const { catalogue, commands, members } = this.#options;
    await members.refresh(signal);
    const peer = this.#require(name);
    this.#requireOtherDisk(peer);
    const group = await catalogue.group(signal);
    requireMajority(peer, group);
    if (!mayLose) requireCopies(peer, members, await catalogue.presence(signal));
    await this.#leaveLead(peer, group, signal);
    this.#ordered.add(name);
    await commands.execute([{ op: "revokePeer", peer: peer.id, mayLose }], signal);
    await members.refresh(signal);
  }

  /** Another coordinator leads first: the others then hear at once what is committed. One that does not hand over is cut off as it is. */
  async #leaveLead({ id }: PeerRow, { leader, members }: GroupReport, signal: AbortSignal | undefined): Promise<void> {
    const heir = members.find(({ peer, isVoter, isActive }) => peer !== id && isVoter && isActive);
    if (leader !== id || heir === undefined) return;
    await withDeadline(handOverMs, signal, (bounded) => this.#options.catalogue.transfer(heir.peer, bounded)).catch(
      () => signal?.throwIfAborted(),
    );
  }

  #require(name: PeerName): PeerRow {
    const peer = this.#options.members.peers.find((row) => row.name === name);
    if (peer === undefined) throw new DfsError("not-found", `no peer is called ${name}; see peers`, { path: name });
    return peer;
  }

  #requireOtherDisk({ id, name, shelf }: PeerRow): void {
    const { peers } = this.#options.members;
    const others = peers.filter((peer) => peer.id !== id && peer.shelf !== null && peer.storageOrder === null);
    if (shelf !== null && others.length === 0)
      throw new DfsError("usage", `${name} is the only peer that stores files: let another one join first (invite)`);
  }

  /** How far an order is; a peer of which something was ordered here and that is no member any more has gone. Fails with `not-found` for another name. */
  async progress(name: PeerName, signal?: AbortSignal): Promise<DrainProgress> {
    const { members } = this.#options;
    await members.refresh(signal);
    const peer = members.peers.find((row) => row.name === name);
    if (peer === undefined && this.#ordered.has(name))
      return { isDone: true, shelves: 0, bytes: 0, reason: `${name} is no member any more` };
    if (peer === undefined) throw new DfsError("not-found", `no peer is called ${name}; see peers`, { path: name });
    const kept = members.shelves.filter(({ links }) => links.some((link) => link.peer === peer.id));
    const bytes = kept.reduce((sum, { sealedBytes }) => sum + sealedBytes, 0);
    const isDrained = kept.length === 0;
    return {
      isDone: isDrained && peer.storageOrder === "drain",
      shelves: kept.length,
      bytes,
      reason: isDrained ? this.#whyNotGone(peer) : this.#whyNotDrained(peer),
    };
  }

  #whyNotGone({ name, id, storageOrder }: PeerRow): string {
    if (storageOrder === null) return `nothing is ordered of ${name}`;
    const isCoordinator = this.#options.members.roster?.members.some(({ peer }) => peer === id) === true;
    return isCoordinator ? `${name} is still a coordinator; another one takes its place` : `nothing is on ${name}`;
  }

  #whyNotDrained({ id, name }: PeerRow): string {
    const { members } = this.#options;
    const onlyThere = members.shelves.filter(
      ({ links }) =>
        links.some((link) => link.peer === id) && !links.some((link) => link.peer !== id && isFullLink(link)),
    );
    if (onlyThere.length === 0) return `others take over what ${name} has`;
    const revisions = onlyThere.reduce((sum, shelf) => sum + shelf.revisions, 0);
    return `${revisions} revisions are complete on ${name} alone; they are copied to others, which needs ${name} to be up`;
  }

  policy(): NetworkPolicy {
    const policy = this.#options.members.policy;
    if (policy === undefined) throw new DfsError("unreachable", "no coordinator has answered yet; try again shortly");
    return policy;
  }

  /** Fails with `usage` for values out of range. */
  async setPolicy(change: PolicyChange, signal?: AbortSignal): Promise<NetworkPolicy> {
    const { commands, members } = this.#options;
    checkPolicy(change);
    const { copies = null, minCopies = null, retainRevisions = null, retainMs = null } = change;
    await commands.execute([{ op: "setPolicy", copies, minCopies, retainRevisions, retainMs }], signal);
    await members.refresh(signal);
    return this.policy();
  }
}

/** Those that are left must be able to decide without it. */
function requireMajority({ id, name }: PeerRow, { members }: GroupReport): void {
  const voters = members.filter(({ isVoter }) => isVoter);
  const isActive = ({ peer, isActive: answers }: GroupReport["members"][number]): boolean => peer !== id && answers;
  if (!voters.some(({ peer }) => peer === id) || voters.filter(isActive).length * 2 > voters.length) return;
  throw new DfsError(
    "usage",
    `${name} is a coordinator, and the others that answer are no majority without it: start those that are away, or let another one take its place first (coordinator remove ${name})`,
  );
}

/** Everything that it has must be on another disk that is there. */
function requireCopies({ id, name }: PeerRow, { shelves }: Members, presence: readonly Presence[]): void {
  const there = new Set(
    presence.filter(({ standing }) => standing === "up" || standing === "suspect").map((seen) => seen.id),
  );
  const onlyThere = shelves.filter(
    ({ links, revisions }) =>
      revisions > 0 &&
      links.some(({ peer }) => peer === id) &&
      !links.some(({ hasFrom, peer }) => peer !== id && hasFrom > 0 && there.has(peer)),
  );
  if (onlyThere.length === 0) return;
  const revisions = onlyThere.reduce((sum, shelf) => sum + shelf.revisions, 0);
  const bytes = onlyThere.reduce((sum, shelf) => sum + shelf.sealedBytes, 0);
  throw new DfsError(
    "usage",
    `no other disk that is there has all of ${revisions} revisions (${bytes} bytes) that ${name} keeps: wait until they have other copies (see backup), or give them up with --force`,
  );
}

function checkPolicy({ copies, minCopies, retainRevisions, retainMs }: PolicyChange): void {
  requireWhole("copies", copies, 1, copiesMax);
  requireWhole("min-copies", minCopies, 1, copiesMax);
  requireWhole("revisions", retainRevisions, 1, retainRevisionsMax);
  requireWhole("milliseconds to retain", retainMs, 0, retainMsMax);
}

function requireWhole(what: string, value: number | undefined, least: number, most: number): void {
  if (value === undefined || (Number.isSafeInteger(value) && value >= least && value <= most)) return;
  throw new DfsError("usage", `${what}: a whole number from ${least} to ${most}, not ${value}`);
}
