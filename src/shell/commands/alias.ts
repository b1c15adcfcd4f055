/* Short names for the first words of commands. */
import { DfsError } from "../../core/errors.ts";
import { aliasText, parseAlias, setAlias } from "../aliases.ts";
import type { Alias } from "../aliases.ts";
import { allOn, eachOperand, isJson, jsonOption } from "../command.ts";
import type { Command } from "../command.ts";
import { jsonLine } from "../formats.ts";
import { compareNames } from "../../core/name-order.ts";

/** `alias`: makes short names for commands, or lists them. */
export const alias: Command = {
  name: "alias",
  purpose: "shell",
  summary: "short names for commands",
  usage: "[--json] [NAME[=TEXT]…]",
  description: [
    "From now on NAME, as the first word of a command and without quotes, stands for the words of TEXT: a command and what else is to stand before the words behind NAME. TEXT has no operators, pipes or redirections; its variables are read when the command runs. In TEXT the first word may be another alias, but not one that is being replaced already, so that an alias may have the name of a command. A backslash before a name, or quotes around it, leave it as it is.",
    "Without TEXT it prints what NAME stands for; without operands, all aliases. An alias lasts as long as the shell: those to keep belong into the prompt's configuration file.",
  ],
  options: [jsonOption],
  side: allOn("alias"),
  operandsMin: 0,
  operandsMax: Number.POSITIVE_INFINITY,
  operands: { NAME: "the name of an alias", TEXT: "the words that it is to stand for" },
  exitCodes: { 2: "wrong usage, a name or a text that cannot be an alias", 3: "there is no such alias" },
  examples: [
    ["alias ll='ls -lh'", "From now on ll lists with sizes and times; ll photos lists that folder."],
    ["alias", "All aliases, as they could be typed."],
  ],
  seeAlso: ["unalias", "help"],
  async run(invocation, context) {
    const { aliases } = context.state;
    const { stdout } = context;
    const show = (one: Alias): Promise<void> =>
      stdout.write(isJson(invocation, context) ? jsonLine({ name: one.name, text: one.text }) : `${aliasText(one)}\n`);
    if (invocation.operands.length === 0) {
      const all = [...aliases.values()].sort((left, right) => compareNames(left.name, right.name));
      for (const one of all) await show(one);
    }
    return eachOperand(context, invocation.operands, async (operand) => {
      const equals = operand.indexOf("=");
      if (equals >= 0) return setAlias(aliases, parseAlias(operand.slice(0, equals), operand.slice(equals + 1)));
      const found = aliases.get(operand);
      if (found === undefined) throw new DfsError("not-found", "no such alias", { path: operand });
      await show(found);
    });
  },
};

/** `unalias`: takes short names away. */
export const unalias: Command = {
  name: "unalias",
  purpose: "shell",
  summary: "forget aliases",
  usage: "-a | NAME…",
  description: ["Forgets the aliases of these names, or with -a all of them."],
  options: [{ long: "all", short: "a", summary: "forget all of them" }],
  side: allOn("alias"),
  operandsMin: 0,
  operandsMax: Number.POSITIVE_INFINITY,
  operands: { NAME: "an alias" },
  exitCodes: { 3: "there is no such alias" },
  examples: [["unalias ll", "ll is no command any more."]],
  seeAlso: ["alias"],
  async run({ operands, options }, context) {
    const { aliases } = context.state;
    if (options.has("all") === operands.length > 0)
      throw new DfsError("usage", "give the names, or -a for all of them");
    if (options.has("all")) aliases.clear();
    return eachOperand(context, operands, async (operand) => {
      if (!aliases.delete(operand)) throw new DfsError("not-found", "no such alias", { path: operand });
    });
  },
};
