import { describe, expect, it } from "vitest";
import type { Candidate } from "../../src/shell/completion.ts";
import { emptyLine, insert } from "../../src/shell/line-editor.ts";
import { menuRows, moveInMenu, narrowed } from "../../src/shell/menu.ts";
import type { Menu, MenuMove } from "../../src/shell/menu.ts";

const candidate = (text: string, description?: string): Candidate => ({
  text,
  label: text,
  description,
  isWhole: true,
});
const names = (count: number): readonly Candidate[] =>
  Array.from({ length: count }, (_, index) => candidate(`name${String(index).padStart(2, "0")}`));

function menuOf(candidates: readonly Candidate[], chosen = -1, isCut = false): Menu {
  const line = insert(emptyLine(), "ls n");
  return { candidates, isCut, line, start: 3, end: 4, chosen };
}

/** The rows as text, the chosen candidate in brackets. */
function drawn(menu: Menu, columns: number, rowsMax: number): string[] {
  const mark = (text: string, style: string | undefined): string => (style === "selected" ? `[${text}]` : text);
  return menuRows(menu, { columns, rowsMax }).map((row) => row.map(({ text, style }) => mark(text, style)).join(""));
}

describe("the menu", () => {
  it("LINE-2 stands in columns, from top to bottom", () => {
    expect(drawn(menuOf(names(5)), 30, 10)).toEqual(["name00   name02   name04", "name01   name03"]);
    expect(drawn(menuOf(names(5), 2), 30, 10)[0]).toBe("name00   [name02]   name04");
  });

  it("LINE-2 tells what each is, as far as there is room", () => {
    const about = [candidate("ls", "list a directory"), candidate("logout", "end a login")];
    expect(drawn(menuOf(about), 60, 10)).toEqual(["ls      list a directory   logout  end a login     ".trimEnd()]);
    expect(drawn(menuOf(about), 30, 10)).toEqual(["ls      list a directory", "logout  end a login"]);
    expect(drawn(menuOf(about), 16, 10)).toEqual(["ls      list a…", "logout  end a…"]);
    expect(drawn(menuOf(about), 7, 10)).toEqual(["ls    ", "logout"].map((text) => text.trimEnd()));
  });

  it("LINE-2 is no higher than its room, says how many are left out, and shows the chosen one", () => {
    expect(drawn(menuOf(names(20)), 8, 4)).toEqual(["name00", "name01", "name02", "… 17 more"]);
    expect(drawn(menuOf(names(20), 10), 8, 4)).toEqual(["name08", "name09", "[name10]", "… 17 more"]);
    expect(drawn(menuOf(names(20), 19, true), 8, 4)).toEqual(["name17", "name18", "[name19]", "… more than 17 more"]);
    expect(drawn(menuOf(names(2), -1, true), 8, 4)).toEqual(["name00", "name01", "… and more"]);
    expect(drawn(menuOf(names(20), 3), 8, 1)).toEqual(["[name03]"]);
  });

  it("LINE-2 wide characters keep their columns; control characters cannot reach the terminal", () => {
    const wide = [candidate("日本", "two"), candidate("a\u001b[1m", "one")];
    expect(drawn(menuOf(wide), 20, 4)).toEqual(["日本      two", "a\\x1b[1m  one"]);
  });

  it.each<[number, MenuMove, number]>([
    [-1, "next", 0],
    [-1, "previous", 6],
    [-1, "right", 0],
    [0, "next", 1],
    [6, "next", 0],
    [0, "previous", 6],
    [0, "right", 3],
    [3, "right", 6],
    [6, "right", 0],
    [4, "right", 1],
    [1, "left", 4],
    [0, "left", 6],
    [5, "left", 2],
  ])("LINE-2 from %d %s leads to %d", (chosen, move, expected) => {
    // 0 3 6 / 1 4 / 2 5
    expect(moveInMenu(menuOf(names(7), chosen), move, { columns: 30, rowsMax: 10 })).toBe(expected);
  });

  it("LINE-2 narrows while the word is typed on, and ends with it", () => {
    const menu = menuOf([candidate("name"), candidate("night"), candidate("nut")]);
    const typed = (text: string): string[] | undefined =>
      narrowed(menu, insert(menu.line, text))?.candidates.map((one) => one.text);
    expect(typed("i")).toEqual(["night"]);
    expect(typed("")).toEqual(["name", "night", "nut"]);
    expect(typed("ut")).toBeUndefined();
    expect(typed("x")).toBeUndefined();
    expect(narrowed(menu, { ...menu.line, cursor: 0 })).toBeUndefined();
    expect(narrowed(menu, insert(emptyLine(), "cat n"))).toBeUndefined();
  });
});
