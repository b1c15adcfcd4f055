/** What the chunking pool and its threads say to each other, and how bytes and errors cross between them. */
import { DfsError } from "../core/errors.ts";
import { isReusable } from "../core/reused-buffers.ts";
import type { ErrorKind } from "../core/errors.ts";
import type { FileStamp } from "../core/file-stamp.ts";
import type { Inspection } from "./inspect.ts";
import type { Pack } from "./seal-pack.ts";
import type { SealedChunk } from "./seal.ts";
import type { WriteChunksWork, WrittenChunks } from "./write-chunks.ts";
import type { WritePackWork, WrittenPack } from "./write-pack.ts";

/** What a file was like when it was opened. */
export interface FileStat {
  readonly sizeBytes: number;
  /** POSIX permission bits, 0 to 0o7777. */
  readonly mode: number;
  /** Modification time in milliseconds since 1970, with a fraction. */
  readonly modifiedMs: number;
  readonly stamp: FileStamp;
}

/** One chunk, a pack of small files, or names of files, to be worked on; each is answered with one `result` or `failed`. */
export type ChunkWork =
  | { readonly type: "verify"; readonly sealed: Uint8Array; readonly digest: Uint8Array }
  | { readonly type: "open"; readonly sealed: Uint8Array; readonly key: Uint8Array; readonly digest: Uint8Array }
  | {
      readonly type: "open-into";
      readonly fd: number;
      readonly positionBytes: number;
      readonly sealed: Uint8Array;
      readonly key: Uint8Array;
      readonly digest: Uint8Array;
    }
  | {
      readonly type: "matches";
      readonly fd: number;
      readonly positionBytes: number;
      readonly lengthBytes: number;
      readonly key: Uint8Array;
      readonly dedupSecret: Uint8Array;
    }
  | (WritePackWork & { readonly type: "write-pack" })
  | (WriteChunksWork & { readonly type: "write-chunks" })
  | { readonly type: "seal-pack"; readonly paths: readonly string[]; readonly dedupSecret: Uint8Array }
  | { readonly type: "inspect"; readonly paths: readonly string[] };

/** A file or stream to be cut and sealed; answered with `sealed` messages until one is the end, or with `failed`. */
export type SealWork =
  | { readonly type: "seal-file"; readonly path: string; readonly dedupSecret: Uint8Array }
  | { readonly type: "seal-stream"; readonly dedupSecret: Uint8Array };

/** What may follow on a SealWork: room for more sealed bytes, the next slice of a stream, its end, or that nobody wants the rest. */
export type SealControl =
  | { readonly type: "credit"; readonly sealedBytes: number }
  | { readonly type: "slice"; readonly bytes: Uint8Array }
  | { readonly type: "slices-end" }
  | { readonly type: "cancel" };

/** Memory of a batch of sealed chunks that comes back to be used again; never answered. */
interface Reclaim {
  readonly type: "reclaim";
  readonly memory: Uint8Array;
}

/** From the pool to a thread: `id` names the work, if there is any. */
export type ThreadRequest = (ChunkWork | SealWork | SealControl | Reclaim) & { readonly id: number };

/** What a ChunkWork comes to. */
export type ChunkResult = Uint8Array | number | boolean | Pack | WrittenPack | WrittenChunks | readonly Inspection[];

/** From a thread to the pool, about the work `id`. */
export type ThreadReply =
  | { readonly type: "result"; readonly id: number; readonly value: ChunkResult }
  | { readonly type: "failed"; readonly id: number; readonly error: ThreadError }
  | {
      readonly type: "sealed";
      readonly id: number;
      /** Their sealed bytes are all in one memory. */
      readonly chunks: readonly SealedChunk[];
      /** With the first message about a file. */
      readonly stat: FileStat | undefined;
      readonly isEnd: boolean;
    }
  | { readonly type: "taken"; readonly id: number; readonly plaintextBytes: number };

/** A thread says `ready` once, before its first reply. */
export type ThreadMessage = { readonly type: "ready" } | ThreadReply;

/** A DfsError as it crosses between threads; its cause stays behind. */
export interface ThreadError {
  readonly kind: ErrorKind;
  readonly message: string;
  readonly path: string | undefined;
}

/** What crosses of an error. */
export function toThreadError({ kind, message, path }: DfsError): ThreadError {
  return { kind, message, path };
}

/** The error that crossed, with its kind and path. */
export function fromThreadError({ kind, message, path }: ThreadError): DfsError {
  return new DfsError(kind, message, { path });
}

/** `bytes` themselves when they are alone in their ArrayBuffer, so that they can be given away; otherwise a copy that is. */
export function ownedBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteLength, byteOffset } = bytes;
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) return new Uint8Array(buffer);
  if (isReusable(buffer)) return new Uint8Array(buffer, byteOffset, byteLength);
  return new Uint8Array(bytes);
}
