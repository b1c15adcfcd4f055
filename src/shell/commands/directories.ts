/* The commands that make and remove directories. */
import { allOn, eachOperand } from "../command.ts";
import type { Command } from "../command.ts";
import { remotePath } from "../operands.ts";
import { temporary } from "../manual.ts";

/** `mkdir`: makes directories. */
export const mkdir: Command = {
  name: "mkdir",
  purpose: "files",
  summary: "make directories",
  usage: "[-p] DIR…",
  description: ["Makes each DIR. The directory above must be there, unless -p makes that too."],
  options: [{ long: "parents", short: "p", summary: "also those above; an existing one is fine" }],
  side: allOn("remote"),
  operandsMin: 1,
  operandsMax: Number.POSITIVE_INFINITY,
  operands: { DIR: "a directory that is not there yet" },
  exitCodes: { 3: "the directory above is not there", 4: "it exists already", ...temporary },
  examples: [
    ["mkdir docs", "Make a directory."],
    ["mkdir -p photos/2025", "Make it, and photos too where that is missing."],
  ],
  seeAlso: ["rmdir", "put"],
  async run({ options, operands }, context) {
    const client = await context.client();
    return eachOperand(context, operands, (operand) =>
      client.mkdir(remotePath(operand, context), { parents: options.has("parents"), ...context.writes }),
    );
  },
};

/** `rmdir`: removes empty directories. */
export const rmdir: Command = {
  name: "rmdir",
  purpose: "files",
  summary: "remove empty directories",
  usage: "DIR…",
  description: ["Removes each DIR, which has to be empty. rm -r removes what is in it as well."],
  options: [],
  side: allOn("remote"),
  onlyDirectories: true,
  operandsMin: 1,
  operandsMax: Number.POSITIVE_INFINITY,
  operands: { DIR: "an empty directory" },
  exitCodes: { 3: "there is no such directory", 4: "it is not empty, or a file", ...temporary },
  examples: [["rmdir photos/2025", "Remove an empty directory."]],
  seeAlso: ["rm", "mkdir"],
  async run({ operands }, context) {
    const client = await context.client();
    return eachOperand(context, operands, (operand) => client.rmdir(remotePath(operand, context), context.writes));
  },
};
