/* The commands that tell who is in the network and whom a peer knows. */
import type { PeerInfo } from "../../core/client.ts";
import { printable } from "../../core/names.ts";
import { allOn, isJson, jsonOption } from "../command.ts";
import type { Command } from "../command.ts";
import { alignRows, durationText, humanSize, jsonLine } from "../formats.ts";
import { temporary } from "../manual.ts";
import { fingersJson, peerJson } from "../network-json.ts";

/** `peers`: who is in the network. */
export const peers: Command = {
  name: "peers",
  purpose: "network",
  summary: "the peers of the network and how they are",
  usage: "[--json]",
  description: [
    "Prints for each peer its state (up, suspect after 5 s of silence, down after 15 s, out after 10 minutes), its role, what is used and free of what it offers, when it was heard of last, its zone and its id.",
  ],
  options: [jsonOption],
  side: allOn("none"),
  operandsMin: 0,
  operandsMax: 0,
  operands: {},
  exitCodes: temporary,
  examples: [
    ["peers", "Who is there."],
    ["peers --json", "The same for a monitor."],
  ],
  seeAlso: ["status", "peer", "coordinator", "fingers"],
  async run(invocation, context) {
    const client = await context.client();
    const all = await client.peers({ signal: context.signal });
    if (isJson(invocation, context)) for (const peer of all) await context.stdout.write(jsonLine(peerJson(peer)));
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
    peer.storageOrder === undefined ? peer.state : `${peer.state},${peer.storageOrder}`,
    roles.join(","),
    space ? humanSize(peer.usedBytes) : "-",
    space ? humanSize(peer.freeBytes) : "-",
    seen,
    peer.zone === "" ? "-" : printable(peer.zone),
    isShort ? `…${peer.id.slice(-8)}` : peer.id,
  ];
}

/** `fingers`: this peer's finger table. */
export const fingers: Command = {
  name: "fingers",
  purpose: "network",
  summary: "this peer's finger table, by which it finds holders",
  usage: "[--json]",
  description: [
    "Prints the peers that this one knows, by how many bits their ids have in common with its own, how many holder records it keeps for others, how many of its own are still to be announced, and some of the records.",
  ],
  options: [jsonOption],
  side: allOn("none"),
  operandsMin: 0,
  operandsMax: 0,
  operands: {},
  exitCodes: temporary,
  examples: [
    ["fingers", "Whom this peer knows."],
    ["fingers --json", "The same for a program."],
  ],
  seeAlso: ["peers", "why"],
  async run(invocation, context) {
    const client = await context.client();
    const report = await client.fingers({ signal: context.signal });
    const { stdout } = context;
    if (isJson(invocation, context)) {
      await stdout.write(jsonLine(fingersJson(report)));
      return 0;
    }
    const { records, announceQueue, cachedKeys } = report;
    await stdout.write(
      `${report.fingers.length} ${report.fingers.length === 1 ? "finger" : "fingers"}, ${records} holder records, ${announceQueue} to announce, ${cachedKeys} cached\n`,
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
