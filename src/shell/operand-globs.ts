/** Looks up the globs among a command's operands, each on its side. */
import type { DfsClient } from "../core/client.ts";
import { DfsError } from "../core/errors.ts";
import type { Command, ReadCalls, ShellState } from "./command.ts";
import { expandGlob, localGlobs, remoteGlobs } from "./expand.ts";
import type { Argument } from "./expand.ts";
import { pathIn } from "./operands.ts";

/** Where globs look. */
export interface GlobSides {
  readonly state: ShellState;
  readonly reads: ReadCalls;
  readonly pastMs: number | undefined;
  readonly client: () => Promise<DfsClient>;
}

/** What operand `index` stands for. Fails with `not-found` where nothing matches. */
export async function expandOperand(
  command: Command,
  operands: readonly Argument[],
  index: number,
  { state, reads, pastMs, client }: GlobSides,
): Promise<readonly string[]> {
  const operand = operands[index] as Argument;
  const isOwnPattern = (): boolean =>
    command.ownPatterns === true && operands.slice(0, index).some(({ text }) => text.startsWith("-"));
  if (operand.pattern === undefined || isOwnPattern()) return [operand.text];
  const side = command.side(index, operands.length);
  if (side === "remote")
    return expandGlob(
      operand,
      remoteGlobs(await client(), (text) => pathIn(text, { state, pastMs }), reads),
    );
  return side === "local" ? expandGlob(operand, localGlobs(state.lcwd)) : [operand.text];
}

/** The local file that a redirection goes to: a pattern stands for the one that it matches. Fails with `usage` for several. */
export async function redirectionFile(argument: Argument, lcwd: string): Promise<string> {
  const [path = "", ...more] = await expandGlob(argument, localGlobs(lcwd));
  if (more.length === 0) return path;
  throw new DfsError("usage", "several files match, and a redirection goes to one", { path: argument.text });
}
