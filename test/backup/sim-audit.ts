/** Holds every order against what the leader knew: whether it was called for, and within the limits. A second opinion on the planner's rules. */
import type { ChainOrder, PlanInput, PlanPeer, PlanShelf } from "../../src/backup/planner-input.ts";
import type { ChainLink } from "../../src/core/shelf.ts";
import type { PeerId, ShelfId } from "../../src/core/ids.ts";
import { chainLinksMax, sealedBytesMax } from "../../src/core/limits.ts";
import { demand } from "../sim/violation.ts";

const fillsPerPeerMax = 2;

export class OrderAudit {
  readonly #count: (what: string) => void;
  /** How many links each shelf was short of, and how many it may still fill for that: each lost link is copied once. */
  readonly #shortage = new Map<ShelfId, number>();
  readonly #allowance = new Map<ShelfId, number>();
  /** Fillings that an order began: `shelf peer`, and the owner then. */
  readonly #begun = new Set<string>();
  /** What the plan was made from, with those of its orders that were looked at already. */
  #input: PlanInput | undefined;

  constructor(count: (what: string) => void) {
    this.#count = count;
  }

  /** Before a plan: what the shelves lack by now. */
  planned(input: PlanInput): void {
    for (const shelf of input.shelves) {
      const short = Math.max(0, wantedOf(input, shelf) - lastingOf(input, shelf).length);
      const more = Math.max(0, short - (this.#shortage.get(shelf.shelf) ?? 0));
      this.#allowance.set(shelf.shelf, (this.#allowance.get(shelf.shelf) ?? 0) + more);
      this.#shortage.set(shelf.shelf, short);
      this.#forgetFinished(shelf.shelf, shelf.links);
    }
    this.#input = input;
  }

  /** Each order of a plan, one after the other. */
  ordered(order: ChainOrder): void {
    const input = this.#input;
    if (input === undefined) return;
    const shelf = input.shelves.find((candidate) => candidate.shelf === order.shelf);
    if (shelf === undefined) return;
    const peers = order.links.map(({ peer }) => peer);
    demand(new Set(peers).size === peers.length, "no peer twice in a chain", () => peers.join(" "));
    demand(peers.length <= chainLinksMax, "no endless chain", () => peers.join(" "));
    this.#checkOwner(input, shelf, order);
    this.#checkDropped(input, shelf, order);
    for (const [index, link] of order.links.entries()) {
      const old = shelf.links.find(({ peer }) => peer === link.peer);
      const isBegun = isUnfinished(link) && link.isFilled && (old === undefined || isStandIn(old));
      if (isBegun && index > 0) this.#checkFill(input, shelf, link.peer);
    }
    this.#forgetFinished(order.shelf, order.links);
    const shelves = input.shelves.map((old) => (old === shelf ? { ...old, links: order.links } : old));
    this.#input = { ...input, shelves };
  }

  #forgetFinished(shelf: ShelfId, links: readonly ChainLink[]): void {
    for (const key of this.#begun) {
      const [name, peer] = key.split(" ");
      const isGoingOn = links.some((link) => link.peer === peer && isUnfinished(link));
      if (name === shelf && !isGoingOn) this.#begun.delete(key);
    }
  }

  #checkOwner(input: PlanInput, { links, home }: PlanShelf, { links: [next], reason, shelf }: ChainOrder): void {
    const [old] = links;
    if (old === undefined || next === undefined || old.peer === next.peer) return;
    const peer = peerOf(input, old.peer);
    const isCalledFor = next.peer === home || !isPresent(peer) || peer?.order !== null;
    demand(
      isCalledFor,
      "nobody takes over for who is there",
      () => `${shelf}: ${reason}, but ${old.peer} is ${peer?.standing}`,
    );
    demand(peerOf(input, next.peer)?.standing === "up", "who leads is up", () => `${shelf}: ${next.peer}`);
    this.#count(isPresent(peer) ? "hand-overs" : "take-overs");
  }

