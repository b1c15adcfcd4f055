/** How a command runs in the background: as a transfer of the peer, or in a shell of its own. */
import type { DfsClient } from "../core/client.ts";
import type { Alias } from "./aliases.ts";
import { findCommand } from "./command.ts";
import type { AsJob, Command, Invocation } from "./command.ts";
import { plainWords } from "./frame.ts";
import type { Call, Frame } from "./frame.ts";
import type { ShellOptions } from "./shell.ts";
import { syntaxError } from "./syntax.ts";
import type { CommandNode, Script, Statement } from "./syntax.ts";

/** A shell that starts where another stands and uses its client, and neither reads nor asks nor draws. */
export function branchOptions(options: ShellOptions, client: () => Promise<DfsClient>): ShellOptions {
  const { localRunner, state, stdout, stderr } = options;
  return {
    ...options,
    state: { ...state, variables: new Map(state.variables), aliases: new Map(state.aliases), exitCode: undefined },
    stdin: undefined,
    openClient: client,
    ask: undefined,
    progress: () => undefined,
    showView: undefined,
    localRunner: { ...localRunner, inherit: false, stdout, stderr, around: (work) => work() },
    isPrompt: false,
  };
}

/** Whether a statement is nothing but a put or get of files: then the peer can do it. */
export function isTransferAlone(
  { first, rest }: Statement,
  commands: readonly Command[],
  aliases: ReadonlyMap<string, Alias>,
): boolean {
  if (rest.length > 0 || first.kind !== "simple" || first.pipe !== undefined || first.redirections.length > 0)
    return false;
  const [name = "", ...words] = plainWords(first, aliases);
  return findCommand(commands, name)?.isTransfer !== undefined && !words.includes("-");
}

/** How a transfer runs as a job: where it ends with `&`, and at the prompt; nothing for all else. */
export function asJob(
  command: Command,
  invocation: Invocation,
  { frame: { background }, label }: Call,
  isPrompt: boolean,
): AsJob | undefined {
  const isJob = (isPrompt || background !== undefined) && command.isTransfer?.(invocation) === true;
  return isJob ? { label, isBackground: background !== undefined } : undefined;
}

/** A command as it was typed, without its redirections. */
export function commandText(node: CommandNode, { source: { text }, background }: Frame): string {
  if (background !== undefined) return background;
  return node.kind === "simple" ? text.slice(node.start, node.words.at(-1)?.end).trim() : "";
}

/** Fails with `usage`, naming the place, where a script sends something to the background. */
export function requireForeground({ source, statements }: Script): void {
  const statement = statements.find(({ background }) => background !== undefined);
  if (statement === undefined) return;
  const why = "with --atomic nothing runs in the background: all changes are to happen as one";
  throw syntaxError(source, statement.first.start, why);
}
