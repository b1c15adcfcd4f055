/**
 * Where passwords come from: a file, the environment, or a person who types them unseen. Never from an operand or an
 * option: those are in histories and in the lists of processes.
 */
import { DfsError } from "../core/errors.ts";
import type { UserName } from "../core/ids.ts";
import type { CommandContext, Environment } from "./command.ts";
import { passwordInFile } from "./password-file.ts";

/** What passwords are taken from, beside options. */
export type PasswordSources = Pick<CommandContext, "askLine" | "env"> & {
  /** Where password files are looked for. */
  readonly folder: string;
  /** Tells the person something; with its line end. */
  readonly say: (text: string) => Promise<void>;
};

/** How often a new password may be typed in two different ways. */
const differencesMax = 3;

/** The sources of a command. */
export function passwordSources({ askLine, env, state, stderr }: CommandContext): PasswordSources {
  return { askLine, env, folder: state.lcwd, say: (text) => stderr.write(text) };
}

/**
 * The password of a user who has one: from `file`, from DFS_PASSWORD or DFS_PASSWORD_FILE where DFS_USER is this user or
 * nobody, or typed. Fails with `usage` where there is none of these, and as reading the file does.
 */
export async function presentPassword(
  name: UserName,
  file: string | undefined,
  sources: PasswordSources,
): Promise<string> {
  if (file !== undefined) return passwordInFile(file, sources.folder);
  const given = await environmentPassword(name, sources.env, sources.folder);
  if (given !== undefined) return given;
  return typed(`password of ${name}: `, sources, "--password-file, DFS_PASSWORD or DFS_PASSWORD_FILE");
}

/** A new password of a user: from `file`, or typed twice. Fails with `usage` where there is none, and as reading the file does. */
export async function newPassword(
  name: UserName,
  file: string | undefined,
  option: string,
  sources: PasswordSources,
): Promise<string> {
  if (file !== undefined) return passwordInFile(file, sources.folder);
  for (let differences = 0; differences < differencesMax; differences += 1) {
    if (differences > 0) await sources.say("the two passwords differ: once more\n");
    const first = await typed(`new password of ${name}: `, sources, option);
    if (first === (await typed("the same again: ", sources, option))) return first;
  }
  throw new DfsError("usage", "the two passwords differ: nothing was changed");
}

async function typed(text: string, { askLine }: PasswordSources, otherWays: string): Promise<string> {
  if (askLine === undefined)
    throw new DfsError("usage", `a password is needed, and nobody can be asked here: give ${otherWays}`);
  // What is copied from elsewhere often ends with a line end.
  const password = (await askLine({ text, isSecret: true })).replace(/\n+$/, "");
  if (password === "") throw new DfsError("usage", "no password was given: nothing was changed");
  if (password.includes("\n")) throw new DfsError("usage", "a password is one line, and this was more");
  return password;
}

/** The environment's password for this user; `undefined` where it has none. Fails with `usage` where it has two. */
async function environmentPassword(name: UserName, env: Environment, folder: string): Promise<string | undefined> {
  const user = environmentText(env, "DFS_USER");
  if (user !== undefined && user !== name) return undefined;
  const password = environmentText(env, "DFS_PASSWORD");
  const file = environmentText(env, "DFS_PASSWORD_FILE");
  if (password !== undefined && file !== undefined)
    throw new DfsError("usage", "DFS_PASSWORD and DFS_PASSWORD_FILE exclude each other");
  return file === undefined ? password : passwordInFile(file, folder);
}

/** A variable of the environment; one that is empty counts as not set. */
export function environmentText(env: Environment, name: string): string | undefined {
  const text = env[name];
  return text === "" ? undefined : text;
}
