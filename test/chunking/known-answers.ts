/** The known answers of docs/FORMATS.md, computed anew; vectors.json keeps what they must come to. */
import { encodeReference } from "../../src/chunking/content-reference.ts";
import { sha256 } from "../../src/chunking/digest.ts";
import { gearTable } from "../../src/chunking/fastcdc.ts";
import { FileBuilder } from "../../src/chunking/file-builder.ts";
import { RecordBuilder } from "../../src/chunking/file-record.ts";
import { ManifestBuilder } from "../../src/chunking/manifest.ts";
import { openChunk, sealChunk } from "../../src/chunking/seal.ts";
import { chunkIdOf } from "../../src/core/ids.ts";
import { cutPoints, hex, pseudoRandomBytes } from "./samples.ts";

/** The bytes 0 to 31. */
const secret = Uint8Array.from({ length: 32 }, (_, index) => index);

/** Everything in hexadecimal, but for numbers and ids. */
export function knownAnswers(): object {
  const sealed = ["dfs-shell", "a second chunk"].map((text) => sealChunk(secret, new TextEncoder().encode(text)));
  const empty = new RecordBuilder().finish();
  return {
    gearTable: {
      first: hex(gearBytes().subarray(0, 4)),
      last: hex(gearBytes().subarray(-4)),
      sha256: hex(sha256(gearBytes())),
    },
    cutPoints: { inputSha256: hex(sha256(input())), cutPoints: cutPoints(input()) },
    sealedChunks: sealed.map(({ key, digest, sealed }) => ({
      key: hex(key),
      sealed: hex(sealed),
      digest: hex(digest),
      chunkId: chunkIdOf(digest),
    })),
    emptyRecord: { pages: empty.pages.map(({ bytes }) => hex(bytes)), fileKey: empty.fileKey },
    smallFile: smallFile(sealed),
    largeFile: largeFile(),
  };
}

/** 4 MiB of the AES-256-CTR keystream under the zero key and counter. */
function input(): Uint8Array {
  return pseudoRandomBytes(4 * 1024 * 1024);
}

/** The gear table as 1,024 bytes, each entry little-endian. */
function gearBytes(): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(1024));
  for (const [index, gear] of gearTable.entries()) bytes.setInt32(4 * index, gear, true);
  return new Uint8Array(bytes.buffer);
}

/** A file of the two short chunks: its record page, manifest page and reference. */
function smallFile(chunks: readonly ReturnType<typeof sealChunk>[]): object {
  const manifest = new ManifestBuilder(secret);
  const record = new RecordBuilder();
  for (const chunk of chunks) {
    manifest.add(chunk);
    record.add(chunk.digest, chunk.sealed.length);
  }
  const { reference, pages } = manifest.finish();
  for (const { digest, sealed } of pages) record.add(digest, sealed.length);
  const { fileKey, pages: recordPages } = record.finish();
  return {
    manifestPages: pages.map(({ sealed, key, digest }) => ({
      plaintext: hex(openChunk(sealed, key, digest)),
      digest: hex(digest),
      key: hex(key),
    })),
    recordPages: recordPages.map(({ bytes }) => hex(bytes)),
    fileKey,
    reference: hex(encodeReference(reference)),
  };
}

/** The 4 MiB of the cut points as a file. */
function largeFile(): object {
  const builder = new FileBuilder(secret);
  const ends = cutPoints(input());
  for (const [index, end] of ends.entries()) {
    builder.add(sealChunk(secret, input().subarray(ends[index - 1] ?? 0, end)));
  }
  const { fileKey, reference, storedBytes } = builder.finish();
  return { fileKey, reference: hex(encodeReference(reference)), storedBytes };
}
