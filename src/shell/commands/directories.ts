/* The commands that make and remove directories. */
import { allOn, eachOperand } from "../command.ts";
import type { Command } from "../command.ts";
import { remotePath } from "../operands.ts";

/** `mkdir`: makes directories. */
export const mkdir: Command = {
  name: "mkdir",
  summary: "make directories",
  usage: "[-p] DIR…",
  options: [{ long: "parents", short: "p", summary: "also those above; an existing one is fine" }],
  side: allOn("remote"),
  operandsMin: 1,
  operandsMax: Number.POSITIVE_INFINITY,
  examples: ["mkdir -p photos/2025"],
  async run({ options, operands }, context) {
    const client = await context.client();
    return eachOperand(context, operands, (operand) =>
      client.mkdir(remotePath(operand, context), { parents: options.has("parents"), signal: context.signal }),
    );
  },
};

/** `rmdir`: removes empty directories. */
export const rmdir: Command = {
  name: "rmdir",
  summary: "remove empty directories",
  usage: "DIR…",
  options: [],
  side: allOn("remote"),
  operandsMin: 1,
  operandsMax: Number.POSITIVE_INFINITY,
  examples: ["rmdir photos/2025"],
  async run({ operands }, context) {
    const client = await context.client();
    return eachOperand(context, operands, (operand) =>
      client.rmdir(remotePath(operand, context), { signal: context.signal }),
    );
  },
};
