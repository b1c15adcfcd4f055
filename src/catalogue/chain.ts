/**
 * Chains: which peers keep a shelf, as they travel and as they are kept, and what becomes of one when a disk is lost.
 *
 * The words are those of core/shelf.ts. Everything here is pure.
 */
import type { PeerId } from "../core/ids.ts";
import { chainLinksMax, peerIdBytesMax } from "../core/limits.ts";
import type { ChainLink } from "../core/shelf.ts";
import { list, record } from "./compound-wire.ts";
import { boolean, decodeWire, encodeWire, peerIdWire, wholeNumber } from "./wire.ts";

/** `hasFrom` of a link. */
export const linkClaim = wholeNumber(0, chainLinksMax);
const linkWire = record({
  peer: peerIdWire,
  keepsFrom: wholeNumber(1, chainLinksMax),
  hasFrom: linkClaim,
  isFilled: boolean,
});
/** The links of a chain, the owner first. */
export const linksWire = list(linkWire, 1, chainLinksMax);

/** A link is its peer's id and some 50 bytes. */
const linksBytesMax = chainLinksMax * (peerIdBytesMax + 64);

/** A shelf's chain as of its epoch. */
export interface Chain {
  readonly epoch: number;
  readonly links: readonly ChainLink[];
}

/** Links as the table keeps them: their one CBOR. */
export function encodeLinks(links: readonly ChainLink[]): Uint8Array {
  return encodeWire(linksWire, links, "chain");
}

/** The links that the table keeps as `bytes`. */
export function decodeLinks(bytes: Uint8Array): readonly ChainLink[] {
  return decodeWire(linksWire, bytes, "chain", linksBytesMax);
}

/** The chain of a new shelf: its one link has all that there is. */
export function firstLinks(peer: PeerId): readonly ChainLink[] {
  return [owning(peer)];
}

/** The same links, none of which claims files that it does not keep. */
export function withinKept(links: readonly ChainLink[]): readonly ChainLink[] {
  return links.map((link) =>
    link.hasFrom === 0 ? link : { ...link, hasFrom: Math.max(link.hasFrom, link.keepsFrom) },
  );
}

/** The same links, with another claim of `peer`; one that claims nothing is to be given what it lacks. */
export function withClaim(links: readonly ChainLink[], peer: PeerId, hasFrom: number): readonly ChainLink[] {
  return withinKept(
    links.map((link) => (link.peer === peer ? { ...link, hasFrom, isFilled: hasFrom === 0 || link.isFilled } : link)),
  );
}

/**
 * The chain once the disk of `peer`, one of its links, is lost: it claims nothing any more. Where it was the owner, it
 * changes places with the link that claims most; where none claims anything, with the one that may have most; and it
 * leads itself, with nothing, only when it is alone. No file of the shelf wants more than `copiesMax` copies.
 */
export function withoutDisk(links: readonly ChainLink[], peer: PeerId, copiesMax: number): readonly ChainLink[] {
  const left = withClaim(links, peer, 0);
  const [lost, ...others] = left;
  if (lost?.peer !== peer) return left;
  const [heir] = others.toSorted((one, other) => lack(one, copiesMax) - lack(other, copiesMax));
  if (heir === undefined) return [owning(peer)];
  const follower = { ...lost, keepsFrom: heir.keepsFrom };
  return [owning(heir.peer), follower, ...others.filter((link) => link !== heir)];
}

/** The chain without `peer`: who claims most leads where it was the owner. A peer that is alone stays: there is nobody else to name. */
export function withoutPeer(links: readonly ChainLink[], peer: PeerId, copiesMax: number): readonly ChainLink[] {
  const left = withoutDisk(links, peer, copiesMax).filter((link) => link.peer !== peer);
  return left.length === 0 ? links : left;
}

/** Whether, of all that asks for `copies` copies, `peer` alone claims to have everything. */
export function claimsAlone(links: readonly ChainLink[], peer: PeerId, copies: number): boolean {
  const claimants = links.filter(({ hasFrom }) => hasFrom > 0 && hasFrom <= copies);
  return claimants.length > 0 && claimants.every((link) => link.peer === peer);
}

/** The same places, with `successor`, which has nothing yet, in that of `peer`. */
export function withSuccessor(
  links: readonly ChainLink[],
  peer: PeerId,
  successor: PeerId,
  copiesMax: number,
): readonly ChainLink[] {
  const renamed = links.map((link) => (link.peer === peer ? { ...link, peer: successor } : link));
  return withoutDisk(renamed, successor, copiesMax);
}

/** A link as owner: what it has is what there is. */
function owning(peer: PeerId): ChainLink {
  return { peer, keepsFrom: 1, hasFrom: 1, isFilled: true };
}

/**
 * Orders links by what they lack: those with a claim by it, then those that were being filled, those that got new files,
 * and at last those that keep only what nobody has put: a claim on that is none.
 */
function lack({ keepsFrom, hasFrom, isFilled }: ChainLink, copiesMax: number): number {
  if (hasFrom > 0 && hasFrom <= copiesMax) return hasFrom;
  const rank = 1 + (isFilled ? 0 : 1) + (keepsFrom <= copiesMax ? 0 : 2);
  return rank * chainLinksMax + keepsFrom;
}
