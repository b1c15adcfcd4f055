import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FrameParser, frameHeader } from "../../src/peer/wire/frame-channel.ts";

function encode(frames: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(frames.flatMap((frame) => [frameHeader(frame.length), frame])));
}

function parseSlices(bytes: Uint8Array, cuts: readonly number[], limit: number): Uint8Array[] {
  const parser = new FrameParser(limit);
  const frames: Uint8Array[] = [];
  const places = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length];
  for (let i = 1; i < places.length; i += 1)
    parser.push(bytes.slice(places[i - 1], places[i]), (frame) => frames.push(frame.slice()));
  return frames;
}

describe("frames", () => {
  it("WIRE-1 frames arrive whole and in order however the stream is sliced", () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }),
        fc.array(fc.nat(4000), { maxLength: 30 }),
        (frames, cuts) => {
          expect(parseSlices(encode(frames), cuts, 300)).toEqual(frames);
        },
      ),
    );
  });

  it("WIRE-2 a frame above the limit is refused before it is allocated", () => {
    const parser = new FrameParser(1000);
    expect(() => parser.push(frameHeader(0xffff_ffff), () => undefined)).toThrowError(
      expect.objectContaining({ kind: "protocol" }),
    );
  });

  it("WIRE-3 an end inside a frame is told from an end between frames", () => {
    const parser = new FrameParser(1000);
    expect(parser.isBetweenFrames).toBe(true);
    parser.push(encode([Uint8Array.of(1, 2, 3)]).subarray(0, 5), () => undefined);
    expect(parser.isBetweenFrames).toBe(false);
    parser.push(Uint8Array.of(2, 3), () => undefined);
    expect(parser.isBetweenFrames).toBe(true);
  });

  it("WIRE-4 random bytes give frames within the limit or a protocol error", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => {
        const parser = new FrameParser(64);
        try {
          parser.push(bytes, (frame) => expect(frame.length).toBeLessThanOrEqual(64));
        } catch (error) {
          expect(error).toMatchObject({ kind: "protocol" });
        }
      }),
    );
  });
});
