/** Manuals as text for a terminal or a pipe. */
import stringWidth from "string-width";
import type { Block, Section, Term } from "./manual-page.ts";
import type { Output } from "./output.ts";

/** Longer lines are hard to read. */
const columnsMax = 100;
const columnsMin = 20;
const indent = 4;
/** A longer term stands on a line of its own. */
const termColumnsMax = 24;
const gap = 2;

/** The sections, wrapped to the width of `output`; headings are bold where it has colour. */
export function pageText(sections: readonly Section[], output: Pick<Output, "columns" | "color">): string {
  const columns = Math.max(columnsMin, Math.min(columnsMax, output.columns));
  return sections
    .map(({ heading, blocks }) => {
      const text = blocks.map((block) => blockText(block, columns)).join("\n");
      return `${bold(heading, output)}\n${text}`;
    })
    .join("\n");
}

/** `text` bold where there is colour. */
function bold(text: string, { color }: Pick<Output, "color">): string {
  return color ? `\u001b[1m${text}\u001b[0m` : text;
}

function blockText(block: Block, columns: number): string {
  switch (block.kind) {
    case "paragraph":
      return indented(wrapped(block.text, columns - indent), indent);
    case "synopsis":
      return synopsisText(block, columns);
    case "lines":
      return indented(block.lines, indent);
    case "terms":
      return termsText(block.terms, columns, indent);
    default:
      return block.examples
        .map(([line, does]) => indented([line], indent) + indented(wrapped(does, columns - 2 * indent), 2 * indent))
        .join("");
  }
}

const noBreakSpace = "\u00a0";

/** Lines are not cut within brackets. */
function synopsisText({ name, usage }: Block & { readonly kind: "synopsis" }, columns: number): string {
  let depth = 0;
  const whole = Array.from(usage, (character) => {
    if (character === "[") depth += 1;
    if (character === "]") depth -= 1;
    return character === " " && depth > 0 ? noBreakSpace : character;
  }).join("");
  const start = stringWidth(name) + 1;
  const [first = "", ...rest] = wrapped(whole, columns - indent - start).map((line) =>
    line.replaceAll(noBreakSpace, " "),
  );
  return indented([`${name} ${first}`.trimEnd()], indent) + indented(rest, indent + start);
}

/** Terms in a column and their meanings in another one. */
export function termsText(list: readonly Term[], columns: number, indentColumns: number): string {
  const widths = list.map(([term]) => stringWidth(term)).filter((width) => width <= termColumnsMax);
  const meaningColumn = indentColumns + Math.max(0, ...widths) + gap;
  return list
    .map(([term, meaning]) => {
      const lines = wrapped(meaning, Math.max(columnsMin, columns - meaningColumn));
      const isShort = stringWidth(term) + indentColumns + gap <= meaningColumn;
      if (!isShort) return indented([term], indentColumns) + indented(lines, meaningColumn);
      const [first = "", ...rest] = lines;
      const padding = " ".repeat(meaningColumn - indentColumns - stringWidth(term));
      return indented([`${term}${padding}${first}`.trimEnd()], indentColumns) + indented(rest, meaningColumn);
    })
    .join("");
}

function indented(lines: readonly string[], by: number): string {
  return lines.map((line) => `${" ".repeat(by)}${line}\n`).join("");
}

/** Lines of at most so many columns, cut between words; a word that is wider stands alone. */
function wrapped(text: string, columns: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line !== "" && stringWidth(longer) > columns) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line];
}
