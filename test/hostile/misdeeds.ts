/** Ways to answer a request for a chunk that no sound holder would. */
import { randomBytes } from "node:crypto";
import { setImmediate as turnOfEvents, setTimeout as delay } from "node:timers/promises";
import type { Stream } from "@libp2p/interface";
import { chunkFrameBytesMax, sealedBytesMax } from "../../src/core/limits.ts";
import { chunkFrameHeader, frameTypes, parseChunkFrame } from "../../src/peer/chunk-frames.ts";
import { FrameParser, frameHeader } from "../../src/peer/wire/frame-channel.ts";

const usualChunkBytes = 256 * 1024;
const dripMs = 1_000;

/** A stream that bytes can be written on as if nothing were wrong with them. */
interface Wire {
  /** Resolves when there is room for more; false once the stream is over. */
  write(bytes: Uint8Array): Promise<boolean>;
  end(): void;
}

/** What becomes of request `id`, whose answer would be of type `due`. */
export type Misdeed = (id: number, wire: Wire, due: number) => Promise<void> | void;

const frame = (type: number, id: number, body: Uint8Array): Uint8Array =>
  Buffer.concat([frameHeader(5 + body.length), chunkFrameHeader(type, id), body]);

const dripping = new WeakSet<Wire>();

/** Answers that are no answer. */
export const wrongs: Readonly<Record<string, Misdeed>> = {
  "wrong bytes": async (id, wire, due) => void (await wire.write(frame(due, id, randomBytes(usualChunkBytes)))),
  "a chunk of no bytes": async (id, wire, due) => void (await wire.write(frame(due, id, new Uint8Array()))),
  "the longest chunk, of zeros": async (id, wire, due) =>
    void (await wire.write(frame(due, id, new Uint8Array(sealedBytesMax)))),
  "one chunk of 4 GiB, and no more": async (id, wire, due) =>
    void (await wire.write(frame(due, id, new Uint8Array(usualChunkBytes).fill(0xff)))),
  "that it has none of many": async (id, wire, due) => void (await wire.write(frame(due, id, new Uint8Array(400)))),
  "a frame that breaks off": async (id, wire, due) => {
    await wire.write(frame(due, id, randomBytes(usualChunkBytes)).subarray(0, usualChunkBytes / 2));
    wire.end();
  },
  "a length of 4 GiB": async (id, wire, due) => {
    await wire.write(frameHeader(0xffff_ffff));
    await wire.write(chunkFrameHeader(due, id));
  },
  "answers that nobody asked for, without an end": async (id, wire, due) => {
    const answer = frame(due, id + 1_000_000, new Uint8Array(usualChunkBytes));
    while (await wire.write(answer));
  },
  "a garbled failure": async (id, wire) =>
    void (await wire.write(frame(frameTypes.failed, id, new Uint8Array(chunkFrameBytesMax - 5).fill(0x9f)))),
  "that it has stored the chunk": async (id, wire) =>
    void (await wire.write(frame(frameTypes.stored, id, new Uint8Array()))),
};

/** Answers that do not come, or not in this life. */
export const silences: Readonly<Record<string, Misdeed>> = {
  "nothing at all": () => undefined,
  "one byte a second": async (id, wire, due) => {
    if (dripping.has(wire)) return; // one answer at a time, or the bytes would be no frame
    dripping.add(wire);
    const answer = frame(due, id, randomBytes(usualChunkBytes));
    for (let sent = 0; await wire.write(answer.subarray(sent, sent + 1)); sent += 1) await delay(dripMs);
  },
};

/** What each question for chunks is answered by. */
const answers = new Map<number, number>([
  [frameTypes.get, frameTypes.chunk],
  [frameTypes.getMany, frameTypes.chunks],
]);

/** Answers every request for chunks on `stream` with the misdeed that `next` gives. */
export function serveMisdeeds(stream: Stream, next: () => Misdeed): void {
  const parser = new FrameParser(chunkFrameBytesMax);
  const wire = wireOf(stream);
  const answer = (bytes: Uint8Array): void => {
    const { type, request } = parseChunkFrame(bytes);
    const due = answers.get(type);
    if (due !== undefined) void next()(request, wire, due);
  };
  stream.addEventListener("message", ({ data }) => parser.push(data.subarray(), answer));
}

function wireOf(stream: Stream): Wire {
  return {
    async write(bytes) {
      if (stream.writeStatus !== "writable") return false;
      const hasRoom = stream.send(bytes);
      await (hasRoom ? turnOfEvents() : drained(stream));
      return true;
    },
    end: () => void stream.close().catch(() => undefined),
  };
}

function drained(stream: Stream): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stream.removeEventListener("drain", done);
      stream.removeEventListener("close", done);
      resolve();
    };
    stream.addEventListener("drain", done);
    stream.addEventListener("close", done);
  });
}
