/** For how many copies a record is in a shelf's set. */
import { digestOf, fileKeyOf } from "../../core/ids.ts";
import type { FileKey, ShelfId } from "../../core/ids.ts";
import type { ShelfStore } from "./ports.ts";

/** 0 when the record is not in the set. */
export async function copiesInSet(store: ShelfStore, shelf: ShelfId, fileKey: FileKey): Promise<number> {
  const digest = digestOf(fileKey);
  const [bucket = 0] = digest;
  const [found] = await store.shelfPage(shelf, { position: 0, bucket, ...justBefore(digest), limit: 1 });
  return found?.fileKey === fileKey ? found.copies : 0;
}

/** Where a page begins that has the record of this digest first. */
function justBefore(digest: Uint8Array): { after?: FileKey } {
  const before = digest.slice();
  for (let place = before.length - 1; place >= 0; place -= 1) {
    const byte = before[place] ?? 0;
    before[place] = byte === 0 ? 255 : byte - 1;
    if (byte > 0) return { after: fileKeyOf(before) };
  }
  return {}; // nothing comes before a digest of zeros
}