  #checkDropped(input: PlanInput, shelf: PlanShelf, { links }: ChainOrder): void {
    const dropped = shelf.links.filter(({ peer }) => links.every((link) => link.peer !== peer));
    for (const link of dropped) {
      const peer = peerOf(input, link.peer);
      if (peer === undefined || peer.order === "abandon") continue;
      this.#count("links dropped");
      if (shelf.links.length >= chainLinksMax && link.hasFrom === 0 && !isPresent(peer)) continue;
      const wanted = wantedOf(input, shelf);
      const covered = coveredBy(input, links);
      demand(
        covered >= wanted,
        "no link goes before enough others are full",
        () => `${shelf.shelf}: ${link.peer} goes while ${covered} of ${wanted} are full`,
      );
      const isAway = peer.standing === "down" && peer.order === null && !isStandIn(link);
      demand(!isAway, "who is down stays", () => `${shelf.shelf}: ${link.peer}`);
    }
  }

  #checkFill(input: PlanInput, shelf: PlanShelf, target: PeerId): void {
    const place = `${shelf.shelf} to ${target}`;
    demand(!isBulk(input), "nothing is copied when many vanish", () => place);
    demand((peerOf(input, target)?.freeBytes ?? 0) > shelf.bytes, "filled where there is room", () => place);
    const isShort = lastingOf(input, shelf).length < wantedOf(input, shelf);
    if (isShort) this.#spend(shelf.shelf);
    else if (target === shelf.home) this.#count("fillings to come home");
    else this.#checkMove(input, place);
    const owner = shelf.links[0]?.peer;
    const running = [...this.#begun].filter((key) => isRunning(input, key));
    const sameTarget = running.filter((key) => key.split(" ")[1] === target).length;
    const sameOwner = running.filter((key) => ownerOf(input, key) === owner).length;
    const isWithin =
      running.length < input.fillsAtOnceMax && sameTarget < fillsPerPeerMax && sameOwner < fillsPerPeerMax;
    demand(isWithin, "few fillings at a time", () => `${place}, beside ${running.join(", ")}`);
    this.#begun.add(`${shelf.shelf} ${target}`);
  }

  #spend(shelf: ShelfId): void {
    const left = (this.#allowance.get(shelf) ?? 0) - 1;
    this.#allowance.set(shelf, left);
    this.#shortage.set(shelf, (this.#shortage.get(shelf) ?? 1) - 1);
    this.#count("fillings for a lost link");
    demand(left >= 0, "each lost link is copied once", () => shelf);
  }

  /** Only a move, and only one, when all is well. */
  #checkMove(input: PlanInput, place: string): void {
    this.#count("moves");
    const isWell = input.shelves.every((shelf) => coveredBy(input, shelf.links) >= wantedOf(input, shelf));
    const isFilling = [...this.#begun].some((key) => isRunning(input, key));
    demand(isWell && !isFilling, "nothing is copied for a reboot", () => place);
  }
}

/** Links that are wanted of a shelf. */
export function wantedOf({ peers, copies }: PlanInput, { copiesMax }: PlanShelf): number {
  const keepers = peers.filter(({ storesFiles, order }) => storesFiles && order === null).length;
  return Math.max(1, Math.min(Math.max(copies, copiesMax), keepers));
}

/** Copies that the links which are there and stay hold of every file, by their claims. */
export function coveredBy({ peers }: PlanInput, links: readonly ChainLink[]): number {
  const staying = new Set(peers.filter((peer) => isPresent(peer) && peer.order === null).map(({ id }) => id));
  const claims = links.filter(({ peer, hasFrom }) => hasFrom > 0 && staying.has(peer)).map(({ hasFrom }) => hasFrom);
  const ascending = claims.toSorted((left, right) => left - right);
  return ascending.reduce((covered, claim) => (claim <= covered + 1 ? covered + 1 : covered), 0);
}

function lastingOf(input: PlanInput, { links }: PlanShelf): readonly ChainLink[] {
  return links.filter((link) => {
    const peer = peerOf(input, link.peer);
    if (peer === undefined || peer.order !== null || isStandIn(link)) return false;
    return isPresent(peer) ? link.hasFrom > 0 || !isDiskFull(peer) : peer.standing === "down";
  });
}

function isBulk({ peers, shelves }: PlanInput): boolean {
  const chained = peers.filter(
    ({ id, order }) =>
      (order === null || order === "drain") && shelves.some(({ links }) => links.some(({ peer }) => peer === id)),
  );
  const missing = chained.filter((peer) => !isPresent(peer)).length;
  return missing > 1 && missing * 3 > chained.length;
}

function isUnfinished(link: ChainLink): boolean {
  return link.isFilled && (link.hasFrom === 0 || link.hasFrom > link.keepsFrom);
}

function isStandIn({ hasFrom, isFilled }: ChainLink): boolean {
  return hasFrom === 0 && !isFilled;
}

function isPresent(peer: PlanPeer | undefined): boolean {
  return peer?.standing === "up" || peer?.standing === "suspect";
}

function isDiskFull(peer: PlanPeer | undefined): boolean {
  return peer?.standing === "up" && peer.freeBytes < sealedBytesMax;
}

function peerOf({ peers }: PlanInput, id: PeerId): PlanPeer | undefined {
  return peers.find((peer) => peer.id === id);
}

/** Whether both ends of a filling are there, so that it takes up room on the wire. */
function isRunning(input: PlanInput, key: string): boolean {
  const [, target] = key.split(" ");
  const owner = ownerOf(input, key);
  const peer = peerOf(input, target as PeerId);
  const isFillable = isPresent(peer) && peer?.order !== "abandon" && !isDiskFull(peer);
  return isFillable && owner !== undefined && isPresent(peerOf(input, owner));
}

function ownerOf({ shelves }: PlanInput, key: string): PeerId | undefined {
  return shelves.find(({ shelf }) => shelf === key.split(" ")[0])?.links[0]?.peer;
}
