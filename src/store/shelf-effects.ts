/** What changes come to: which of them change something, and what the set is afterwards. */
import type { FileKey } from "../core/ids.ts";
import type { ShelfChange } from "../core/shelf.ts";
import { addSums, recordSum, subtractSums } from "./set-digest.ts";
import type { SetAfter, ShelfState } from "./shelf-state.ts";

/** A change that changes something, beside the copies that there were before (0: not in the set). */
export interface Effect extends ShelfChange {
  readonly before: number;
}

/** The changes that change something, in order; a key may come several times. `copiesOf` knows the set before. */
export function effectsOf(changes: readonly ShelfChange[], copiesOf: (key: FileKey) => number): Effect[] {
  const now = new Map<FileKey, number>();
  const effects: Effect[] = [];
  for (const { fileKey, copies } of changes) {
    const before = now.get(fileKey) ?? copiesOf(fileKey);
    if (before !== copies) effects.push({ fileKey, copies, before });
    now.set(fileKey, copies);
  }
  return effects;
}

/** The same in one effect for each key, without those that end as they began. */
export function netEffects(effects: readonly Effect[]): Effect[] {
  const nets = new Map<FileKey, Effect>();
  for (const effect of effects)
    nets.set(effect.fileKey, { ...effect, before: nets.get(effect.fileKey)?.before ?? effect.before });
  return [...nets.values()].filter(({ copies, before }) => copies !== before);
}

/** What the set comes to with these effects; `changes` is how many changes were asked for. */
export function setAfter(state: ShelfState, effects: readonly Effect[], changes: number): SetAfter {
  let { digest, records } = state;
  for (const { fileKey, copies, before } of effects) {
    if (before > 0) digest = subtractSums(digest, recordSum(fileKey, before));
    if (copies > 0) digest = addSums(digest, recordSum(fileKey, copies));
    records += membership(copies) - membership(before);
  }
  return { digest, records, changes };
}

/** 1 in the set, 0 not in it. */
export function membership(copies: number): 0 | 1 {
  return copies > 0 ? 1 : 0;
}
