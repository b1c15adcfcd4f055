/** The program's command line as the completion scripts of other shells know it. */
import type { OptionSpec } from "../arguments.ts";

export interface Program {
  readonly name: string;
  readonly options: readonly OptionSpec[];
  /** What may stand in place of a script. */
  readonly words: Readonly<Record<string, string>>;
  /** What a text behind `-c` can begin with. */
  readonly commands: readonly { readonly name: string; readonly summary: string }[];
}

/** What completes the value of an option. */
type ValueKind = "values" | "directory" | "file" | "commands" | "none";

/** What the value of `option` is; `undefined` for a flag. */
export function valueKind({ value, values }: OptionSpec): ValueKind | undefined {
  if (value === undefined) return undefined;
  if (values !== undefined) return "values";
  const kinds: Readonly<Record<string, ValueKind>> = { DIR: "directory", FILE: "file", CMDS: "commands" };
  return kinds[value] ?? "none";
}

/** The option as it is typed: `-c` and `--command`. */
export function flagsOf({ long, short }: OptionSpec): readonly string[] {
  return short === undefined ? [`--${long}`] : [`-${short}`, `--${long}`];
}

/** How to get the script again, for its first lines. */
export function originOf({ name }: Program, shell: string): string {
  return `${shell} completion for ${name}, made by: ${name} -c 'completion ${shell}'`;
}
