/** Finds the leases on a disk that ran out. */
import type { LeaseId, ShelfId } from "../../core/ids.ts";
import { leaseGraceMs, leasesPerPage } from "../../core/limits.ts";
import type { ShelfStore } from "./ports.ts";

/** For which shelf a lease is, and until when it runs. */
export interface LeaseTime {
  readonly lease: LeaseId;
  readonly shelf: ShelfId;
  readonly expiresMs: number;
}

/** Whether a lease ran out so long ago that no renewal is on its way. */
export function isLongOver({ expiresMs }: LeaseTime, nowMs: number, leaseMs: number): boolean {
  return expiresMs + Math.min(leaseGraceMs, leaseMs) < nowMs;
}

/** The leases on this disk of which `isWanted` holds; whoever gets one may end it. */
export async function* leasesThat(
  isWanted: (status: LeaseTime) => boolean,
  store: Pick<ShelfStore, "leases">,
): AsyncGenerator<LeaseId, void> {
  let after: LeaseId | undefined;
  do {
    const page = await store.leases(after, leasesPerPage);
    for (const status of page) if (isWanted(status)) yield status.lease;
    after = page.length < leasesPerPage ? undefined : page.at(-1)?.lease;
  } while (after !== undefined);
}
