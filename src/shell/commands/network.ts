/* The commands that tell about the network and its peers. */
import type { GroupMember, GroupStatus, NetworkStatus, PeerInfo } from "../../core/client.ts";
import { printable } from "../../core/names.ts";
import { allOn } from "../command.ts";
import type { Command, CommandContext, Invocation } from "../command.ts";
import type { OptionSpec } from "../arguments.ts";
import { alignRows, byteText, durationText, humanSize, jsonLine } from "../formats.ts";
import { spanMs } from "../spans.ts";

const json: OptionSpec = { long: "json", summary: "one JSON object a line" };
const kibibyte = 1024;

const isJson = ({ options }: Invocation, { settings }: CommandContext): boolean => options.has("json") || settings.json;

/** `status`: the network's health in one word, why, and what to do. */
export const status: Command = {
  name: "status",
  summary: "the network's health in one word, why, and what to do",
  usage: "[-v] [--json]",
  options: [{ long: "verbose", short: "v", summary: "also addresses, counters and this peer's store" }, json],
  side: allOn("none"),
  operandsMin: 0,
  operandsMax: 0,
  examples: [],
  async run(invocation, context) {
    const client = await context.client();
    const report = await client.status({ signal: context.signal });
    if (isJson(invocation, context)) await context.stdout.write(jsonLine(report));
    else {
      const isVerbose = invocation.options.has("verbose") || context.settings.verbose;
      await context.stdout.write(`${report.health}: ${printable(report.reason)}\n`);
      if (report.advice !== undefined) await context.stdout.write(`${printable(report.advice)}\n`);
      await context.stdout.write(alignRows([...statusRows(report), ...(isVerbose ? verboseRows(report) : [])]));
    }
    return 0;
  },
};

function statusRows(report: NetworkStatus): readonly (readonly string[])[] {
  const { peers, group } = report;
  const age = group.hasQuorum ? "" : `, as of ${durationText(group.ageMs)} ago`;
  const totals = [
    ["files:", `${report.files} in ${report.directories} directories${age}`],
    ["size:", `${byteText(report.logicalBytes)} logical, ${byteText(report.storedBytes)} stored`],
  ];
  return [
    ["peer:", report.self.name],
    ["peers:", `${peers.up} up, ${peers.suspect} suspect, ${peers.down} down`],
    ...groupRows(group),
    ...(group.members.length > 0 ? totals : [["files:", "unknown while no coordinator answers"]]),
  ];
}

function groupRows(group: GroupStatus): readonly (readonly string[])[] {
  if (group.members.length === 0) return [["coordinators:", "none answers"]];
  const leader = group.leader === undefined ? "no leader" : `${group.leader} leads`;
  return [
    ["coordinators:", group.members.map(memberText).join(", ")],
    ["log:", `term ${group.term}, ${leader}, committed ${group.commitIndex}, applied ${group.appliedIndex}`],
  ];
}

/** `ben`, and in brackets whatever is not as with a voter that is up to date. */
function memberText({ name, role, isActive, lagEntries = 0 }: GroupMember): string {
  const notes = [
    ...(role === "learner" ? ["learner"] : []),
    ...(isActive ? [] : ["silent"]),
    ...(lagEntries > 0 ? [`lacks ${lagEntries} ${lagEntries === 1 ? "entry" : "entries"}`] : []),
  ];
  return notes.length === 0 ? name : `${name} (${notes.join(", ")})`;
}

function verboseRows(report: NetworkStatus): readonly (readonly string[])[] {
  const { self, store } = report;
  return [
    ["network:", report.networkId],
    ["peer id:", self.id],
    ["addresses:", self.addresses.join(" ")],
    ["own store:", `${store.chunks} chunks, ${store.records} records, ${byteText(store.bytes)}`],
    ["own disk:", `${byteText(store.freeBytes)} free`],
    ["quarantined:", `${store.quarantined} chunks`],
    ["to announce:", `${report.announceQueue} file keys`],
    ["up for:", durationText(report.uptimeMs)],
    ["version:", report.version],
  ];
}

/** `peers`: who is in the network. */
export const peers: Command = {
  name: "peers",
  summary: "the peers of the network and how they are",
  usage: "[--json]",
  options: [json],
  side: allOn("none"),
  operandsMin: 0,
  operandsMax: 0,
  examples: [],
  async run(invocation, context) {
    const client = await context.client();
    const all = await client.peers({ signal: context.signal });
    if (isJson(invocation, context)) for (const peer of all) await context.stdout.write(jsonLine(peer));
    else {
      const header = ["NAME", "STATE", "ROLE", "USED", "FREE", "SEEN", "ZONE", "ID"];
      const isShort = context.stdout.isTTY;
      await context.stdout.write(alignRows([header, ...all.map((peer) => peerRow(peer, isShort))], new Set([3, 4])));
    }
    return 0;
  },
};

