/** What the drawn prompt and the plain one share: for whom the shell acts, and where completion looks. */
import type { DfsClient } from "../core/client.ts";
import { readdir, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { rootPath } from "../core/names.ts";
import { typedPath } from "./operands.ts";
import type { DfsPath } from "../core/names.ts";
import type { ChildName } from "../core/directory-names.ts";
import type { ReadCalls, ShellState } from "./command.ts";
import { commands } from "./commands/table.ts";
import type { CompletionEnvironment, NamedEntry, NamesWanted } from "./completion.ts";
import { doorNames, sharedUser } from "./doors.ts";
import { compareNames } from "../core/name-order.ts";
import { firstNames, namedEntries } from "./listing.ts";
import { promptText } from "./prompt-text.ts";
import type { Shell } from "./shell.ts";

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

/** Completion from where the shell stands; for a menu also with sizes. A side that cannot be read offers nothing. */
export function completionEnvironment(shell: Shell, signal: AbortSignal, isMenu = false): CompletionEnvironment {
  const { state } = shell;
  return {
    commands,
    aliases: state.aliases,
    variables: state.variables,
    remote: async (directory, wanted) => {
      const path = typedPath(directory, state.cwd);
      const reads = { signal, stale: true };
      const found = await orNothing(async () => firstNames(await shell.client(), path, wanted, reads));
      const sizes = isMenu ? await sizesOf(shell, path, found, reads) : undefined;
      const doors = path === rootPath && state.user !== undefined ? doorNames : [];
      return [
        ...found.map(({ name, kind }) => ({ name, isDirectory: kind === "directory", sizeBytes: sizes?.get(name) })),
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
    local: (directory, wanted) => orNothing(() => localNames(resolve(state.lcwd, directory), wanted)),
  };
}

/** The sizes of the files among some names; none where they cannot be had. */
async function sizesOf(
  shell: Shell,
  path: DfsPath,
  names: readonly ChildName[],
  reads: ReadCalls,
): Promise<ReadonlyMap<string, number>> {
  const files = names.filter(({ kind }) => kind === "file");
  const sizes = new Map<string, number>();
  try {
    for await (const entries of namedEntries(await shell.client(), path, files, reads))
      for (const { name, sizeBytes } of entries) sizes.set(name, sizeBytes);
  } catch {
    // A menu without sizes is a menu.
  }
  return sizes;
}

/** The names of a directory of this machine; sizes of those only that are wanted. */
async function localNames(folder: string, { prefix, namesMax }: NamesWanted): Promise<readonly NamedEntry[]> {
  const children = await readdir(folder, { withFileTypes: true });
  const wanted = children.filter(({ name }) => name.startsWith(prefix) && (prefix !== "" || !name.startsWith(".")));
  const first = wanted.sort((left, right) => compareNames(left.name, right.name)).slice(0, namesMax);
  return Promise.all(
    first.map(async (child): Promise<NamedEntry> => {
      if (child.isDirectory()) return { name: child.name, isDirectory: true };
      const found = await stat(resolve(folder, child.name)).catch(() => undefined);
      if (found?.isDirectory() === true) return { name: child.name, isDirectory: true };
      return { name: child.name, isDirectory: false, sizeBytes: found?.isFile() === true ? found.size : undefined };
    }),
  );
}

/** What cannot be read offers nothing. */
async function orNothing<Item>(look: () => Promise<readonly Item[]>): Promise<readonly Item[]> {
  try {
    return await look();
  } catch {
    return [];
  }
}
