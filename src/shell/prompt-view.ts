/** What the drawn prompt and the plain one share: how the prompt reads, and where completion looks. */
import type { DfsClient } from "../core/client.ts";
import { readdir } from "node:fs/promises";
import { resolve } from "node:path";
import { printable, resolvePath, rootPath } from "../core/names.ts";
import type { ShellState } from "./command.ts";
import { commands } from "./commands/table.ts";
import type { CompletionEnvironment } from "./completion.ts";
import { doorNames, sharedUser } from "./doors.ts";
import { firstNames } from "./listing.ts";
import type { Shell } from "./shell.ts";

/** `/photos> `, or `ann@anna /photos> ` where ann is logged in, with the last code where a command failed. */
export function promptText({ cwd, lastStatus, user, peer }: ShellState): string {
  const who = user === undefined ? "" : `${user}${peer === undefined ? "" : `@${peer}`} `;
  return `${lastStatus === 0 ? "" : `[${lastStatus}] `}${who}${printable(cwd)}> `;
}

/** Longer than this nobody waits to be recognised. */
const recognitionMs = 5000;

/**
 * Finds out for whom the shell acts, which may change in another session, and on which peer. Says whether the prompt
 * reads differently now; where nothing can be learned it stays as it is.
 */
export async function recognise(state: ShellState, opening: Promise<DfsClient> | undefined): Promise<boolean> {
  const before = promptText(state);
  const { user } = state;
  try {
    const client = await opening;
    if (client === undefined) return false;
    const options = { signal: AbortSignal.timeout(recognitionMs), stale: true };
    const { name, isShared } = await client.whoami(options);
    // A login that came meanwhile knows better.
    if (state.user === user) state.user = isShared ? undefined : name;
    state.peer ??= (await client.peers(options)).find(({ self }) => self)?.name;
  } catch {
    // Whoever types a command is told what is wrong.
  }
  return promptText(state) !== before;
}

/** Completion from where the shell stands. A side that cannot be read offers nothing. */
export function completionEnvironment(shell: Shell, signal: AbortSignal): CompletionEnvironment {
  const { state } = shell;
  return {
    commands,
    variables: state.variables,
    remote: async (directory, wanted) => {
      const path = resolvePath(directory, state.cwd);
      const found = await orNothing(async () =>
        firstNames(await shell.client(), path, wanted, { signal, stale: true }),
      );
      const doors = path === rootPath && state.user !== undefined ? doorNames : [];
      return [
        ...found.map(({ name, kind }) => ({ name, isDirectory: kind === "directory" })),
        ...doors.map((name) => ({ name, isDirectory: true })),
      ];
    },
    peers: () => orNothing(async () => (await (await shell.client()).peers({ signal })).map(({ name }) => name)),
    users: () =>
      orNothing(async () => {
        const users = await (await shell.client()).users({ signal, stale: true });
        return users.map(({ name }) => name).filter((name) => name !== sharedUser);
      }),
    invites: () =>
      orNothing(async () => (await (await shell.client()).invites({ signal, stale: true })).map(({ id }) => id)),
    local: (directory) =>
      orNothing(async () => {
        const children = await readdir(resolve(state.lcwd, directory), { withFileTypes: true });
        return children.map((child) => ({ name: child.name, isDirectory: child.isDirectory() }));
      }),
  };
}

/** What cannot be read offers nothing. */
async function orNothing<Item>(look: () => Promise<readonly Item[]>): Promise<readonly Item[]> {
  try {
    return await look();
  } catch {
    return [];
  }
}
