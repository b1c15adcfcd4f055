/** Manuals as man pages: roff with the man macros (groff_man(7), mandoc's man(7)). */
import type { Block, Section } from "../src/shell/manual-page.ts";

export interface ManPage {
  /** In small letters. */
  readonly name: string;
  readonly version: string;
  readonly sections: readonly ManSection[];
}

export interface ManSection extends Section {
  /** Parts with headings of their own. */
  readonly parts?: readonly Section[] | undefined;
}

/** The text of a man page of section 1. It has no date: it is that of its version. */
export function manPage({ name, version, sections }: ManPage): string {
  const lines = [
    `.\\" Written by npm run docs.`,
    `.TH ${name.toUpperCase()} 1 "" "dfs-shell ${version}" "User Commands"`,
    ...sections.flatMap(sectionLines),
  ];
  return `${lines.join("\n")}\n`;
}

function sectionLines({ heading, blocks, parts = [] }: ManSection): readonly string[] {
  return [
    `.SH ${quoted(heading)}`,
    ...blockLines(blocks),
    ...parts.flatMap((part) => [`.SS ${quoted(part.heading)}`, ...blockLines(part.blocks)]),
  ];
}

/** A paragraph stands apart from what is before it, but not from its heading. */
function blockLines(blocks: readonly Block[]): readonly string[] {
  return blocks.flatMap((block, at) =>
    (block.kind === "terms" || block.kind === "examples" || at === 0 ? [] : [".PP"]).concat(linesOf(block)),
  );
}

function linesOf(block: Block): readonly string[] {
  switch (block.kind) {
    case "paragraph":
      return [text(block.text)];
    case "synopsis":
      return [`\\fB${escaped(block.name)}\\fR ${escaped(block.usage)}`.trimEnd()];
    case "lines":
      return [".nf", ...block.lines.map(text), ".fi"];
    case "terms":
      return block.terms.flatMap(([term, meaning]) => [".TP", `\\fB${escaped(term)}\\fR`, text(meaning)]);
    default:
      return block.examples.flatMap(([line, does]) => [".TP", `\\fB${escaped(line)}\\fR`, text(does)]);
  }
}

/** A line of text, which is no request even where it begins with a dot or an apostrophe. */
function text(line: string): string {
  const safe = escaped(line);
  return /^[.']/.test(safe) ? `\\&${safe}` : safe;
}

/** Characters that roff would read as something else; dashes stay what can be copied and typed. */
function escaped(line: string): string {
  return line
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll("'", "\\(aq")
    .replaceAll("^", "\\(ha")
    .replaceAll("~", "\\(ti")
    .replaceAll("`", "\\(ga")
    .replaceAll(
      /[^\u0000-\u007f]/g,
      (character) => `\\[u${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}]`,
    );
}

function quoted(heading: string): string {
  return /\s/.test(heading) ? `"${escaped(heading)}"` : escaped(heading);
}
