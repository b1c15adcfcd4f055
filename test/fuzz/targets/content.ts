/** What says how a file is made of chunks: records, manifests, references. */
import { createHash } from "node:crypto";
import { type ContentReference, decodeReference, encodeReference } from "../../../src/chunking/content-reference.ts";
import { sha256 } from "../../../src/chunking/digest.ts";
import { RecordBuilder, decodeRecordPage, walkRecord } from "../../../src/chunking/file-record.ts";
import { type ManifestChunk, ManifestBuilder, readManifest } from "../../../src/chunking/manifest.ts";
import { pageBytes } from "../../../src/chunking/page.ts";
import { openChunk, sealChunk } from "../../../src/chunking/seal.ts";
import { fileKeyOf, parseNodeId, parseShelfId } from "../../../src/core/ids.ts";
import { decodeKnownContent, decodeKnownPlace, encodeKnown } from "../../../src/peer/known-files/known-content.ts";
import { type FuzzTarget, caseInput, chosen, decodedLater, decodedOr, expectSame, expectTrue } from "../target.ts";

const dedupSecret = new Uint8Array(32).fill(7);
const damaged = ["integrity", "version"] as const;
const recordEntryBytes = 36;
const manifestEntryBytes = 72;

const cases = [
  (body: Uint8Array): void => {
    const page = decodedOr(damaged, () => decodeRecordPage(body));
    if (page === undefined) return;
    expectSame("the length of a record page", body.length, pageBytes(recordEntryBytes, page.entries.length));
    const again = Buffer.alloc(body.length, 0);
    again.set([1, page.level]);
    again.writeUInt32BE(page.entries.length, 2);
    for (const [place, { digest, bytes }] of page.entries.entries()) {
      again.set(digest, pageBytes(recordEntryBytes, place));
      again.writeUInt32BE(bytes, pageBytes(recordEntryBytes, place) + 32);
    }
    expectSame("a record page comes back as other bytes", new Uint8Array(again), body);
  },
  /** Every page that the walk asks for is the body: an index lists pages that are indexes again. */
  async (body: Uint8Array): Promise<void> => {
    const top = fileKeyOf(sha256(body));
    await decodedLater(damaged, async () => {
      let entries = 0;
      for await (const { bytes } of walkRecord(top, () => Promise.resolve(body))) {
        entries += 1;
        expectTrue("a chunk of a length that none has", bytes >= 17);
      }
      expectTrue("more chunks than a page has", entries <= body.length / recordEntryBytes);
    });
  },
  /** The body is a manifest page: sealed, and read as a manifest of the size that its entries come to. */
  async (body: Uint8Array): Promise<void> => {
    const depth = (body[0] ?? 0) % 2 === 0 ? 1 : 2;
    const page = body.slice(1);
    if (page.length === 0 || page.length > 65_536) return;
    const { digest, key, sealed } = sealChunk(dedupSecret, page);
    const plaintextBytes = Math.max(1, plaintextBytesOf(page));
    if (!Number.isSafeInteger(plaintextBytes)) return;
    const chunks = await decodedLater(damaged, () =>
      collected({ depth, digest, key, plaintextBytes }, () => Promise.resolve(sealed)),
    );
    if (chunks === undefined) return;
    let offsetBytes = 0;
    for (const chunk of chunks) {
      expectSame("a chunk begins where the one before ends", chunk.offsetBytes, offsetBytes);
      offsetBytes += chunk.plaintextBytes;
    }
    expectSame("the chunks of a manifest come to its size", offsetBytes, plaintextBytes);
  },
  (body: Uint8Array): void => {
    const reference = decodedOr(["integrity"], () => decodeReference(body));
    if (reference !== undefined) expectSame("a reference comes back as other bytes", encodeReference(reference), body);
  },
  /** Key, then what is to be opened. */
  (body: Uint8Array): void => {
    const [key, sealed] = [Buffer.alloc(32), body.slice(32)];
    key.set(body.subarray(0, 32));
    const plain = decodedOr(["integrity"], () => openChunk(sealed, key, sha256(sealed)));
    expectTrue("opened to another length", plain === undefined || plain.length === sealed.length - 16);
  },
  (body: Uint8Array): void => {
    const known = decodedOr(["integrity"], () => decodeKnownContent(body));
    const place = decodedOr(["integrity"], () => decodeKnownPlace(body));
    if (known === undefined) return;
    const again = encodeKnown(known, place);
    expectSame("known content comes back as another", decodeKnownContent(again), known);
    expectSame("a known place comes back as another", decodeKnownPlace(again), place);
  },
];

