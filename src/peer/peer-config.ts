/** What a peer keeps about itself in its data folder, besides its keys: `config.json`. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { DfsError, toDfsError } from "../core/errors.ts";
import { type ShelfId, parseNetworkId, parsePeerName, parseShelfId } from "../core/ids.ts";
import { writeFileAtomic } from "../store/atomic-file.ts";

const configSchema = v.object({
  networkId: v.pipe(v.string(), v.transform(parseNetworkId)),
  name: v.pipe(v.string(), v.transform(parsePeerName)),
  zone: v.string(),
  /** Bytes that this peer offers; null for all that its disk has. */
  capacityBytes: v.nullable(v.pipe(v.number(), v.safeInteger(), v.minValue(0))),
  /** Null for a peer that stores nothing. */
  shelf: v.nullable(
    v.pipe(
      v.string(),
      v.transform((text): ShelfId => parseShelfId(text)),
    ),
  ),
  /** What the invite made of this peer: a client neither keeps files nor coordinates. Absent for one that may do both. */
  role: v.optional(v.literal("client")),
  /** Whether this peer may become a coordinator: `auto` as soon as one is needed, `never`; null while nobody has said. */
  coordinate: v.nullable(v.picklist(["auto", "never"])),
  /** Port that this peer listened on last, kept so that others find it again. */
  port: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535))),
});

export type PeerConfig = v.InferOutput<typeof configSchema>;

const fileNames = { config: "config.json", identity: "identity.key", network: "network.key" } as const;

/** The configuration and keys of a member. */
export interface Membership {
  readonly config: PeerConfig;
  /** The peer's private key as libp2p's protobuf. */
  readonly identity: Uint8Array;
  /** 32 bytes. */
  readonly networkSecret: Uint8Array;
}

/** What the folder holds; undefined when its peer belongs to no network yet. Fails with `integrity` when a file is damaged. */
export async function loadMembership(folder: string): Promise<Membership | undefined> {
  const text = await readOptional(join(folder, fileNames.config));
  if (text === undefined) return undefined;
  const [identity, networkSecret] = await Promise.all([
    readOptional(join(folder, fileNames.identity)),
    readOptional(join(folder, fileNames.network)),
  ]);
  if (identity === undefined || networkSecret?.length !== 32) {
    throw new DfsError(
      "integrity",
      `the keys in ${folder} are missing or damaged; restore ${fileNames.identity} and ${fileNames.network} from a copy`,
    );
  }
  return {
    config: parseConfig(text, folder),
    identity: new Uint8Array(identity),
    networkSecret: new Uint8Array(networkSecret),
  };
}

/** Writes keys first and the configuration last, so that a folder with a configuration is complete. */
export async function saveMembership(folder: string, { config, identity, networkSecret }: Membership): Promise<void> {
  await writeFileAtomic(join(folder, fileNames.identity), identity, { mode: 0o600 });
  await writeFileAtomic(join(folder, fileNames.network), networkSecret, { mode: 0o600 });
  await saveConfig(folder, config);
}

export async function saveConfig(folder: string, config: PeerConfig): Promise<void> {
  await writeFileAtomic(join(folder, fileNames.config), Buffer.from(`${JSON.stringify(config, undefined, 2)}\n`), {
    mode: 0o600,
  });
}

/** The capacity as the chunk store takes it: left out where none is set. */
export function storeCapacity({ capacityBytes }: PeerConfig): { capacityBytes?: number } {
  return capacityBytes === null ? {} : { capacityBytes };
}

/** The configuration in the text of `config.json` in `folder`. Fails with `integrity`. */
export function parseConfig(text: Buffer, folder: string): PeerConfig {
  try {
    return v.parse(configSchema, JSON.parse(text.toString("utf8")));
  } catch (error) {
    throw new DfsError("integrity", `${join(folder, fileNames.config)} is damaged: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

async function readOptional(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw toDfsError(error, { path });
  }
}
