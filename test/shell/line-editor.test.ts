import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inputCharactersMax } from "../../src/core/limits.ts";
import {
  afterSubmit,
  emptyLine,
  insert,
  pressAnswer,
  pressKey,
  searchMatches,
  suggestion,
} from "../../src/shell/line-editor.ts";
import type { Key, LineState } from "../../src/shell/line-editor.ts";

/** Presses keys: `<left>`, `<ctrl-a>`, `<meta-b>`, and characters. */
function press(keys: string, state: LineState = emptyLine()): LineState {
  let line = state;
  for (const [, named, character] of keys.matchAll(/<([a-z-]+)>|(\P{Cn})/gsu))
    line = pressKey(line, keyOf(named, character)).state;
  return line;
}

function keyOf(named: string | undefined, character: string | undefined): Key {
  if (named === undefined)
    return { sequence: character, name: /^[a-z]$/.test(character ?? "") ? character : undefined };
  const [, modifier, name] = /^(?:(ctrl|meta)-)?(.*)$/.exec(named) ?? [];
  return { name, ctrl: modifier === "ctrl", meta: modifier === "meta", sequence: "\u001b" };
}

/** The text with `|` at the cursor. */
const shown = ({ text, cursor }: LineState): string => `${text.slice(0, cursor)}|${text.slice(cursor)}`;

