/** Seeds worth keeping: those that once found a bug of ours, and for each mistake of the gate one that notices it. */
import type { Mistake } from "./mistakes.ts";
import { readFileSync } from "node:fs";

export interface Corpus {
  readonly bugs: readonly { readonly seed: number; readonly about: string }[];
  readonly mistakes: Readonly<Partial<Record<Mistake, number>>>;
}

export const corpus = JSON.parse(readFileSync(new URL("corpus.json", import.meta.url), "utf8")) as Corpus;
