/** The engine itself: that it finds what is wrong with a decoder, and makes it small. */
import { describe, expect, it } from "vitest";
import { parsePeerName } from "../../src/core/ids.ts";
import { parseScript } from "../../src/shell/parser.ts";
import { Coverage } from "./coverage.ts";
import { damagedFiles } from "./edits.ts";
import { examine } from "./examine.ts";
import { type Finding, Fuzzer } from "./fuzzer.ts";
import { shrink } from "./shrink.ts";
import { FuzzFault, type FuzzTarget, decodedOr, expectSame } from "./target.ts";

/** A target that parses scripts, and believes that in none of them a command has a redirection and a pipe. */
const planted: FuzzTarget = {
  name: "planted",
  decoders: [],
  seeds: () => [Buffer.from("ls")],
  bytesMax: 200,
  run(input) {
    const script = decodedOr(["usage"], () => parseScript({ name: "script", text: Buffer.from(input).toString() }));
    const command = script?.statements[0]?.first;
    if (command?.kind === "simple" && command.pipe !== undefined && command.redirections.length > 0)
      throw new FuzzFault("a redirection and a pipe");
  },
};

/** What fuzzing finds before it has run for so long; it stops at the first. */
async function fuzzed(
  target: FuzzTarget,
  seed: number,
  milliseconds: number,
): Promise<{ findings: Finding[]; blocks: number; corpus: number }> {
  const coverage = new Coverage();
  coverage.start();
  const findings: Finding[] = [];
  const fuzzer = new Fuzzer(target, seed, coverage, { onFinding: (finding) => findings.push(finding) });
  await fuzzer.load(await target.seeds());
  const endMs = performance.now() + milliseconds;
  while (performance.now() < endMs && findings.length === 0) await fuzzer.run(Math.min(endMs, performance.now() + 100));
  const { blocks, corpus } = fuzzer.figures;
  coverage.stop();
  return { findings, blocks, corpus };
}

describe("the fuzzer", () => {
  it("FUZZ-3 finds its way from a word to a command with all that it may have, by what it reaches, and shrinks it", async () => {
    const { findings, corpus, blocks } = await fuzzed(planted, 1, 25_000);
    expect(findings.map(({ fault }) => fault.message)).toEqual(["a redirection and a pipe"]);
    expect(findings[0]?.input.length).toBeLessThanOrEqual(8);
    expect(corpus).toBeGreaterThan(5);
    expect(blocks).toBeGreaterThan(20);
  });

  it("FUZZ-3 takes an error of another kind, a slow run and one with much memory for findings, and a refusal for none", async () => {
    const examined = (run: FuzzTarget["run"], bounds = {}): Promise<Error | undefined> =>
      examine({ ...planted, run, bounds }, Uint8Array.of(1, 2, 3));
    expect(await examined(() => undefined)).toBeUndefined();
    expect(await examined(() => void decodedOr(["usage"], () => parsePeerName(" ")))).toBeUndefined();
    expect(await examined(() => void decodedOr(["protocol"], () => parsePeerName(" ")))).toMatchObject({
      kind: "usage",
    });
    expect(await examined(() => expectSame("bytes", Uint8Array.of(1), Uint8Array.of(2)))).toBeInstanceOf(FuzzFault);
    const slow = (): void => {
      for (const endMs = performance.now() + 20; performance.now() < endMs;) continue;
    };
    expect((await examined(slow, { ms: 10 }))?.message).toContain("too slow");
    const kept: Uint8Array[] = [];
    const large = (): void => void kept.push(new Uint8Array(32 * 1024 ** 2));
    expect((await examined(large))?.message).toContain("too much memory");
  });

  it("FUZZ-3 shrinks to the bytes that matter", async () => {
    const input = Uint8Array.from({ length: 300 }, (_, at) => at);
    const isSame = (candidate: Uint8Array): Promise<boolean> =>
      Promise.resolve(candidate.includes(77) && candidate.includes(200));
    expect(await shrink(input, isSame)).toEqual(Uint8Array.of(77, 200));
  });

  it("FUZZ-3 does the damage that a list of changes says, and no other", () => {
    const files = [Uint8Array.of(1, 2, 3), Uint8Array.of(4, 5, 6, 7)];
    const damaged = damagedFiles(files, Uint8Array.of(0, 0, 1, 0xff, 1, 0, 5, 2, 4, 0, 4, 0));
    expect(damaged).toEqual([Uint8Array.of(1, 0xfd, 3), Uint8Array.of(4)]);
    expect(files).toEqual([Uint8Array.of(1, 2, 3), Uint8Array.of(4, 5, 6, 7)]);
  });
});
