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
import { temporary } from "../manual.ts";

const words = ["add", "remove"] as const;

/** `admin`: makes administrators. */
export const admin: Command = {
  name: "admin",
  purpose: "people",
  summary: "make a user administrator, or no administrator any more",
  usage: "add|remove USER",
  description: [
    "Administrators make and end users, set quotas, make invites, and change policies and coordinators. They cannot read what others have. As long as there is none, every member may do all this. The last administrator stays one; users tells who they are.",
  ],
  options: [],
  side: (index) => (index === 0 ? "word" : "user"),
  words,
  operandsMin: 2,
  operandsMax: 2,
  operands: { add: "make USER an administrator", remove: "make USER none any more", USER: "a user of the network" },
  exitCodes: {
    2: "wrong usage, or it is the last administrator",
    3: "there is no such user",
    4: "you are no administrator",
    ...temporary,
  },
  examples: [
    ["admin add bob", "Let bob administer too."],
    ["admin remove bob", "Take that back."],
  ],
  seeAlso: ["users", "adduser", "quota"],
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
  purpose: "people",
  summary: "show or set what a user's files may cost",
  usage: "[--json] USER [SIZE|none]",
  description: [
    "A quota bounds all that a user's files cost after deduplication, earlier revisions and removed files that are still kept included. A put beyond it is refused. Without SIZE it is shown.",
  ],
  options: [jsonOption],
  side: (index) => (index === 0 ? "user" : "word"),
  words: ["none"],
  operandsMin: 1,
  operandsMax: 2,
  operands: {
    USER: "a user of the network",
    SIZE: "bytes, or with K, M, G, T a multiple: 500M, 20G",
    none: "without a limit",
  },
  exitCodes: { 2: "wrong usage, or no size", 3: "there is no such user", 4: "you are no administrator", ...temporary },
  examples: [
    ["quota bob", "What bob's files cost, and of how much."],
    ["quota bob 20G", "Set a limit."],
    ["quota bob none", "Take it away."],
  ],
  seeAlso: ["users", "df", "admin"],
  async run(invocation, context) {
    const [operand = "", size] = invocation.operands;
    const { signal, stdout } = context;
    const name = parseUserName(operand);
    const quotaBytes = size === undefined ? undefined : size === "none" ? null : sizeBytes(size, "the quota");
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