describe("the line editor", () => {
  it.each<[string, string]>([
    ["ls -l", "ls -l|"],
    ["abc<left><left>X", "aX|bc"],
    ["abc<home>X<end>Y", "XabcY|"],
    ["abc<ctrl-a>X<ctrl-e>Y", "XabcY|"],
    ["abc<backspace>", "ab|"],
    ["<backspace>a", "a|"],
    ["abc<left><delete>", "ab|"],
    ["abc<left><ctrl-d>", "ab|"],
    ["one two three<ctrl-w>", "one two |"],
    ["one two  <ctrl-w>", "one |"],
    ["one two<ctrl-w><ctrl-w><ctrl-y>", "one |"],
    ["one two<ctrl-u>x<ctrl-y>", "xone two|"],
    ["one two<ctrl-a><ctrl-k><ctrl-y><ctrl-y>", "one twoone two|"],
    ["/a/bc-d<meta-b>X", "/a/bc-X|d"],
    ["/a/bc-d<meta-backspace><meta-backspace>", "/a/|"],
    ["ab cd<home><meta-f>X<meta-d>", "abX|"],
    ["日本語<left>X", "日本X|語"],
    ["👨‍👩‍👧<left>X", "X|👨‍👩‍👧"],
    ["e\u0301x<left><left>X", "X|e\u0301x"],
    ["👨‍👩‍👧<backspace>", "|"],
    ["a\u{1f600}<backspace>", "a|"],
    ["a<right><ctrl-f><tab><escape>b", "ab|"],
  ])("SHELL-38 %s", (keys, expected) => {
    expect(shown(press(keys))).toBe(expected);
  });

  it.each<[Key, string]>([
    [{ name: "return" }, "submit"],
    [{ name: "c", ctrl: true }, "cancel"],
    [{ name: "tab" }, "complete"],
    [{ name: "l", ctrl: true }, "clear-screen"],
    [{ name: "d", ctrl: true }, "leave"],
  ])("SHELL-38 %j on an empty line asks for %s", (key, effect) => {
    expect(pressKey(emptyLine(), key).effect).toBe(effect);
  });

  it("SHELL-38 Ctrl-D on a line with text does not leave", () => {
    expect(pressKey(press("a"), { name: "d", ctrl: true }).effect).toBeUndefined();
  });

  it("SHELL-39 the arrows walk through history and come back to the line being typed", () => {
    const line = emptyLine(["one", "two"]);
    expect(shown(press("<up>", line))).toBe("two|");
    expect(shown(press("<up><up><up>", line))).toBe("one|");
    expect(shown(press("<up><up><down>", line))).toBe("two|");
    expect(shown(press("<up><up><down><down><down>", line))).toBe("|");
  });

  it.each([
    ["get<up>", "get two|"],
    ["get<up><up>", "get one|"],
    ["get<up><up><up>", "get one|"],
    ["get<up><up><down>", "get two|"],
    ["get<up><up><down><down>", "get|"],
    ["one<up>", "get one|"],
    ["get<up>X<up>", "get twoX|"],
    ["nothing<up>", "nothing|"],
  ])("LINE-4 %s: the arrows find what has the typed text in it", (keys, expected) => {
    expect(shown(press(keys, emptyLine(["get one", "ls", "get two"])))).toBe(expected);
  });

  it.each([
    ["ab<meta-return>cde<up>X", "abX|\ncde"],
    ["ab<meta-return>c<up><up>", "a|b\nc"],
    ["abc<meta-return>d<up><home>X<down>Y", "Xabc\ndY|"],
    ["ab<meta-return>cd<home>X<end>Y", "ab\nXcdY|"],
    ["日本<meta-return>e\u0301x<up>X", "日本X|\ne\u0301x"],
    ["one<meta-return>two<ctrl-u>", "one\n|"],
  ])("LINE-5 %s: a text of several lines has rows", (keys, expected) => {
    expect(shown(press(keys, emptyLine(["old"])))).toBe(expected);
  });

  it("SHELL-39 history keeps what was typed, without blanks and repeats", () => {
    let line = emptyLine();
    for (const text of ["ls", "ls", "", "  ", " secret", "pwd"]) line = afterSubmit(line, text);
    expect(line.history).toEqual(["ls", "pwd"]);
  });

  it("SHELL-39 suggests the newest line that begins so; → takes it", () => {
    const line = emptyLine(["ls -l", "put a", "ls -a", "ls"]);
    expect(suggestion(press("ls", line))).toBe(" -a");
    expect(shown(press("ls<right>", line))).toBe("ls -a|");
    expect(suggestion(press("ls<left>", line))).toBe("");
    expect(suggestion(press("x", line))).toBe("");
    expect(suggestion(line)).toBe("");
  });

  it("SHELL-39 Ctrl-R searches history", () => {
    const line = emptyLine(["put one", "ls", "put two"]);
    expect(shown(press("x<ctrl-r>put", line))).toBe("put two|");
    expect(shown(press("x<ctrl-r>put<ctrl-r>", line))).toBe("put one|");
    expect(shown(press("x<ctrl-r>put<ctrl-r><ctrl-g>", line))).toBe("x|");
    expect(shown(press("<ctrl-r>ut<left>X", line))).toBe("put twX|o");
    expect(pressKey(press("<ctrl-r>one", line), { name: "return" })).toMatchObject({
      effect: "submit",
      state: { text: "put one" },
    });
  });

  it("SHELL-40 pasted text is text: line ends do not submit, tabs do not complete, escapes are dropped", () => {
    let line = pressKey(emptyLine(), { name: "paste-start" }).state;
    for (const key of [
      { sequence: "a" },
      { name: "return", sequence: "\r" },
      { name: "tab", sequence: "\t" },
      { name: "c", ctrl: true, sequence: "\u0003" },
      { sequence: "b" },
    ]) {
      const step = pressKey(line, key);
      expect(step.effect).toBeUndefined();
      line = step.state;
    }
    line = pressKey(line, { name: "paste-end" }).state;
    expect(line.text).toBe("a\n b");
    expect(pressKey(line, { name: "return" }).effect).toBe("submit");
  });

  it("LINE-6 a paste that is too long is left out as a whole, and said so", () => {
    const pasted = (text: string): ReturnType<typeof pressKey> => {
      let line = pressKey(press("ls"), { name: "paste-start" }).state;
      for (const character of text) line = pressKey(line, { sequence: character }).state;
      return pressKey(line, { name: "paste-end" });
    };
    const fits = "x".repeat(inputCharactersMax - 2);
    expect(pasted(fits)).toMatchObject({ state: { text: `ls${fits}`, isPasting: false } });
    expect(pasted(`${fits}y`)).toMatchObject({ state: { text: "ls", isPasting: false }, effect: "paste-too-long" });
    expect(press("!", pasted(`${fits}yyyy`).state).text).toBe("ls!");
  });

  it.each([
    ["ls <meta-f>", "ls photos|"],
    ["ls <ctrl-right><meta-f>", "ls photos/cat|"],
    ["ls <right>", "ls photos/cat.jpg|"],
    ["ls <left><meta-f>", "ls |"],
  ])("LINE-7 %s takes a word of the suggestion, or all of it", (keys, expected) => {
    expect(shown(press(keys, emptyLine(["ls photos/cat.jpg"])))).toBe(expected);
  });

  it("LINE-7 what was offered is suggested where history knows nothing, and shrinks as it is typed", () => {
    const offered = { ...press("ls ph"), offered: { after: "ls ph", rest: "otos/" } };
    expect(suggestion(offered)).toBe("otos/");
    expect(suggestion(press("ot", offered))).toBe("os/");
    expect(suggestion(press("x", offered))).toBe("");
    expect(suggestion(press("<backspace>", offered))).toBe("");
    expect(suggestion({ ...offered, history: ["ls phone"] })).toBe("one");
  });

  it("LINE-8 Ctrl-R lists what it finds, newest first, and goes both ways", () => {
    const line = emptyLine(["put one", "ls", "put two", "put three"]);
    const matches = (keys: string, max = 9): string[] =>
      searchMatches(press(keys, line), max).map((match) => `${match.isChosen ? ">" : " "}${match.line}`);
    expect(matches("<ctrl-r>put")).toEqual([">put three", " put two", " put one"]);
    expect(matches("<ctrl-r>put<ctrl-r>")).toEqual([" put three", ">put two", " put one"]);
    expect(matches("<ctrl-r>put<up><up>")).toEqual([" put three", " put two", ">put one"]);
    expect(matches("<ctrl-r>put<up><up><down>")).toEqual([" put three", ">put two", " put one"]);
    expect(matches("<ctrl-r>put<up><up>", 2)).toEqual([" put two", ">put one"]);
    expect(matches("<ctrl-r>nothing")).toEqual([]);
    expect(matches("<ctrl-r>")).toEqual([]);
  });

  it.each([
    ["pwd", true],
    ["", false],
    ["  ", false],
    [" pwd", false],
    ["login ann --password 'seven blue kites'", false],
    ["login --password=x ann", false],
    ["x --passwd y", false],
    ["x --passphrase", false],
    ["DFS_PASSWORD=x", false],
    ["ls; my_secret=x", false],
    ["TOKEN='x'", false],
    ["login --password-file ~/pw ann", true],
    ["put passwords.txt", true],
    ["find . -name 'password*'", true],
  ])("LINE-9 history keeps %j: %s", (text, isKept) => {
    expect(afterSubmit(emptyLine(), text).history).toEqual(isKept ? [text] : []);
  });

  it("LINE-9 a line is kept once, as the newest", () => {
    expect(afterSubmit(emptyLine(["a", "b", "c"]), "a").history).toEqual(["b", "c", "a"]);
  });

  it.each([
    [{ name: "e", meta: true }],
    [{ name: "x", ctrl: true }],
    [{ name: "return", meta: true }],
    [{ name: "r", ctrl: true }],
  ])("LINE-10 an answer is one line: %j does nothing", (key) => {
    expect(pressAnswer(press("a"), key)).toEqual({ state: press("a") });
  });

  it("SHELL-40 a line has a bound", () => {
    const full = insert(emptyLine(), "x".repeat(inputCharactersMax));
    expect(press("y", full).text).toHaveLength(inputCharactersMax);
  });

  it("SHELL-41 whatever is pressed, the cursor stays in the text and between graphemes", () => {
    const names = [
      "left",
      "right",
      "home",
      "end",
      "backspace",
      "delete",
      "ctrl-w",
      "ctrl-k",
      "ctrl-u",
      "ctrl-y",
      "up",
      "down",
      "meta-b",
      "meta-f",
      "meta-return",
      "ctrl-x",
      "ctrl-s",
      "ctrl-r",
      "ctrl-g",
      "return",
    ];
    const keys = fc.oneof(
      fc.constantFrom(...names).map((name) => keyOf(name, undefined)),
      fc.constantFrom("a", " ", "語", "\u{1f600}", "/").map((text) => keyOf(undefined, text)),
    );
    fc.assert(
      fc.property(fc.array(keys, { maxLength: 60 }), (sequence) => {
        let line = emptyLine(["old", "ö語\u{1f600}", "a\n語語\ne\u0301"]);
        for (const key of sequence) line = pressKey(line, key).state;
        const boundaries = [...new Intl.Segmenter().segment(line.text)].map(({ index }) => index);
        expect([...boundaries, line.text.length]).toContain(line.cursor);
      }),
    );
  });
});
