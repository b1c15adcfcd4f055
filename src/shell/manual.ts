/** What the manual tells of a command, and the words that all commands have in common. The pages are drawn by manual-page.ts. */
import { exitCodeOf } from "../core/errors.ts";

/** What a command is for: `help` lists commands under these headings, in this order. */
export const purposes = {
  files: "the network's files",
  transfers: "transfers",
  local: "this machine's side",
  past: "the past",
  people: "people",
  network: "the network",
  shell: "the shell",
} as const;

type Purpose = keyof typeof purposes;

/** A line to type, and in a sentence what it does. */
export type Example = readonly [line: string, does: string];

export interface Manual {
  readonly purpose: Purpose;
  /** In a list of all commands: a few words without a full stop. */
  readonly summary: string;
  /** What follows the name in the usage line. */
  readonly usage: string;
  /** Paragraphs. */
  readonly description: readonly string[];
  /** What each operand of the usage line is, by its name there. */
  readonly operands: Readonly<Record<string, string>>;
  /** What exit codes mean for this command, beside those that every command has. */
  readonly exitCodes: Readonly<Partial<Record<ExitCode, string>>>;
  readonly examples: readonly Example[];
  /** Names of commands, and of topics of help. */
  readonly seeAlso: readonly string[];
}

/** Every exit code, and what it means in general. */
export const exitCodes = {
  0: "done",
  1: "failed, or failed for some of several files",
  2: "wrong usage or syntax",
  3: "no such path, revision, user or peer",
  4: "refused: exists, not empty, wrong type, not allowed, quota, no room, bad invite",
  5: "temporary: unreachable, too few disks, no majority of the coordinators, busy, timed out, changed while it was read",
  6: "not logged in",
  7: "bytes are not what their hash says, a peer broke the protocol, or damage that nothing could mend",
  127: "no such command",
  130: "interrupted",
} as const;

type ExitCode = keyof typeof exitCodes;

/** Of every command that asks the network. */
export const temporary: Manual["exitCodes"] = {
  [exitCodeOf("unreachable")]: "no answer in time, or no majority of the coordinators: try again",
};

/** All exit codes that a command can have by itself, with their meaning for it, in order. */
export function exitCodesOf({ exitCodes: own }: Pick<Manual, "exitCodes">): readonly (readonly [number, string])[] {
  const all = { 0: exitCodes[0], 2: "wrong usage", ...own };
  return Object.entries(all)
    .map(([code, meaning]) => [Number(code), meaning] as const)
    .toSorted(([left], [right]) => left - right);
}