/** On a terminal the end of an id tells peers apart, and the line stays one line. */
function peerRow(peer: PeerInfo, isShort: boolean): readonly string[] {
  const roles = [peer.coordinator ? "coordinator" : "peer", ...(peer.self ? ["self"] : [])];
  const seen = peer.self ? "now" : `${durationText(peer.lastSeenMs)} ago`;
  const space = peer.capacityBytes > 0;
  return [
    peer.name,
    peer.state,
    roles.join(","),
    space ? humanSize(peer.usedBytes) : "-",
    space ? humanSize(peer.freeBytes) : "-",
    seen,
    peer.zone === "" ? "-" : printable(peer.zone),
    isShort ? `…${peer.id.slice(-8)}` : peer.id,
  ];
}

/** `df`: the space that the peers offer. */
export const df: Command = {
  name: "df",
  summary: "the space that each peer offers, in KiB",
  usage: "[-h] [--json]",
  options: [{ long: "human", short: "h", summary: "sizes in powers of 1024" }, json],
  side: allOn("none"),
  operandsMin: 0,
  operandsMax: 0,
  examples: ["df -h"],
  async run(invocation, context) {
    const client = await context.client();
    const all = await client.peers({ signal: context.signal });
    const storing = all.filter((peer) => peer.capacityBytes > 0);
    if (isJson(invocation, context)) for (const peer of storing) await context.stdout.write(jsonLine(spaceJson(peer)));
    else await context.stdout.write(spaceTable(storing, invocation.options.has("human")));
    return 0;
  },
};

function spaceJson({ name, capacityBytes, usedBytes, freeBytes }: PeerInfo): Record<string, unknown> {
  return { name, capacityBytes, usedBytes, freeBytes };
}

function spaceTable(storing: readonly PeerInfo[], isHuman: boolean): string {
  const size = (bytes: number): string => (isHuman ? humanSize(bytes) : String(Math.ceil(bytes / kibibyte)));
  const row = (name: string, capacity: number, used: number, free: number): readonly string[] => {
    const percent = capacity > 0 ? `${Math.ceil((used * 100) / capacity)}%` : "-";
    return [name, size(capacity), size(used), size(free), percent];
  };
  const sum = (pick: (peer: PeerInfo) => number): number => storing.reduce((total, peer) => total + pick(peer), 0);
  const rows = storing.map((peer) => row(peer.name, peer.capacityBytes, peer.usedBytes, peer.freeBytes));
  const total = row(
    "total",
    sum((peer) => peer.capacityBytes),
    sum((peer) => peer.usedBytes),
    sum((peer) => peer.freeBytes),
  );
  return alignRows([["PEER", isHuman ? "SIZE" : "KIB", "USED", "FREE", "USE%"], ...rows, total], new Set([1, 2, 3, 4]));
}

/** `fingers`: this peer's finger table. */
export const fingers: Command = {
  name: "fingers",
  summary: "this peer's finger table: the peers it knows and the holder records it keeps",
  usage: "[--json]",
  options: [json],
  side: allOn("none"),
  operandsMin: 0,
  operandsMax: 0,
  examples: [],
  async run(invocation, context) {
    const client = await context.client();
    const report = await client.fingers({ signal: context.signal });
    const { stdout } = context;
    if (isJson(invocation, context)) {
      await stdout.write(jsonLine(report));
      return 0;
    }
    const { records, announceQueue, cachedKeys } = report;
    await stdout.write(
      `${report.fingers.length} fingers, ${records} holder records, ${announceQueue} to announce, ${cachedKeys} cached\n`,
    );
    const rows = report.fingers.map((finger) => [
      String(finger.commonPrefixBits),
      finger.name ?? "-",
      finger.id,
      finger.addresses.join(" "),
    ]);
    if (rows.length > 0) await stdout.write(alignRows([["BITS", "NAME", "ID", "ADDRESSES"], ...rows], new Set([0])));
    const held = report.sample.map(({ fileKey, holder, expiresMs }) => [
      fileKey,
      holder,
      new Date(expiresMs).toISOString(),
    ]);
    if (held.length > 0) await stdout.write(`\n${alignRows([["FILE KEY", "HOLDER", "EXPIRES"], ...held])}`);
    return 0;
  },
};

/** `invite`: a new invite, alone on stdout. */
export const invite: Command = {
  name: "invite",
  summary: "make an invite for one machine; it alone is printed on stdout",
  usage: "[--for SPAN] [--json]",
  options: [{ long: "for", value: "SPAN", summary: "how long it is valid: 30m, 2h, 7d" }, json],
  side: allOn("none"),
  operandsMin: 0,
  operandsMax: 0,
  examples: ["invite > invite.txt", "invite --for 2h"],
  async run(invocation, context) {
    const span = invocation.options.text("for");
    const client = await context.client();
    const expiresInMs = span === undefined ? undefined : spanMs(span, "--for");
    const { text, expiresMs } = await client.invite({ expiresInMs, signal: context.signal });
    const expires = new Date(expiresMs).toISOString();
    if (isJson(invocation, context)) await context.stdout.write(jsonLine({ invite: text, expires }));
    else await context.stdout.write(`${text}\n`);
    if (context.stdout.isTTY && !context.settings.quiet)
      await context.stderr.write(`valid until ${expires}; on the new machine: dfs-shell join INVITE\n`);
    return 0;
  },
};
