/** What the longest inputs cost: fuzzing goes through short ones. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { controlFrameBytesMax } from "../../src/core/limits.ts";
import { FrameParser, frameHeader } from "../../src/peer/wire/frame-channel.ts";
import { compileGlob } from "../../src/core/glob.ts";
import { lex } from "../../src/shell/lexer.ts";
import { parseScript } from "../../src/shell/parser.ts";
import { expandWord } from "../../src/shell/expand.ts";

/** Long enough that time which grows with the square is a minute. */
const scriptCharacters = 256 * 1024;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

function usedBytes(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

describe("long inputs", () => {
  it.each([
    "[",
    "[!",
    "[]",
    "\\[",
    "'a'",
    '"a"',
    "$A",
    "${A}",
    "a;",
    "-",
    "a && ",
    "*",
    "**/",
    "\\\n",
    "|a;",
    "!'x'\n",
  ])("FUZZ-5 a script of nothing but %j takes time in proportion", (piece) => {
    const text = `ls ${piece.repeat(scriptCharacters / piece.length)}`;
    const source = { name: "script", text };
    const startedMs = performance.now();
    for (const token of lex(source, { tolerant: true }))
      if (token.kind === "word") expandWord(token.word, new Map([["A", "["]]), source);
    try {
      parseScript(source);
    } catch {
      // Refused is as good; what counts is the time.
    }
    expect(performance.now() - startedMs).toBeLessThan(3_000);
  });

  it("FUZZ-5 a name is matched in time that grows with the pattern times the name", () => {
    const startedMs = performance.now();
    for (const pattern of ["*a".repeat(2_000), "*".repeat(100_000), "[a".repeat(50_000)])
      expect(compileGlob(`${pattern}b`)("a".repeat(255))).toBe(false);
    expect(performance.now() - startedMs).toBeLessThan(4_000);
  });

  it.each([1, 3, 100])(
    "FUZZ-5 a frame that comes in pieces of %i bytes takes little more memory than its bytes",
    async (pieceBytes) => {
      const parser = new FrameParser(controlFrameBytesMax);
      const stream = Buffer.concat([frameHeader(controlFrameBytesMax), Buffer.alloc(controlFrameBytesMax, 5)]);
      const frames: Buffer[] = [];
      const push = (bytes: Uint8Array): boolean =>
        parser.push(bytes, (frame) => frames.push(Buffer.from(frame.subarray())));
      const before = usedBytes();
      for (let at = 0; at < stream.length - 1; at += pieceBytes)
        push(new Uint8Array(stream.subarray(at, Math.min(at + pieceBytes, stream.length - 1))));
      expect(frames).toHaveLength(0);
      // Memory of buffers is given back a little later.
      await expect.poll(() => usedBytes() - before).toBeLessThan(3 * controlFrameBytesMax);
      push(stream.subarray(-1));
      expect(frames[0]?.equals(stream.subarray(4))).toBe(true);
    },
  );
});
