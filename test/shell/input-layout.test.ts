import * as fc from "fast-check";
import stringWidth from "string-width";
import { describe, expect, it } from "vitest";
import { layoutInput } from "../../src/shell/input-layout.ts";

function laidOut(text: string, cursor: number, columns: number, rowsMax = 10, grey = ""): [string[], number, number] {
  const { rows, cursor: place } = layoutInput(
    { prompt: [{ text: "> " }], text, cursor, suggestion: grey },
    columns,
    rowsMax,
  );
  return [rows.map((row) => row.map((span) => span.text).join("")), place.x, place.y];
}

describe("the typed line on the screen", () => {
  it.each<[string, number, number, string[], number, number]>([
    ["ls", 2, 10, ["> ls"], 4, 0],
    ["ls", 0, 10, ["> ls"], 2, 0],
    ["abcdefg", 7, 10, ["> abcdefg", ""], 0, 1],
    ["abcdefghi", 9, 10, ["> abcdefg", "hi"], 2, 1],
    ["日本語日", 4, 10, ["> 日本語", "日"], 2, 1],
    ["a\nb", 3, 10, ["> a", "b"], 1, 1],
    ["👨‍👩‍👧x", 9, 10, ["> 👨‍👩‍👧x"], 5, 0],
  ])("SHELL-42 wraps %j by grapheme", (text, cursor, columns, rows, x, y) => {
    expect(laidOut(text, cursor, columns)).toEqual([rows, x, y]);
  });

  it("SHELL-42 shows the rows around the cursor when they do not all fit", () => {
    const text = "0123456789".repeat(4);
    expect(laidOut(text, 40, 11, 2)).toEqual([["8901234567", "89"], 2, 1]);
    expect(laidOut(text, 0, 11, 2)).toEqual([["> 01234567", "8901234567"], 2, 0]);
  });

  it("SHELL-42 control characters cannot reach the terminal", () => {
    expect(laidOut("a\u001bb", 3, 20)[0]).toEqual(["> a\\x1bb"]);
  });

  it("SHELL-42 a suggestion stands behind the cursor", () => {
    expect(laidOut("ls", 2, 20, 10, " -l")).toEqual([["> ls -l"], 4, 0]);
  });

  it("LINE-18 what is shown of a long text is what the whole would show there", () => {
    const pieces = fc.constantFrom("a", "bc ", "\n", "日本", "e\u0301", "か\u3099", "\u{1f600}", "x".repeat(9), "한");
    const texts = fc.array(pieces, { maxLength: 60 }).map((parts) => parts.join(""));
    fc.assert(
      fc.property(texts, fc.nat(), fc.integer({ min: 1, max: 5 }), (text, place, rowsMax) => {
        const ends = [
          0,
          ...[...new Intl.Segmenter().segment(text)].map(({ index, segment }) => index + segment.length),
        ];
        const cursor = ends[place % ends.length] ?? 0;
        const prompt = [{ text: "> " }];
        const whole = layoutInput({ prompt, text, cursor, suggestion: "" }, 8, Number.POSITIVE_INFINITY);
        const first = Math.max(0, whole.cursor.y - rowsMax + 1);
        expect(layoutInput({ prompt, text, cursor, suggestion: "" }, 8, rowsMax)).toEqual({
          rows: whole.rows.slice(first, first + rowsMax),
          cursor: { x: whole.cursor.x, y: whole.cursor.y - first },
        });
        for (const row of whole.rows) expect(stringWidth(row.map((span) => span.text).join(""))).toBeLessThanOrEqual(7);
      }),
    );
  });

  it("LINE-18 styles stand where they should, graphemes whole", () => {
    const styles = [
      { start: 0, end: 2, style: "command" as const },
      { start: 3, end: 5, style: "string" as const, isUnderlined: true },
    ];
    const { rows } = layoutInput({ prompt: [], text: "ls 'e\u0301' 日", styles, cursor: 9, suggestion: "!" }, 40, 9);
    expect(rows).toEqual([
      [
        { text: "ls", style: "command" },
        { text: " " },
        { text: "'e\u0301", style: "string", isUnderlined: true },
        { text: "' 日" },
        { text: "!", style: "grey" },
      ],
    ]);
  });
});
