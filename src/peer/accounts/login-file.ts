/** `login.key`: the login that a data folder remembers, so that new sessions start with it. Whoever can read the file is that user. */
import { readFile, rm } from "node:fs/promises";
import { decode, encode } from "cborg";
import * as v from "valibot";
import { DfsError, toDfsError } from "../../core/errors.ts";
import { type NetworkId, type UserName, parseNetworkId, parseUserName } from "../../core/ids.ts";
import { writeFileAtomic } from "../../store/atomic-file.ts";

export interface SavedLogin {
  readonly network: NetworkId;
  readonly name: UserName;
  /** 32 bytes. */
  readonly rootKey: Uint8Array;
  /** Milliseconds since 1970 from which it no longer counts. */
  readonly expiresMs: number;
}

const formatVersion = 1;
const rootKeyBytes = 32;
const networkIdBytes = 32;

const bytes = (length: number): v.GenericSchema<unknown, Uint8Array> =>
  v.pipe(v.instance(Uint8Array), v.length(length));

const schema = v.strictObject({
  v: v.literal(formatVersion),
  network: bytes(networkIdBytes),
  name: v.pipe(v.string(), v.regex(/^[a-z][a-z0-9._-]{0,31}$/), v.transform(parseUserName)),
  rootKey: bytes(rootKeyBytes),
  expiresMs: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
});

/** Replaces the file, which only the data folder's owner may read. */
export async function saveLogin(path: string, { network, name, rootKey, expiresMs }: SavedLogin): Promise<void> {
  const fields = { v: formatVersion, network: new Uint8Array(Buffer.from(network, "hex")), name, rootKey, expiresMs };
  const content = encode(fields);
  await writeFileAtomic(path, content, { mode: 0o600 });
  content.fill(0);
}

/** The remembered login; undefined where there is none. Fails with `integrity` for a damaged file, and `version`. */
export async function loadLogin(path: string): Promise<SavedLogin | undefined> {
  const content = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw toDfsError(error, { path });
  });
  if (content === undefined) return undefined;
  const fields = decoded(content);
  content.fill(0);
  if (versionOf(fields) > formatVersion)
    throw new DfsError("version", "the remembered login is of a newer program: log in again", { path });
  const parsed = v.safeParse(schema, fields);
  if (!parsed.success) throw new DfsError("integrity", "the remembered login is damaged: log in again", { path });
  const { network, ...login } = parsed.output;
  return { ...login, network: parseNetworkId(Buffer.from(network).toString("hex")) };
}

/** Removes the file; resolves too where there is none. */
export async function removeLogin(path: string): Promise<void> {
  await rm(path, { force: true }).catch((error: unknown) => {
    throw toDfsError(error, { path });
  });
}

/** The cause of a failure is dropped on purpose: its message could quote the key. */
function decoded(content: Uint8Array): unknown {
  try {
    return decode(content, { strict: true, allowIndefinite: false, rejectDuplicateMapKeys: true });
  } catch {
    return undefined;
  }
}

function versionOf(fields: unknown): number {
  const version = typeof fields === "object" && fields !== null && "v" in fields ? fields.v : 0;
  return typeof version === "number" ? version : 0;
}
