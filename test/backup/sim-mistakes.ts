/** Every mistake that the gate of this simulator puts back: those of the planner, and those of whoever carries its chains out. */
import type { PlannerFault } from "../../src/backup/planner-faults.ts";

/** Mistakes of the catalogue, the owners and the links, as switches of their models. */
type CarrierMistake =
  /** The catalogue takes an order that was made from an older chain. */
  | "order-without-epoch"
  /** The catalogue commits a file that was acknowledged under an older chain. */
  | "commit-with-old-epoch"
  /** A peer whose disk was lost keeps its claims. */
  | "keep-claims-of-a-lost-disk"
  /** The owner acknowledges although a link that claims to have everything did not take the file. */
  | "acknowledge-without-full-links"
  /** The owner reports a link full that still lacks something. */
  | "report-full-early"
  /** A link takes changes from the owner of an older epoch. */
  | "links-without-epoch"
  /** The owner forgets who is uploading, and drops what they have put. */
  | "drop-what-is-leased";

export type Mistake = PlannerFault | CarrierMistake;

const mistakes: Readonly<Record<Mistake, true>> = {
  "take-over-by-anyone": true,
  "take-over-for-suspect": true,
  "hand-over-early": true,
  "drop-before-full": true,
  "drop-who-is-down": true,
  "fill-for-a-reboot": true,
  "fill-in-bulk": true,
  "fill-without-limit": true,
  "elect-without-room": true,
  "balance-for-ever": true,
  "wait-for-the-abandoned": true,
  "push-off": true,
  "order-without-epoch": true,
  "commit-with-old-epoch": true,
  "keep-claims-of-a-lost-disk": true,
  "acknowledge-without-full-links": true,
  "report-full-early": true,
  "links-without-epoch": true,
  "drop-what-is-leased": true,
};

export const allMistakes = Object.keys(mistakes) as readonly Mistake[];

export const noMistakes: ReadonlySet<Mistake> = new Set<Mistake>();
