import { readFileSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { historyLinesMax, historyRewriteMsMax } from "../../src/core/limits.ts";
import { appendHistory, parseHistory, readHistory } from "../../src/shell/history.ts";
import { localFolder } from "./driver.ts";

/** So often that a line would be lost in one of them, if it could be. */
const rounds = 20;
/** Few enough that a second cut keeps them all. */
const addedMax = historyLinesMax / 4;
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
    for (let round = 0; round < rounds; round += 1) {
      writeFileSync(path, textOf(many));
      const added: string[] = [];
      const appending: Promise<void>[] = [];
      const reading = Promise.all([readHistory(path), readHistory(path)]);
      while (added.length < addedMax) {
        added.push(`new ${added.length}`);
        appending.push(appendHistory(path, added.at(-1) as string));
        await new Promise(setImmediate);
      }
      await Promise.all([reading, ...appending]);
      const found = new Set(kept(path));
      expect(added.filter((line) => !found.has(line))).toEqual([]);
      expect([...found].filter((line) => line.startsWith("echo")).length).toBeLessThan(many.length);
    }
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
