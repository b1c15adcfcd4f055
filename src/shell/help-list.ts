/** Lists of commands and topics: all of them by purpose, or those that mention a word. */
import type { Alias } from "./aliases.ts";
import type { Command } from "./command.ts";
import type { Topic } from "./help-topics.ts";
import { purposes } from "./manual.ts";
import type { Section, Term } from "./manual-page.ts";

/** Every command under the heading of its purpose, then the aliases and the topics. */
export function commandSections(
  commands: readonly Command[],
  topics: readonly Topic[],
  aliases: ReadonlyMap<string, Alias>,
): readonly Section[] {
  const sections = Object.entries(purposes).map(([purpose, heading]): Section => {
    const own = commands.filter((command) => command.purpose === purpose).map(termOf);
    return { heading: heading.toUpperCase(), blocks: listOf(purpose === "local" ? [...own, localCommand] : own) };
  });
  const aliasTerms = [...aliases.values()].map(({ name, text }): Term => [name, text]);
  const aliasSection = { heading: "ALIASES", blocks: listOf(aliasTerms) };
  const topicSection = { heading: "TOPICS", blocks: listOf(topics.map(termOf)) };
  return [...sections, aliasSection, topicSection].filter(({ blocks }) => blocks.length > 0);
}

const localCommand: Term = ["!COMMAND", "run a command of this machine"];

function termOf({ name, summary }: Pick<Command, "name" | "summary">): Term {
  return [name, summary];
}

function listOf(terms: readonly Term[]): Section["blocks"] {
  return terms.length === 0 ? [] : [{ kind: "terms", terms }];
}

/** The commands and topics whose manuals have the word, whatever the case. */
export function mentioning(word: string, commands: readonly Command[], topics: readonly Topic[]): readonly Term[] {
  const wanted = word.toLowerCase();
  const has = (thing: unknown): boolean => textOf(thing).toLowerCase().includes(wanted);
  return [...commands.filter(has), ...topics.filter(has)].map(termOf);
}

/** All words in a description, wherever they stand in it. */
function textOf(thing: unknown): string {
  if (typeof thing === "string") return thing;
  if (typeof thing !== "object" || thing === null) return "";
  return Object.values(thing).map(textOf).join("\n");
}
