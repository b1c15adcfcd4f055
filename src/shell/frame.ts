/** Where the shell is while it runs: in which script, and at which of its commands. */
import { withoutAliases } from "./aliases.ts";
import type { Alias } from "./aliases.ts";
import { findCommand } from "./command.ts";
import type { AsJob, Command } from "./command.ts";
import type { Place } from "./failure-text.ts";
import type { Streams } from "./local-side.ts";
import type { CommandNode, ScriptSource, SimpleCommand } from "./syntax.ts";

/** A script that runs: its text, what ends it, what its commands read and write, and how many scripts it runs in. */
export interface Frame {
  readonly source: ScriptSource;
  readonly interrupt: AbortSignal;
  readonly streams: Streams;
  readonly depth: number;
  /** Where a transfer of it goes to the background: the command as it was typed. */
  readonly background?: string | undefined;
  /** It goes on after a failing command, whatever the settings say. */
  readonly keepsGoing?: boolean | undefined;
}

/** One command of a script while it runs: `signal` ends it. */
export interface Call extends Place {
  readonly frame: Frame;
  /** The command as it was typed. */
  readonly label: string;
  /** Where it runs as a transfer job of the peer. */
  readonly asJob?: AsJob | undefined;
  readonly signal: AbortSignal;
}

/** A command whose words were read and whose globs were looked up. Returns its exit code. */
export type Work = (streams: Streams) => Promise<number>;

/** What became of a statement: its exit code, and whether that is only what a condition answered. */
export interface StatementOutcome {
  readonly code: number;
  readonly isAnswer: boolean;
}

/** Whether a command's code 1 is only an answer. */
export function isCondition(
  node: CommandNode,
  commands: readonly Command[],
  aliases: ReadonlyMap<string, Alias>,
): boolean {
  if (node.kind !== "simple") return false;
  const [name] = plainWords(node, aliases);
  return name !== undefined && findCommand(commands, name)?.isCondition === true;
}

/** The words of a command, its alias replaced, as they are typed where no variable is in them. */
export function plainWords({ words }: SimpleCommand, aliases: ReadonlyMap<string, Alias>): readonly string[] {
  const whole = withoutAliases(words, { name: "", text: "" }, aliases);
  return whole.map(({ word }) => word.parts.map(({ text }) => text).join(""));
}
