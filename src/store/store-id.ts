/**
 * The id of a store, in a file beside its segments, by which others notice that a disk was lost.
 *
 * A store has at least one segment as soon as it has started once, and compaction never takes the last one away. So
 * an id without any segment stands for a store whose chunks are gone, and a new id is made.
 */
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { randomIdBytes } from "../core/ids.ts";
import type { StoreId } from "../core/ids.ts";
import { writeFileAtomic } from "./atomic-file.ts";

const idPattern = /^[0-9a-f]{32}$/;

/** The id in the file at `path`: the one that is there if the store has segments, otherwise a new one, durable at once. */
export async function openStoreId(path: string, hasSegments: boolean): Promise<StoreId> {
  const known = hasSegments ? await readId(path) : undefined;
  if (known !== undefined) return known;
  const id = randomBytes(randomIdBytes).toString("hex");
  await writeFileAtomic(path, Buffer.from(`${id}\n`));
  return id as StoreId;
}

async function readId(path: string): Promise<StoreId | undefined> {
  try {
    const id = (await readFile(path, "utf8")).trim();
    return idPattern.test(id) ? (id as StoreId) : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
