import { appendFileSync, readFileSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import type * as promises from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { historyLinesMax, historyRewriteMsMax } from "../../src/core/limits.ts";
import { appendHistory, parseHistory, readHistory } from "../../src/shell/history.ts";
import { localFolder } from "./driver.ts";

const nothing = async (): Promise<void> => undefined;
/** What others do between two steps of the shell. */
const hooks = vi.hoisted(() => ({
  beforeRename: (): void => undefined,
  afterOpenToAppend: async (): Promise<void> => undefined,
}));

vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof promises>();
  return {
    ...real,
    rename: async (from: string, to: string) => {
      hooks.beforeRename();
      await real.rename(from, to);
    },
    open: async (path: string, flags: string, mode?: number) => {
      const file = await real.open(path, flags, mode);
      if (flags === "a") await hooks.afterOpenToAppend();
      return file;
    },
  };
});

afterEach(() => {
  hooks.beforeRename = () => undefined;
  hooks.afterOpenToAppend = nothing;
});

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

  it("LINE-9 a line that another shell adds just before the new file takes the name is in it", async () => {
    const path = join(localFolder(), "history");
    writeFileSync(path, textOf(many));
    hooks.beforeRename = () => appendFileSync(path, textOf(["from another shell"]));
    await readHistory(path);
    expect(kept(path)).toEqual([...many.slice(-historyLinesMax), "from another shell"]);
  });

  it("LINE-9 a line that goes to the old file, since that was open already, is in the new one", async () => {
    const path = join(localFolder(), "history");
    writeFileSync(path, textOf(many));
    hooks.afterOpenToAppend = async () => {
      hooks.afterOpenToAppend = nothing;
      await readHistory(path);
    };
    await appendHistory(path, "late");
    expect(kept(path)).toEqual([...many.slice(-historyLinesMax), "late"]);
  });

  it("LINE-9 two shells that start at once read the same", async () => {
    const path = join(localFolder(), "history");
    writeFileSync(path, textOf(many));
    const last = many.slice(-historyLinesMax);
    expect(await Promise.all([readHistory(path), readHistory(path)])).toEqual([last, last]);
    expect(kept(path)).toEqual(last);
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
