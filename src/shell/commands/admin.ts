/* The commands of administrators: who is one, and what users' files may cost. */
import { DfsError } from "../../core/errors.ts";
import { parseUserName } from "../../core/ids.ts";
import { printable } from "../../core/names.ts";
import { isJson, jsonOption } from "../command.ts";
import type { Command } from "../command.ts";
import { jsonLine } from "../formats.ts";
import { sizeBytes } from "../sizes.ts";
import { useText, userJson } from "../use.ts";
import { tell } from "./login.ts";

const words = ["add", "remove"] as const;

/** `admin`: makes administrators. */
export const admin: Command = {
  name: "admin",
  summary: "make a user administrator, or no administrator any more; users lists them",
  usage: "add|remove USER",
  options: [],
  side: (index) => (index === 0 ? "word" : "user"),
  words,
  operandsMin: 2,
  operandsMax: 2,
  examples: ["admin add bob", "admin remove bob"],
  async run({ operands: [word = "", operand = ""] }, context) {
    if (word !== "add" && word !== "remove")
      throw new DfsError("usage", `the word is ${words.join(" or ")}, not "${printable(word)}"`);
    const name = parseUserName(operand);
    const client = await context.client();
    await client.setAdmin(name, word === "add", { signal: context.signal });
    await tell(`${name} is ${word === "add" ? "" : "no "}administrator now`, context);
    return 0;
  },
};

/** `quota`: what a user's files may cost. */
export const quota: Command = {
  name: "quota",
  summary: "show or set what a user's files may cost, earlier revisions and removed files included",
  usage: "[--json] USER [SIZE|none]",
  options: [jsonOption],
  side: (index) => (index === 0 ? "user" : "word"),
  words: ["none"],
  operandsMin: 1,
  operandsMax: 2,
  examples: ["quota bob", "quota bob 20G", "quota bob none"],
  async run(invocation, context) {
    const [operand = "", size] = invocation.operands;
    const { signal, stdout } = context;
    const name = parseUserName(operand);
    const quotaBytes = size === undefined ? undefined : size === "none" ? null : sizeBytes(size, "quota");
    const client = await context.client();
    if (quotaBytes !== undefined) {
      await client.setQuota(name, quotaBytes, { signal });
      return 0;
    }
    const user = (await client.users({ signal })).find((each) => each.name === name);
    if (user === undefined) throw new DfsError("not-found", "there is no such user", { path: name });
    await stdout.write(isJson(invocation, context) ? jsonLine(userJson(user)) : `${name}: ${useText(user)}\n`);
    return 0;
  },
};
