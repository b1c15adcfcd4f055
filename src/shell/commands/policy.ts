/* The commands that say and change what the network does with every file. */
import type { NetworkPolicy } from "../../core/client.ts";
import { DfsError } from "../../core/errors.ts";
import { printable } from "../../core/names.ts";
import { allOn, isJson, jsonOption, wholeNumber } from "../command.ts";
import type { Command, CommandContext, Invocation } from "../command.ts";
import { alignRows, durationText, jsonLine } from "../formats.ts";
import { daysMs } from "../spans.ts";
import { temporary } from "../manual.ts";

const dayMs = 24 * 60 * 60_000;

/** What each word of `policy` sets, by its value as typed. */
const changes: Readonly<Record<string, (value: string) => Partial<NetworkPolicy>>> = {
  copies: (value) => ({ copies: wholeNumber(value, "copies", 1) }),
  "min-copies": (value) => ({ minCopies: wholeNumber(value, "min-copies", 1) }),
  revisions: (value) => ({ retainRevisions: wholeNumber(value, "revisions", 1) }),
  days: (value) => ({ retainMs: daysMs(value, "days") }),
};

/** `policy`: on how many disks files are, and how long what was is kept. */
export const policy: Command = {
  name: "policy",
  purpose: "network",
  summary: "on how many disks files are, and how long what was is kept",
  usage: "[--json] [copies|min-copies|revisions|days VALUE]",
  description: [
    "Without a word it prints what holds for every file; with a word and a value it changes that. copies is the disks that each file is to be on; min-copies those without which a put fails; revisions and days are what retain shows. The network adapts what is stored by itself.",
  ],
  options: [jsonOption],
  side: (index) => (index === 0 ? "word" : "none"),
  words: Object.keys(changes),
  operandsMin: 0,
  operandsMax: 2,
  operands: {
    copies: "disks for each file",
    "min-copies": "disks without which a put fails",
    revisions: "newest revisions that every file keeps",
    days: "how long others and removed files are kept",
    VALUE: "a whole number; for days also 0.5, or a span as 12h",
  },
  exitCodes: { 2: "wrong usage, or a value out of bounds", 4: "you are no administrator", ...temporary },
  examples: [
    ["policy", "What holds now."],
    ["policy copies 3", "Three disks for each file."],
    ["policy min-copies 1", "Let one disk be enough for a put."],
    ["policy days 7", "Keep what was for a week."],
  ],
  seeAlso: ["retain", "put", "backup"],
  async run(invocation, context) {
    const [word, value] = invocation.operands;
    if (word === undefined) return show(invocation, context, policyRows);
    const setting = Object.hasOwn(changes, word) ? changes[word] : undefined;
    if (setting === undefined)
      throw new DfsError("usage", `the word is ${Object.keys(changes).join(", ")}, not "${printable(word)}"`);
    if (value === undefined) throw new DfsError("usage", `${word} needs a value`);
    return change(setting(value), context);
  },
};

/** `retain`: the short way to what `policy` calls revisions and days. */
export const retain: Command = {
  name: "retain",
  purpose: "network",
  summary: "how long earlier revisions and removed files are kept",
  usage: "[--revisions N] [--days D] [--json]",
  description: [
    "Without an option it prints what holds. Every file keeps its newest revisions, and other revisions and removed files are kept for some days; after that their space is given back. It is the short way to what policy calls revisions and days.",
  ],
  options: [
    { long: "revisions", value: "N", summary: "newest revisions that every file keeps, the current one included" },
    { long: "days", value: "D", summary: "how long others and removed files are kept: 30, 0.5, or a span as 12h" },
    jsonOption,
  ],
  side: allOn("none"),
  operandsMin: 0,
  operandsMax: 0,
  operands: {},
  exitCodes: { 2: "wrong usage, or a value out of bounds", 4: "you are no administrator", ...temporary },
  examples: [
    ["retain", "What holds now."],
    ["retain --revisions 20 --days 90", "Keep more."],
    ["retain --days 12h", "Keep removed files for half a day."],
  ],
  seeAlso: ["policy", "rm", "df"],
  async run(invocation, context) {
    const { options } = invocation;
    const retainRevisions = options.number("revisions", 1);
    const days = options.text("days");
    if (retainRevisions === undefined && days === undefined) return show(invocation, context, retainRows);
    return change(
      {
        ...(retainRevisions === undefined ? {} : { retainRevisions }),
        ...(days === undefined ? {} : { retainMs: daysMs(days, "--days") }),
      },
      context,
    );
  },
};

type Rows = (policy: NetworkPolicy) => readonly (readonly string[])[];

async function show(invocation: Invocation, context: CommandContext, rows: Rows): Promise<number> {
  const client = await context.client();
  const present = await client.policy({ signal: context.signal });
  await context.stdout.write(isJson(invocation, context) ? jsonLine(present) : alignRows(rows(present)));
  return 0;
}

/** Like other changes it says nothing, but a person sees what holds from now on. */
async function change(wanted: Partial<NetworkPolicy>, context: CommandContext): Promise<number> {
  const { stdout, settings, signal } = context;
  const client = await context.client();
  const present = await client.setPolicy(wanted, { signal });
  if (stdout.isTTY && !settings.quiet) await stdout.write(alignRows(policyRows(present)));
  return 0;
}

function policyRows(present: NetworkPolicy): readonly (readonly string[])[] {
  return [
    ["copies:", `${disksText(present.copies)} for each file`],
    ["min-copies:", `${disksText(present.minCopies)} at the least for a put to succeed, where there are so many`],
    ...retainRows(present),
  ];
}

function retainRows({ retainRevisions, retainMs }: NetworkPolicy): readonly (readonly string[])[] {
  const kept = retainRevisions === 1 ? "the current revision" : `the newest ${retainRevisions} revisions`;
  return [
    ["revisions:", `${kept} of each file`],
    ["days:", `${daysText(retainMs)}; so long are others kept, and removed files`],
  ];
}

function disksText(disks: number): string {
  return disks === 1 ? "1 disk" : `${disks} disks`;
}

function daysText(ms: number): string {
  if (ms % dayMs !== 0) return durationText(ms);
  return ms === dayMs ? "1 day" : `${ms / dayMs} days`;
}
