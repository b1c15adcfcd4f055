/**
 * The full rule: when a put may be told that its records are safe.
 *
 * Every link that the catalogue says to have all records for so many copies must have these too, on its disk; one that
 * cannot be reached loses that claim first, in the catalogue. So whoever claims to be full has everything that was ever
 * acknowledged, and may lead the shelf. The others count as disks when they have it, and are not needed otherwise.
 */
import { DfsError } from "../../core/errors.ts";
import type { ChainLink } from "../../core/shelf.ts";
import { untilAborted } from "../../core/until-aborted.ts";
import type { Delivery, LiveBatch } from "./feed-queue.ts";
import type { Feeds } from "./feeds.ts";
import type { Reign } from "./reign.ts";

/** What a put is told of its records. */
export interface Acknowledgement {
  /** Disks that have all of them. */
  readonly copies: number;
  /** The epoch by which this holds. */
  readonly epoch: number;
}

/**
 * Resolves when the batch, which is on the owner's disk, is safe for so many copies.
 *
 * Fails with `unreachable` when too few disks have it, `moved` when this peer does not own the shelf any more, `not-found`
 * when chunks are missing here after all, as the catalogue does when it cannot be told, and when the signal aborts.
 */
export async function acknowledge(
  { reign, feeds }: { readonly reign: Reign; readonly feeds: Feeds },
  batch: LiveBatch,
  copies: number,
  signal: AbortSignal,
): Promise<Acknowledgement> {
  for (;;) {
    const { changed } = reign;
    const { epoch, links, minCopies } = reign.acting();
    const keepers = links.slice(1).filter(({ keepsFrom }) => keepsFrom <= copies);
    const delivered = Promise.all(
      keepers.map(async (link) => [link, (await feeds.get(link.peer)?.delivered(batch)) ?? "away"] as const),
    );
    const outcomes = await untilAborted(signal, Promise.race([delivered, changed]));
    if (outcomes === undefined || changed !== reign.changed) continue;
    if (outcomes.some(([, delivery]) => delivery === "lost")) throw chunksLost();
    const absent = outcomes.find(([link, delivery]) => delivery === "away" && reign.isReliedUpon(link, copies));
    if (absent !== undefined) {
      await untilAborted(signal, reign.disclaim(absent[0].peer));
      continue;
    }
    const disks = 1 + outcomes.filter(([, delivery]) => delivery === "there").length;
    if (disks < Math.min(copies, minCopies)) throw tooFewDisks(disks, Math.min(copies, minCopies), outcomes);
    return { copies: disks, epoch };
  }
}

function chunksLost(): DfsError {
  return new DfsError("not-found", "chunks of the file are damaged on its shelf; send them again", { op: "put" });
}

function tooFewDisks(disks: number, wanted: number, outcomes: readonly (readonly [ChainLink, Delivery])[]): DfsError {
  const away = outcomes.filter(([, delivery]) => delivery === "away").map(([{ peer }]) => peer);
  const why = away.length > 0 ? `cannot reach ${away.join(", ")}` : "the shelf has no other peers yet";
  return new DfsError("unreachable", `the file is on ${disks} of ${wanted} disks: ${why}; it is tried again`, {
    op: "put",
    peer: away[0],
  });
}
