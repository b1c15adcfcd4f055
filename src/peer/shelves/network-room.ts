/** What the network can still take: the quota of a user, and the space of the shelves' owners as the leader last heard of it. */
import type { PeerId, ShelfId, UserId } from "../../core/ids.ts";
import type { CatalogueAccess } from "../coordination/catalogue-access.ts";
import type { Members } from "../members.ts";
import type { Room } from "../put-room.ts";

export interface NetworkRoomOptions {
  readonly catalogue: Pick<CatalogueAccess, "presence" | "user">;
  readonly members: Pick<Members, "ownerOf">;
}

/** The room for files of the user `owner`. Where nobody answers, nothing is known: the put finds out by itself. */
export async function networkRoom(
  { catalogue, members }: NetworkRoomOptions,
  owner: UserId,
  signal: AbortSignal,
): Promise<Room> {
  const nobody = (): undefined => {
    signal.throwIfAborted();
    return undefined;
  };
  const [row, presence] = await Promise.all([
    catalogue.user(owner, { signal }).catch(nobody),
    catalogue.presence(signal).catch(nobody),
  ]);
  const freeBytes = new Map<string, number>();
  for (const seen of presence ?? []) if (seen.standing === "up") freeBytes.set(seen.id, seen.freeBytes);
  const ownerOf = (shelf: ShelfId): PeerId | undefined => members.ownerOf(shelf);
  return {
    quota:
      row === undefined || row.quotaBytes === null
        ? undefined
        : { name: row.name, quotaBytes: row.quotaBytes, usedBytes: row.usedBytes },
    freeBytesOf: (shelf) => freeBytes.get(ownerOf(shelf) ?? ""),
  };
}
