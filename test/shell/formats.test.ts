import { describe, expect, it } from "vitest";
import { byteText, durationText, fillColumns, humanSize } from "../../src/shell/formats.ts";
import { compareNames } from "../../src/core/name-order.ts";
import { nearestNames } from "../../src/shell/suggestion.ts";

describe("formats", () => {
  it.each<[number, string]>([
    [0, "0"],
    [1023, "1023"],
    [1024, "1.0K"],
    [1025, "1.1K"],
    [10_240, "10K"],
    [10_241, "11K"],
    [1024 * 1024 - 1, "1.0M"],
    [1024 ** 4, "1.0T"],
    [9.95 * 1024, "10K"],
  ])("SHELL-45 %d bytes are %s for people", (bytes, text) => {
    expect(humanSize(bytes)).toBe(text);
  });

  it("SHELL-45 times and sizes in sentences", () => {
    expect([0, 1536, 3 * 1024 ** 3].map(byteText)).toEqual(["0 B", "1.5 KiB", "3.0 GiB"]);
    expect([850, 42_000, 185_000, 7_800_000, 273_600_000].map(durationText)).toEqual([
      "850 ms",
      "42 s",
      "3 min 5 s",
      "2 h 10 min",
      "3 d 4 h",
    ]);
  });

  it("SHELL-45 columns fill from top to bottom, by display width", () => {
    expect(fillColumns(["a", "bb", "ccc", "d", "e"], 10)).toBe("a   ccc  e\nbb  d\n");
    expect(fillColumns(["日本", "b", "c"], 7)).toBe("日本  c\nb\n");
    expect(fillColumns(["wide-name", "b"], 5)).toBe("wide-name\nb\n");
    expect(fillColumns([], 80)).toBe("");
  });

  it("SHELL-45 names sort by code point", () => {
    expect(["\u{1f600}", "\uffee", "b", "B", "a", "ab", ""].toSorted(compareNames)).toEqual([
      "",
      "B",
      "a",
      "ab",
      "b",
      "\uffee",
      "\u{1f600}",
    ]);
  });

  it("SHELL-45 near names are within two edits", () => {
    expect(nearestNames("pust", ["input", "ls", "push"])).toEqual(["push"]);
    expect(nearestNames("x", ["ls", "rm"])).toEqual([]);
    expect(nearestNames("sl", ["ls"])).toEqual(["ls"]);
  });
});
