/** The login that the environment asks for: DFS_USER, with DFS_PASSWORD or DFS_PASSWORD_FILE. */
import type { DfsClient } from "../core/client.ts";
import { DfsError, toDfsError } from "../core/errors.ts";
import type { ErrorKind } from "../core/errors.ts";
import { parseUserName } from "../core/ids.ts";
import type { UserName } from "../core/ids.ts";
import { environmentText, presentPassword } from "./passwords.ts";
import type { PasswordSources } from "./passwords.ts";

/** Failures that another try, with the same environment, would only repeat. */
const lasting: ReadonlySet<ErrorKind> = new Set<ErrorKind>(["usage", "permission", "not-found"]);

/** Whether the environment names a user to log in. */
export function namesUser(sources: PasswordSources): boolean {
  return environmentText(sources.env, "DFS_USER") !== undefined;
}

/**
 * Opens clients that act for the environment's user, or for whoever a client acts for at its start where none is named.
 * Nothing is done as another user when the login fails: the client is closed, and a refusal is final.
 */
export function loggedInOpener(
  open: () => Promise<DfsClient>,
  sources: PasswordSources,
  signal: AbortSignal,
): () => Promise<DfsClient> {
  if (!namesUser(sources)) return open;
  let refusal: DfsError | undefined;
  return async () => {
    if (refusal !== undefined) throw refusal;
    const client = await open();
    try {
      await logIn(client, sources, signal);
      return client;
    } catch (thrown) {
      const error = toDfsError(thrown);
      if (lasting.has(error.kind)) refusal = error;
      await client.close();
      throw error;
    }
  };
}

async function logIn(client: DfsClient, sources: PasswordSources, signal: AbortSignal): Promise<void> {
  try {
    const name = parseUserName(environmentText(sources.env, "DFS_USER") ?? "");
    if (await isThatUser(client, name, sources, signal)) return;
    await client.login({ name, password: await presentPassword(name, undefined, sources) }, { signal });
  } catch (thrown) {
    const { kind, message, path, retryAfterMs } = toDfsError(thrown);
    throw new DfsError(kind, `DFS_USER: ${message}`, { path, retryAfterMs, cause: thrown });
  }
}

/** A remembered login needs no password. */
async function isThatUser(
  client: DfsClient,
  name: UserName,
  { env }: PasswordSources,
  signal: AbortSignal,
): Promise<boolean> {
  const hasPassword = ["DFS_PASSWORD", "DFS_PASSWORD_FILE"].some((each) => environmentText(env, each) !== undefined);
  return !hasPassword && (await client.whoami({ signal })).name === name;
}
