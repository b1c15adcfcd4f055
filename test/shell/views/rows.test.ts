import stringWidth from "string-width";
import { describe, expect, it } from "vitest";
import { paint } from "../../../src/shell/views/frame.ts";
import { type Row, fitted, padded, page, rowText, textRow, wrapped } from "../../../src/shell/views/rows.ts";
import { moveOf, offsetShowing, within } from "../../../src/shell/views/scroll.ts";

const plain = (rows: readonly Row[]): readonly string[] => rows.map((row) => row.map(({ text }) => text).join(""));

describe("rows of views", () => {
  it.each<readonly [text: string, columns: number, cut: string]>([
    ["plain", 5, "plain"],
    ["plainer", 5, "plai…"],
    ["日本語", 6, "日本語"],
    ["日本語", 5, "日本…"],
    ["日本語", 4, "日…"],
    ["👩‍👩‍👧 family", 4, "👩‍👩‍👧 …"],
    ["any", 0, ""],
  ])("VIEW-1 %s in %i columns is %s", (text, columns, cut) => {
    expect(fitted(text, columns)).toBe(cut);
    expect(stringWidth(fitted(text, columns))).toBeLessThanOrEqual(columns);
    expect(stringWidth(padded(text, columns))).toBe(columns);
    expect(stringWidth(padded(text, columns, "right"))).toBe(columns);
  });

  it("VIEW-1 a row is cut across its cells, and has colour only where there is any", () => {
    const row: Row = [{ text: "up ", style: "good" }, { text: "日本語" }, { text: " never seen", style: "bad" }];
    expect(rowText(row, 8, false)).toBe("up 日本…");
    expect(rowText(row, 8, true)).toBe("\u001b[32mup \u001b[0m日本…");
  });

  it("VIEW-1 words are kept whole where they fit", () => {
    expect(wrapped("one two three", 8)).toEqual(["one two", "three"]);
    expect(wrapped("incomprehensibly long", 8)).toEqual(["incompr…", "long"]);
  });

  it.each<readonly [rows: number, shown: readonly string[]]>([
    [7, ["h1", "h2", "b1", "b2", "b3", "", "foot"]],
    [5, ["h1", "h2", "b1", "b2", "foot"]],
    [3, ["h1", "b1", "foot"]],
    [2, ["h1", "b1"]],
    [1, ["h1"]],
  ])("VIEW-1 in %i rows head, body and foot have their share", (rows, shown) => {
    const body = ["b1", "b2", "b3"].map((text) => textRow(text));
    expect(plain(page([textRow("h1"), textRow("h2")], body, textRow("foot"), { columns: 9, rows }, 0))).toEqual(shown);
  });

  it("VIEW-2 only rows that differ are written, in one synchronised piece", () => {
    const begin = "\u001b[?2026h";
    const end = "\u001b[?2026l";
    expect(paint(["a", "b", "c"], ["a", "x", "c"], 5)).toBe(`${begin}\u001b[2;1Hx\u001b[K${end}`);
    expect(paint(["a"], ["a"], 5)).toBe("");
    expect(paint(["a", "b"], ["a"], 5)).toBe(`${begin}\u001b[2;1H\u001b[K${end}`);
    expect(paint(undefined, ["a"], 5)).toBe(`${begin}\u001b[2J\u001b[1;1Ha\u001b[K${end}`);
  });

  it("VIEW-2 nothing is erased behind a row that fills its line", () => {
    expect(paint(["old"], ["full!"], 5)).toBe("\u001b[?2026h\u001b[1;1Hfull!\u001b[?2026l");
  });

  it("VIEW-3 keys move within the list, and what is selected stays in sight", () => {
    expect(moveOf({ name: "down" }, 10, 4)).toBe(1);
    expect(moveOf({ sequence: "k" }, 10, 4)).toBe(-1);
    expect(moveOf({ name: "pagedown" }, 10, 4)).toBe(3);
    expect(moveOf({ name: "end" }, 10, 4)).toBe(10);
    expect(moveOf({ name: "x" }, 10, 4)).toBeUndefined();
    expect([within(-1, 9), within(12, 9), within(3, -1)]).toEqual([0, 9, 0]);
    expect([offsetShowing(5, 0, 4), offsetShowing(1, 3, 4), offsetShowing(5, 3, 4)]).toEqual([2, 1, 3]);
  });
});
