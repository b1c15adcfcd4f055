/** The holders of files that wait for their turn, looked up many at a time, so that no file need ask for its own when its turn comes. */
import type { ContentSourceOptions, FileContent } from "./content-source.ts";

/** Resolves when those that are not on this peer's own disk were looked up, as far as that was possible: it never fails. */
export async function foreseeHolders(
  files: readonly FileContent[],
  { holders, store }: Pick<ContentSourceOptions, "holders" | "store">,
  signal: AbortSignal,
): Promise<void> {
  const found = files.flatMap(({ fileKey, reference }) =>
    reference.depth === "empty" ? [] : [{ fileKey, digest: reference.digest }],
  );
  if (found.length === 0) return;
  try {
    const areHere = await store.has(found.map(({ digest }) => digest));
    const keys = found.flatMap(({ fileKey }, place) => (areHere[place] === true ? [] : [fileKey]));
    if (keys.length > 0) await holders.foresee(keys, signal);
  } catch {
    // Each file asks by itself then, and says what is the matter.
  }
}
