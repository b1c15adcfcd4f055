/** What a put works with. */
import type { ChunkingPool } from "../chunking/chunking-pool.ts";
import type { UserId } from "../core/ids.ts";
import type { CommandTarget } from "./command-session.ts";
import type { KnownFiles } from "./known-files/known-files.ts";
import type { ChangedTrees } from "./known-files/known-sources.ts";
import type { Namespace } from "./namespace.ts";
import type { Room } from "./put-room.ts";
import type { UploadSession } from "./upload-session.ts";
import type { ShelfChoice } from "./upload-sessions.ts";

export interface PutOptions {
  readonly namespace: Namespace;
  readonly commands: CommandTarget;
  readonly pool: ChunkingPool;
  readonly shelves: ShelfChoice;
  /** What may be added to the files of a user, as it is known now. */
  readonly room: (owner: UserId, signal: AbortSignal) => Promise<Room>;
  /** Disks that a file is to be on whose put says nothing about it. */
  readonly usualCopies: () => number;
  /** Mode and time of what comes as a stream; without them it is as of now, for everybody to read. */
  readonly streamAttributes?: { readonly mode: number; readonly modifiedMs: number } | undefined;
  /** What is known of local files; without it each is read. */
  readonly known?: KnownFiles | undefined;
  /** Tells what was changed in the network since; without it each file is looked up. */
  readonly trees?: ChangedTrees | undefined;
  /** Takes over an upload of which something is to be committed later; without it leases end with the put. */
  readonly keepUpload?: ((session: UploadSession) => void) | undefined;
}
