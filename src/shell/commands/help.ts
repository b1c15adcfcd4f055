import { DfsError } from "../../core/errors.ts";
import { aliasText } from "../aliases.ts";
import type { Alias } from "../aliases.ts";
import { eachOperand, findCommand } from "../command.ts";
import type { Command, CommandContext } from "../command.ts";
import { commandSections, mentioning } from "../help-list.ts";
import { topics } from "../help-topics.ts";
import { commandPage, paragraph } from "../manual-page.ts";
import type { Section } from "../manual-page.ts";
import { pageText, termsText } from "../manual-text.ts";
import { nearestNames } from "../suggestion.ts";

/** `help`: what there is, and how each is used. */
export const help: Command = {
  name: "help",
  purpose: "shell",
  summary: "list the commands, tell about some, or search",
  usage: "[-k WORD] [COMMAND|TOPIC…]",
  description: [
    "Without an operand it lists the commands by purpose, and the topics. With the name of a command it prints its manual, as COMMAND --help does; with a topic what there is to say about that. With -k it lists the commands and topics whose manuals have WORD.",
  ],
  options: [{ long: "keyword", short: "k", value: "WORD", summary: "list what mentions this word" }],
  side: () => "command",
  operandsMin: 0,
  operandsMax: Number.POSITIVE_INFINITY,
  operands: {
    COMMAND: "the name of a command",
    TOPIC: `one of ${topics.map(({ name }) => name).join(", ")}`,
  },
  exitCodes: { 3: "there is no such command or topic, or nothing mentions the word" },
  examples: [
    ["help", "What there is."],
    ["help put", "The manual of put."],
    ["help grammar", "What lines and scripts can say."],
    ["help -k revision", "What has to do with revisions."],
  ],
  seeAlso: ["exit", ...topics.map(({ name }) => name)],
  async run({ options, operands }, context) {
    const word = options.text("keyword");
    if (word !== undefined) return search(word, context);
    const { commands, stdout } = context;
    if (operands.length === 0)
      await stdout.write(pageText(commandSections(commands, topics, context.state.aliases), stdout));
    let isFirst = true;
    return eachOperand(context, operands, async (operand) => {
      const page = pageOf(operand, commands, context.state.aliases);
      await stdout.write((isFirst ? "" : "\n") + pageText(page, stdout));
      isFirst = false;
    });
  },
};

function pageOf(name: string, commands: readonly Command[], aliases: ReadonlyMap<string, Alias>): readonly Section[] {
  const alias = aliases.get(name);
  if (alias !== undefined)
    return [{ heading: "ALIAS", blocks: [paragraph(aliasText(alias))] }, ...aliasedPage(alias, commands)];
  const command = findCommand(commands, name);
  if (command !== undefined) return commandPage(command);
  const topic = topics.find((each) => each.name === name);
  if (topic !== undefined) return topic.sections;
  const [nearest] = nearestNames(
    name,
    [...commands, ...topics].map((each) => each.name),
  );
  const hint = nearest === undefined ? '; "help" lists them' : `; did you mean "${nearest}"?`;
  throw new DfsError("not-found", `no such command or topic${hint}`);
}

/** The manual of the command that an alias begins with. */
function aliasedPage({ words }: Alias, commands: readonly Command[]): readonly Section[] {
  const command = findCommand(commands, words[0]?.parts.map(({ text }) => text).join("") ?? "");
  return command === undefined ? [] : commandPage(command);
}

async function search(word: string, { commands, stdout }: CommandContext): Promise<number> {
  const found = mentioning(word, commands, topics);
  if (found.length === 0) throw new DfsError("not-found", "nothing mentions it", { path: word });
  await stdout.write(termsText(found, stdout.columns, 0));
  return 0;
}