function plaintextBytesOf(page: Uint8Array): number {
  const bytes = Buffer.from(page);
  let sum = 0;
  for (let at = 6 + manifestEntryBytes; at <= bytes.length; at += manifestEntryBytes)
    sum += Number(bytes.readBigUInt64BE(at - 8));
  return sum;
}

async function collected(reference: ContentReference, fetch: () => Promise<Uint8Array>): Promise<ManifestChunk[]> {
  const chunks: ManifestChunk[] = [];
  for await (const chunk of readManifest(reference, fetch, { offsetBytes: 0, lengthBytes: Number.MAX_SAFE_INTEGER }))
    chunks.push(chunk);
  return chunks;
}

const digestNumbered = (number: number): Uint8Array =>
  new Uint8Array(createHash("sha256").update(String(number)).digest());

function recordOf(chunks: number): readonly Uint8Array[] {
  const builder = new RecordBuilder();
  const full = Array.from({ length: chunks }, (_, at) => builder.add(digestNumbered(at), 17 + at));
  return [...full.flat(), ...builder.finish().pages].map(({ bytes }) => bytes);
}

/** The plaintext of a manifest's pages. */
function manifestOf(chunks: number): readonly Uint8Array[] {
  const builder = new ManifestBuilder(dedupSecret);
  const full = Array.from({ length: chunks }, (_, at) =>
    builder.add({ digest: digestNumbered(at), key: digestNumbered(-at), plaintextBytes: 1 + at }),
  );
  return [...full.flat(), ...builder.finish().pages].map(({ sealed, key, digest }) => openChunk(sealed, key, digest));
}

function references(): readonly ContentReference[] {
  const [digest, key] = [digestNumbered(1), digestNumbered(2)];
  return [
    { depth: "empty", plaintextBytes: 0 },
    { depth: 0, plaintextBytes: 5, digest, key },
    { depth: 1, plaintextBytes: 70_000, digest, key },
    { depth: 2, plaintextBytes: 2 ** 40, digest, key },
  ];
}

const stored = { fileKey: fileKeyOf(digestNumbered(3)), shelf: parseShelfId("0a".repeat(16)), storedBytes: 70_000 };
const place = {
  log: "group.1",
  index: 7,
  directory: parseNodeId("0b".repeat(16)),
  node: parseNodeId("0c".repeat(16)),
  name: "name",
  revision: 2,
  mode: 0o644,
  modifiedMs: 1_700_000_000_000.5,
  copiesWanted: 0,
  copies: 2,
};

/** A page of level 1 over two pages, the first of them full. */
function recordIndex(): Uint8Array {
  const page = Buffer.alloc(pageBytes(recordEntryBytes, 2));
  page.set([1, 1, 0, 0, 0, 2]);
  page.writeUInt32BE(pageBytes(recordEntryBytes, 8192), 6 + 32);
  page.writeUInt32BE(pageBytes(recordEntryBytes, 1), 6 + 36 + 32);
  return page;
}

export const content: FuzzTarget = {
  name: "content",
  decoders: [
    "src/chunking/file-record.ts decodeRecordPage",
    "src/chunking/file-record.ts walkRecord",
    "src/chunking/manifest.ts readManifest",
    "src/chunking/page.ts decodePage",
    "src/chunking/content-reference.ts decodeReference",
    "src/chunking/seal.ts openChunk",
    "src/peer/known-files/known-content.ts decodeKnownContent",
    "src/peer/known-files/known-content.ts decodeKnownPlace",
  ],
  seeds: () => [
    ...[0, 1, 3, 40].flatMap((chunks) => recordOf(chunks)).flatMap((page) => [caseInput(0, page), caseInput(1, page)]),
    caseInput(0, recordIndex()),
    caseInput(1, recordIndex()),
    ...[2, 5]
      .flatMap((chunks) => manifestOf(chunks))
      .flatMap((page) => [
        caseInput(2, Buffer.concat([Buffer.of(0), page])),
        caseInput(2, Buffer.concat([Buffer.of(1, 1, 1), page.subarray(2)])),
      ]),
    ...references().map((reference) => caseInput(3, encodeReference(reference))),
    caseInput(
      4,
      Buffer.concat([
        sealChunk(dedupSecret, Buffer.from("plain")).key,
        sealChunk(dedupSecret, Buffer.from("plain")).sealed,
      ]),
    ),
    ...references()
      .flatMap((reference) => [encodeKnown({ ...stored, reference }), encodeKnown({ ...stored, reference }, place)])
      .map((bytes) => caseInput(5, bytes)),
  ],
  bytesMax: 4096,
  run: (input) => chosen(cases, input),
};
