/** What the drawn prompt and the plain one share: how the prompt reads, and where completion looks. */
import { readdir } from "node:fs/promises";
import { resolve } from "node:path";
import { printable } from "../core/names.ts";
import type { ShellState } from "./command.ts";
import { commands } from "./commands/table.ts";
import type { CompletionEnvironment } from "./completion.ts";
import { remoteGlobs } from "./expand.ts";
import type { Shell } from "./shell.ts";

/** `/photos> `, with the last code where a command failed. */
export function promptText({ cwd, lastStatus }: ShellState): string {
  return `${lastStatus === 0 ? "" : `[${lastStatus}] `}${printable(cwd)}> `;
}

/** Completion from where the shell stands. A side that cannot be read offers nothing. */
export function completionEnvironment(shell: Shell, signal: AbortSignal): CompletionEnvironment {
  const { state } = shell;
  return {
    commands,
    variables: state.variables,
    remote: async (directory) => {
      try {
        return await remoteGlobs(await shell.client(), state.cwd, { signal, stale: true }).list(directory);
      } catch {
        return [];
      }
    },
    peers: async () => {
      try {
        const client = await shell.client();
        return (await client.peers({ signal })).map(({ name }) => name);
      } catch {
        return [];
      }
    },
    local: async (directory) => {
      try {
        const children = await readdir(resolve(state.lcwd, directory), { withFileTypes: true });
        return children.map((child) => ({ name: child.name, isDirectory: child.isDirectory() }));
      } catch {
        return [];
      }
    },
  };
}
