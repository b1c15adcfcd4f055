import type { CoordinatorChange, GroupMember, GroupStatus } from "../../core/client.ts";
import { DfsError } from "../../core/errors.ts";
import { parsePeerName } from "../../core/ids.ts";
import { printable } from "../../core/names.ts";
import type { Command, CommandContext, Invocation } from "../command.ts";
import { alignRows, durationText, jsonLine } from "../formats.ts";
import { temporary } from "../manual.ts";
import { groupJson } from "../network-json.ts";

const changes: readonly CoordinatorChange[] = ["add", "remove", "transfer"];
const rightAligned = new Set([3, 4]);

/** `coordinator`: who agrees on the catalogue, and who shall. */
export const coordinator: Command = {
  name: "coordinator",
  purpose: "network",
  summary: "who agrees on the catalogue; add, remove, or let another lead",
  usage: "[-f] [--json] [add|remove|transfer PEER]",
  description: [
    "Without a word it prints the group: its term, how far its log is, and for each member the role, whether it answers, and how far it is. The network keeps the group at 1, 3 or 5 voters by itself; add and remove change it by hand, and transfer lets another one lead.",
  ],
  options: [
    { long: "force", short: "f", summary: "remove without a question" },
    { long: "json", summary: "the group as one JSON object" },
  ],
  side: (index) => (index === 0 ? "word" : "peer"),
  words: changes,
  operandsMin: 0,
  operandsMax: 2,
  operands: {
    add: "make PEER a coordinator",
    remove: "make it none any more",
    transfer: "let PEER, which is one, lead",
    PEER: "the name of a peer",
  },
  exitCodes: {
    1: "the question was answered with no",
    2: "wrong usage, no coordinator, or the last one",
    3: "there is no such peer",
    4: "you are no administrator",
    ...temporary,
  },
  examples: [
    ["coordinator", "Who they are, and how far each is."],
    ["coordinator add ben", "Make ben one."],
    ["coordinator transfer ben", "Let ben lead."],
  ],
  seeAlso: ["status", "peers"],
  run,
};

async function run(invocation: Invocation, context: CommandContext): Promise<number> {
  const [word, name] = invocation.operands;
  if (word === undefined) return show(invocation, context);
  const change = changes.find((each) => each === word);
  if (change === undefined) throw new DfsError("usage", `the word is ${changes.join(", ")}, not "${printable(word)}"`);
  if (name === undefined) throw new DfsError("usage", `${change} needs the name of a peer`);
  const peer = parsePeerName(name);
  if (change === "remove" && !(await mayRemove(peer, invocation, context))) return 1;
  const client = await context.client();
  await client.changeCoordinator(change, peer, { signal: context.signal });
  return 0;
}

async function mayRemove(peer: string, { options }: Invocation, { ask }: CommandContext): Promise<boolean> {
  if (ask === undefined || options.has("force")) return true;
  return ask(`coordinator: remove ${peer} from the coordinators?`);
}

async function show({ options }: Invocation, context: CommandContext): Promise<number> {
  const client = await context.client();
  const { group } = await client.status({ signal: context.signal });
  const isJson = options.has("json") || context.settings.json;
  await context.stdout.write(isJson ? jsonLine(groupJson(group)) : groupText(group));
  return 0;
}

function groupText(group: GroupStatus): string {
  const { term, commitIndex, appliedIndex, hasQuorum, ageMs, members } = group;
  if (members.length === 0) return "no coordinator answers\n";
  const age = hasQuorum ? "" : `no majority answers; as of ${durationText(ageMs)} ago: `;
  const log = `term ${term}, ${commitIndex} entries committed, ${appliedIndex} applied`;
  const header = ["NAME", "ROLE", "STATE", "MATCH", "LAG"];
  return `${age}${log}\n${alignRows([header, ...members.map(memberRow)], rightAligned)}`;
}

function memberRow(member: GroupMember): readonly string[] {
  return [
    member.name,
    member.isLeader ? "leader" : member.role,
    member.isActive ? "active" : "silent",
    member.matchIndex === undefined ? "-" : String(member.matchIndex),
    member.lagEntries === undefined ? "-" : String(member.lagEntries),
  ];
}
