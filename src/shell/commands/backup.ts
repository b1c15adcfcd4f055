import type { BackupLink, ShelfBackup } from "../../core/client.ts";
import { allOn, isJson, jsonOption } from "../command.ts";
import type { Command } from "../command.ts";
import { alignRows, byteText, durationText, humanSize, jsonLine, revisionsText } from "../formats.ts";
import { isLive } from "../chains.ts";
import { compareNames } from "../listing.ts";
import { temporary } from "../manual.ts";

/** `backup`: who has what of whom. */
export const backup: Command = {
  name: "backup",
  purpose: "network",
  summary: "who keeps whose files, and how far each disk is",
  usage: "[--json]",
  description: [
    "Prints each peer's shelf and its chain: the disks that keep it. STANDING is owner, full, filling or away; SAVEPOINT is how far the disk is, LACKS and BYTES what it lacks, VERIFIED when its owner last compared it. The network elects the disks by itself and copies anew what has too few.",
  ],
  options: [jsonOption],
  side: allOn("none"),
  operandsMin: 0,
  operandsMax: 0,
  operands: {},
  exitCodes: temporary,
  examples: [
    ["backup", "The chains of all shelves."],
    ["backup --json", "The same for a monitor."],
  ],
  seeAlso: ["why", "status", "policy", "peer"],
  async run(invocation, context) {
    const client = await context.client();
    const found = await client.backup({ signal: context.signal });
    const shelves = found.toSorted((left, right) => compareNames(left.home ?? "", right.home ?? ""));
    const { stdout } = context;
    if (isJson(invocation, context)) for (const shelf of shelves) await stdout.write(jsonLine(shelfJson(shelf)));
    else await stdout.write(shelves.length === 0 ? "no peer stores files\n" : shelvesText(shelves, Date.now()));
    return 0;
  },
};

const columns = ["PEER", "STATE", "STANDING", "SAVEPOINT", "LACKS", "BYTES", "VERIFIED"];
const rightAligned = new Set([3, 4, 5]);

/** A heading for each shelf and its chain below it; the columns of all chains are in line. */
function shelvesText(shelves: readonly ShelfBackup[], nowMs: number): string {
  const rows = shelves.flatMap(({ links }) => links.map((link) => linkRow(link, nowMs)));
  const [header, ...lines] = alignRows([columns, ...rows], rightAligned)
    .trimEnd()
    .split("\n");
  return shelves
    .map((shelf) => [headingOf(shelf), header, ...lines.splice(0, shelf.links.length)].join("\n  "))
    .map((block) => `${block}\n`)
    .join("\n");
}

function headingOf({ shelf, home, epoch, wanted, revisions, bytes, links }: ShelfBackup): string {
  const whose = home ?? `shelf ${shelf} of a peer that was removed`;
  return `${whose}: ${revisionsText(revisions)}, ${byteText(bytes)}; on ${links.filter(isLive).length} of ${wanted} disks; epoch ${epoch}`;
}

/** `-` stands for what nobody could be asked for. */
function linkRow(link: BackupLink, nowMs: number): readonly string[] {
  const { epoch, sequence, lagChanges, lagBytes, verifiedMs } = link;
  return [
    link.name,
    link.state,
    standingText(link),
    epoch === undefined || sequence === undefined ? "-" : `${epoch}.${sequence}`,
    lagChanges === undefined ? "-" : String(lagChanges),
    lagBytes === undefined ? "-" : humanSize(lagBytes),
    verifiedMs === undefined ? "-" : `${durationText(Math.max(0, nowMs - verifiedMs))} ago`,
  ];
}

function standingText({ standing, filledBytes, fillBytes }: BackupLink): string {
  if (standing !== "filling" || filledBytes === undefined || fillBytes === undefined || fillBytes === 0)
    return standing;
  // With all bytes through it is not full yet: the sets are still to be compared.
  return `filling ${Math.min(99, Math.floor((filledBytes * 100) / fillBytes))}%`;
}

function shelfJson({ links, ...shelf }: ShelfBackup): Record<string, unknown> {
  return {
    ...shelf,
    links: links.map(({ verifiedMs, ...link }) => ({
      ...link,
      ...(verifiedMs === undefined ? {} : { verified: new Date(verifiedMs).toISOString() }),
    })),
  };
}
