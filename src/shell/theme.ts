/** How pieces of the live area look: names of styles, and the escape codes that a terminal draws them by. */

/** What a piece of text is; its look follows from that. */
export type Style =
  | "user"
  | "folder"
  | "failure"
  | "attention"
  | "command"
  | "wrong"
  | "option"
  | "string"
  | "variable"
  | "operator"
  | "grey"
  | "selected"
  | "match";

/** A piece of one row. */
export interface Span {
  readonly text: string;
  readonly style?: Style | undefined;
  readonly isUnderlined?: boolean | undefined;
}

/** The 16 colours that every terminal has and its user chose (ECMA-48, SGR). */
const codes: Readonly<Record<Style, string>> = {
  user: "32",
  folder: "36",
  failure: "31",
  attention: "33",
  command: "1;32",
  wrong: "31",
  option: "36",
  string: "33",
  variable: "35",
  operator: "34",
  grey: "2",
  selected: "7",
  match: "1;4",
};
/** What is no colour, and stays where none is wanted: without it nobody could tell a suggestion from what was typed. */
const plainStyles: ReadonlySet<Style> = new Set<Style>(["grey", "selected"]);
const underline = "4";

/** A row as a terminal draws it. */
export function paint(row: readonly Span[], hasColor: boolean): string {
  return row.map((span) => painted(span, hasColor)).join("");
}

function painted({ text, style, isUnderlined }: Span, hasColor: boolean): string {
  const look = style === undefined || !(hasColor || plainStyles.has(style)) ? [] : [codes[style]];
  if (isUnderlined === true && hasColor) look.push(underline);
  return look.length === 0 ? text : `\u001b[${look.join(";")}m${text}\u001b[0m`;
}
