/** The links of one chain while they are planned: what each keeps, and whether anything has changed. */
import type { ChainLink } from "../core/shelf.ts";
import type { PeerId } from "../core/ids.ts";

/** A peer that is new in a chain: it has nothing yet. */
export function newLink(peer: PeerId, keepsFrom: number, isFilled: boolean): ChainLink {
  return { peer, keepsFrom, hasFrom: 0, isFilled };
}

/** The link as one that keeps other files: it claims no more than those. */
export function keeping(link: ChainLink, keepsFrom: number): ChainLink {
  if (link.keepsFrom === keepsFrom) return link;
  return { ...link, keepsFrom, hasFrom: link.hasFrom === 0 ? 0 : Math.max(link.hasFrom, keepsFrom) };
}

/** The link as owner: what it has is what there is from now on. */
export function owning(link: ChainLink): ChainLink {
  return { ...link, keepsFrom: 1, hasFrom: 1, isFilled: true };
}

/** Whether two chains come to the same: the same owner, and the same others in whatever order. */
export function isSameChain(before: readonly ChainLink[], after: readonly ChainLink[]): boolean {
  if (before.length !== after.length || before[0]?.peer !== after[0]?.peer) return false;
  return after.every((link) => before.some((old) => isSameLink(old, link)));
}

function isSameLink(left: ChainLink, right: ChainLink): boolean {
  return (
    left.peer === right.peer &&
    left.keepsFrom === right.keepsFrom &&
    left.hasFrom === right.hasFrom &&
    left.isFilled === right.isFilled
  );
}
