import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { Replay, isAsTold } from "./replay.ts";
import { TmuxTerminals, hasTerminals } from "./tmux-terminals.ts";
import { masked, stepsOf, withScreens } from "./tutorial-text.ts";

const text = readFileSync(resolve(import.meta.dirname, "../../docs/TUTORIAL.md"), "utf8");
const minutes = 60_000;

describe("the tutorial's text", () => {
  const small = [
    "# A",
    "<!-- until: b+ -->",
    "```console ann",
    "$ one",
    "old",
    "",
    "[3] ann@x /a> two 'x'",
    "```",
    "end",
  ];

  it("TUTOR-1 is read into steps, and written with other outputs", () => {
    expect(stepsOf(small.join("\n"))).toEqual([
      { kind: "type", terminal: "ann", line: 3, prompt: "$", typed: "one", output: ["old", ""], until: /b+/s },
      { kind: "type", terminal: "ann", line: 6, prompt: "[3] ann@x /a>", typed: "two 'x'", output: [], until: /b+/s },
    ]);
    expect(
      withScreens(small.join("\n"), [
        { prompt: "$", output: ["new"] },
        { prompt: "/b>", output: ["more"] },
      ]).split("\n"),
    ).toEqual([...small.slice(0, 4), "new", "/b> two 'x'", "more", ...small.slice(7)]);
  });

  it("TUTOR-1 nothing but what differs from run to run is masked", () => {
    expect(masked(["1 file, 2.0 MiB in 30 ms (66.1 MiB/s), 2 copies"])).toBe(
      "1 file, 2.0 MiB in <span> (<rate>), 2 copies",
    );
    expect(masked(["-rw-r--r--  1  12  2026-11-20 10:11  a b"])).toBe("-rw-r--r-- 1 12 <time> a b");
  });
});

describe.runIf(hasTerminals())("the tutorial, typed again", () => {
  const terminals = new TmuxTerminals();
  afterAll(() => terminals.close());

  it("TUTOR-2 every line shows what the tutorial says", { timeout: 10 * minutes }, async () => {
    const replay = new Replay(terminals);
    for (const step of stepsOf(text)) {
      if (step.kind === "kill") {
        await terminals.kill(step.terminal);
        continue;
      }
      const { output } = await replay.run(step, (shown) => isAsTold(step, shown));
      expect({ typed: step.typed, output: masked(output) }).toEqual({ typed: step.typed, output: masked(step.output) });
    }
  });
});
