import { readFileSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { historyLinesMax, historyRewriteMsMax } from "../../src/core/limits.ts";
import { appendHistory, parseHistory, readHistory } from "../../src/shell/history.ts";
import { localFolder } from "./driver.ts";

const textOf = (lines: readonly string[]): string => lines.map((line) => `${JSON.stringify(line)}\n`).join("");
const many = Array.from({ length: 2 * historyLinesMax + 1 }, (_, index) => `echo ${index}`);
const kept = (path: string): readonly string[] => parseHistory(readFileSync(path, "utf8"));

describe("the history file", () => {
  it("LINE-9 gives each line once, and is cut down when it has grown", async () => {
    const folder = localFolder();
    const path = join(folder, "history");
    writeFileSync(path, textOf(["b", "a", "b"]));
    expect(await readHistory(path)).toEqual(["a", "b"]);
    expect(kept(path)).toEqual(["b", "a", "b"]);
    writeFileSync(path, textOf(many));
    expect(await readHistory(path)).toEqual(many.slice(-historyLinesMax));
    expect(kept(path)).toEqual(many.slice(-historyLinesMax));
    expect(readdirSync(folder)).toEqual(["history"]);
  });

  it("LINE-9 no line is lost that other shells add while it is cut down", async () => {
    const path = join(localFolder(), "history");
    writeFileSync(path, textOf(many));
    const added = Array.from({ length: 60 }, (_, index) => `new ${index}`);
    const half = added.length / 2;
    await Promise.all([
      ...added.slice(0, half).map((line) => appendHistory(path, line)),
      readHistory(path),
      readHistory(path),
      ...added.slice(half).map((line) => appendHistory(path, line)),
      readHistory(path),
    ]);
    expect(new Set(kept(path).filter((line) => line.startsWith("new")))).toEqual(new Set(added));
    expect(kept(path).length).toBeLessThan(many.length);
  });

  it("LINE-9 what a killed shell left of its work is no hindrance for long", async () => {
    const path = join(localFolder(), "history");
    writeFileSync(path, textOf(many));
    writeFileSync(`${path}.new`, "half");
    await readHistory(path);
    expect(kept(path)).toHaveLength(many.length);
    const old = (Date.now() - historyRewriteMsMax - 1000) / 1000;
    utimesSync(`${path}.new`, old, old);
    await readHistory(path);
    expect(kept(path)).toHaveLength(historyLinesMax);
  });
});
