/** A manual as sections of paragraphs, lists and lines to type: what the terminal, the man pages and the docs are drawn from. */
import { optionText } from "./arguments.ts";
import type { OptionSpec } from "./arguments.ts";
import type { Command } from "./command.ts";
import { exitCodesOf } from "./manual.ts";
import type { Example } from "./manual.ts";

/** A term, and what it means. */
export type Term = readonly [term: string, meaning: string];

export type Block =
  | { readonly kind: "paragraph"; readonly text: string }
  /** How a command is typed: its name, and what can follow it. */
  | { readonly kind: "synopsis"; readonly name: string; readonly usage: string }
  /** Shown as it is, line by line. */
  | { readonly kind: "lines"; readonly lines: readonly string[] }
  | { readonly kind: "terms"; readonly terms: readonly Term[] }
  | { readonly kind: "examples"; readonly examples: readonly Example[] };

export interface Section {
  readonly heading: string;
  readonly blocks: readonly Block[];
}

/** A paragraph. */
export function paragraph(text: string): Block {
  return { kind: "paragraph", text };
}

/** A list of terms with their meanings. */
export function terms(...list: readonly Term[]): Block {
  return { kind: "terms", terms: list };
}

/** The manual of a command. Sections without content are left out. */
export function commandPage(command: Command): readonly Section[] {
  const { name, summary, usage, description, examples, seeAlso } = command;
  const optionTerms = command.options.map((option): Term => optionTerm(option, command.ownArguments));
  const sections: readonly Section[] = [
    { heading: "NAME", blocks: [paragraph(`${name} - ${summary}`)] },
    { heading: "SYNOPSIS", blocks: [{ kind: "synopsis", name, usage }] },
    { heading: "DESCRIPTION", blocks: description.map(paragraph) },
    { heading: "OPTIONS", blocks: listOf(optionTerms) },
    { heading: "OPERANDS", blocks: listOf(Object.entries(command.operands)) },
    {
      heading: "EXIT CODES",
      blocks: listOf(exitCodesOf(command).map(([code, meaning]): Term => [String(code), meaning])),
    },
    { heading: "EXAMPLES", blocks: examples.length === 0 ? [] : [{ kind: "examples", examples }] },
    { heading: "SEE ALSO", blocks: seeAlso.length === 0 ? [] : [paragraph(seeAlso.join(", "))] },
  ];
  return sections.filter(({ blocks }) => blocks.length > 0);
}

function listOf(list: readonly Term[]): readonly Block[] {
  return list.length === 0 ? [] : [terms(...list)];
}

/** An option as a term: how it is typed, and what it does, with the values that it takes. */
export function optionTerm(option: OptionSpec, ownArguments = false): Term {
  const values = Object.entries(option.values ?? {}).map(([value, does]) => `${value} (${does})`);
  const meaning = values.length === 0 ? option.summary : `${option.summary}: ${values.join(", ")}`;
  return [optionText(option, ownArguments).trimStart(), meaning];
}
