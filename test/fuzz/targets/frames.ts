/** What is cut out of a stream: frames, chunk frames, and the byte strings in which calls carry many things at once. */
import { chunkBundlePiecesMax } from "../../../src/core/limits.ts";
import { BundleAnswer, getManyBody, parseChunksBody, parseGetManyBody } from "../../../src/peer/chunk-bundles.ts";
import {
  chunkFrameHeader,
  frameTypes,
  getBody,
  parseChunkFrame,
  parseGetBody,
  parsePutBody,
  putBody,
} from "../../../src/peer/chunk-frames.ts";
import {
  joinBuckets,
  joinChanges,
  splitBuckets,
  splitChanges,
  splitDigests,
} from "../../../src/peer/shelves/shelf-methods.ts";
import { FrameParser, frameHeader } from "../../../src/peer/wire/frame-channel.ts";
import { type FuzzTarget, caseInput, chosen, decodedOr, expectSame } from "../target.ts";

const frameBytesMax = 512;

/** The frames in a stream, and how it ended. */
interface Cut {
  readonly frames: readonly string[];
  readonly isRefused: boolean;
  readonly isBetween: boolean;
}

/** Cuts a stream that comes in these pieces. */
function cut(pieces: readonly Uint8Array[]): Cut {
  const parser = new FrameParser(frameBytesMax);
  const frames: string[] = [];
  const fed = decodedOr(["protocol"], () => {
    for (const piece of pieces)
      parser.push(piece, (frame) => frames.push(Buffer.from(frame.subarray()).toString("hex")));
    return true;
  });
  return { frames, isRefused: fed === undefined, isBetween: parser.isBetweenFrames };
}

/** What `cut` should say, without a parser. */
function expectedCut(stream: Buffer): Cut {
  const frames: string[] = [];
  let at = 0;
  while (at + 4 <= stream.length) {
    const length = stream.readUInt32BE(at);
    if (length > frameBytesMax) return { frames, isRefused: true, isBetween: false };
    if (at + 4 + length > stream.length) break;
    frames.push(stream.toString("hex", at + 4, at + 4 + length));
    at += 4 + length;
  }
  return { frames, isRefused: false, isBetween: at === stream.length };
}

/** Pieces of so many bytes, or of lengths that follow from them when it is 0. */
function sliced(bytes: Uint8Array, pieceBytes: number): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = pieceBytes === 0 ? 1 + ((bytes[at] ?? 0) % 7) : pieceBytes;
    pieces.push(bytes.slice(at, at + length));
    at += length;
  }
  return pieces;
}

const cases = [
  /** The first byte says in what pieces the others come. */
  (body: Uint8Array): void => {
    const stream = body.slice(1);
    expectSame("frames", cut(sliced(stream, body[0] ?? 0)), expectedCut(Buffer.from(stream)));
  },
  (body: Uint8Array): void => {
    const frame = decodedOr(["protocol"], () => parseChunkFrame(body));
    if (frame === undefined) return;
    const again = Buffer.concat([chunkFrameHeader(frame.type, frame.request), frame.body.slice()]);
    expectSame("a chunk frame comes back as other bytes", new Uint8Array(again), body);
    const get = decodedOr(["protocol"], () => parseGetBody(frame.body.slice()));
    if (get !== undefined)
      expectSame(
        "the body of a get",
        new Uint8Array(Buffer.concat(getBody(get.digest, get.waitMs))),
        frame.body.slice(),
      );
    const many = decodedOr(["protocol"], () => parseGetManyBody(frame.body.slice()));
    if (many !== undefined) expectSame("a question", getManyBody(many.digests, many.waitMs), frame.body.slice());
    const given = decodedOr(["protocol"], () => parseChunksBody(frame.body.slice(), chunkBundlePiecesMax));
    if (given !== undefined) {
      const answer = new BundleAnswer((bytes) => new Uint8Array(bytes));
      for (const [at, place] of answer.place(given.map((chunk) => chunk?.length ?? 0)).entries())
        place.set(given[at] ?? []);
      expectSame("an answer", answer.body(given), frame.body.slice());
    }
    if (frame.type !== frameTypes.put) return;
    const put = decodedOr(["protocol"], () => parsePutBody(frame.body.slice()));
    if (put === undefined) return;
    const written = Buffer.concat(putBody(put.lease, put.chunks));
    expectSame("the body of a put", new Uint8Array(written), frame.body.slice());
  },
  /** Checked before for whole pieces, as the schemas do it. */
  (body: Uint8Array): void => {
    const digests = body.slice(0, body.length - (body.length % 32));
    expectSame("digests", new Uint8Array(Buffer.concat(splitDigests(digests))), digests);
    const changes = body.slice(0, body.length - (body.length % 33));
    expectSame("changes", joinChanges(splitChanges(changes)), changes);
  },
  (body: Uint8Array): void => {
    const bytes = body.slice(0, body.length - (body.length % 40));
    const buckets = decodedOr(["protocol"], () => splitBuckets(bytes));
    if (buckets !== undefined) expectSame("buckets", new Uint8Array(joinBuckets(buckets)), bytes);
  },
];

function stream(...frames: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(frames.flatMap((frame) => [frameHeader(frame.length), frame])));
}

export const frames: FuzzTarget = {
  name: "frames",
  decoders: [
    "src/peer/chunk-bundles.ts parseChunksBody",
    "src/peer/chunk-bundles.ts parseGetManyBody",
    "src/peer/chunk-frames.ts parseChunkFrame",
    "src/peer/chunk-frames.ts parseGetBody",
    "src/peer/chunk-frames.ts parsePutBody",
    "src/peer/shelves/shelf-methods.ts splitDigests",
    "src/peer/shelves/shelf-methods.ts splitChanges",
    "src/peer/shelves/shelf-methods.ts splitBuckets",
    "src/peer/wire/frame-channel.ts FrameParser",
  ],
  seeds: () => [
    ...[0, 1, 5, 200].map((pieceBytes) =>
      caseInput(
        0,
        Buffer.concat([Buffer.of(pieceBytes), stream(Buffer.from("one"), Buffer.alloc(0), Buffer.alloc(40, 7))]),
      ),
    ),
    // The longest frame, and one that is longer.
    ...[0, 1].map((more) => caseInput(0, Buffer.concat([Buffer.of(100), stream(Buffer.alloc(frameBytesMax + more))]))),
    ...Object.values(frameTypes).map((type) =>
      caseInput(1, Buffer.concat([chunkFrameHeader(type, 258), Buffer.alloc(60, type)])),
    ),
    caseInput(2, Buffer.alloc(66, 5)),
    caseInput(3, joinBuckets([{ count: 5, digest: new Uint8Array(32).fill(1) }])),
  ],
  bytesMax: 2048,
  run: (input) => chosen(cases, input),
};
