/** The peers as rows: rings of backup pairs, drawn from top to bottom, and below them the peers that keep no files. */
import type { BackupLink, PeerInfo, PeerState } from "../../core/client.ts";
import { byteText, durationText } from "../formats.ts";
import { type Picture, fillKey } from "./picture.ts";
import { type Pair, type Ring, ringsOf } from "./ring.ts";
import { type Cell, type Row, type Style, type ViewSpace, padded, widest } from "./rows.ts";

const stateStyles: Readonly<Record<PeerState, Style>> = { up: "good", suspect: "warn", down: "bad", out: "bad" };

/** Columns that a narrow terminal does without. */
const narrowColumns = 72;
const nameColumnsMax = 24;

/** A pair as it is drawn: in front of it the ring's line. */
interface Line {
  readonly mark: string;
  readonly pair: Pair;
}

export function peerRows(picture: Picture, timeMs: number, space: ViewSpace): readonly Row[] {
  const peers = picture.peers.value ?? [];
  const byName = new Map(peers.map((peer) => [peer.name, peer]));
  const rings = ringsOf(picture.shelves.value ?? []);
  const lines = rings.flatMap(linesOf);
  const homes = new Set(lines.map(({ pair }) => pair.home));
  const others = peers.filter(({ name }) => !homes.has(name));
  const names = [...homes, ...others.map(({ name }) => name)];
  const width = Math.min(widest(names), nameColumnsMax);
  return [
    ...lines.flatMap((line) => pairRows(line, byName.get(line.pair.home), picture, { width, timeMs, space })),
    ...others.map((peer): Row => [
      ...peerCells("   ", peer.name, peer, width),
      { text: "  keeps no files", style: "dim" },
    ]),
  ];
}

/** `╭→` at the head of a ring, `╰─` at its end; a row that is no ring has no line back. */
function linesOf({ pairs, isClosed }: Ring): readonly Line[] {
  const last = pairs.length - 1;
  return pairs.map((pair, index) => {
    if (!isClosed) return { pair, mark: "   " };
    return { pair, mark: index === 0 ? "╭→ " : index === last ? "╰─ " : "│  " };
  });
}

interface Layout {
  readonly width: number;
  readonly timeMs: number;
  readonly space: ViewSpace;
}

function pairRows({ mark, pair }: Line, peer: PeerInfo | undefined, picture: Picture, layout: Layout): readonly Row[] {
  const own = peerCells(mark, pair.home, peer, layout.width);
  const owner = pair.shelf.links[0];
  const kept =
    owner === undefined || owner.name === pair.home
      ? []
      : [{ text: `  kept by ${owner.name}`, style: "warn" as const }];
  const [first, ...more] = pair.backups;
  if (first === undefined) return [[...own, { text: "  no backup peer", style: "warn" }]];
  const indent = " ".repeat(mark.length + layout.width + 2 + stateColumns);
  const line = mark.startsWith("╭") || mark.startsWith("│") ? `│${indent.slice(1)}` : indent;
  return [
    [...own, ...backupCells(pair, first, picture, layout), ...kept],
    ...more.map((link): Row => [{ text: line, style: "dim" }, ...backupCells(pair, link, picture, layout)]),
  ];
}

const stateColumns = 7;

function peerCells(mark: string, name: string, peer: PeerInfo | undefined, width: number): readonly Cell[] {
  const state = peer?.storageOrder === undefined ? (peer?.state ?? "?") : `${peer.state},${peer.storageOrder}`;
  return [
    { text: mark, style: "dim" },
    { text: `${padded(name, width)}  `, style: peer?.self === true ? "title" : "plain" },
    { text: padded(state, stateColumns), style: peer === undefined ? "dim" : stateStyles[peer.state] },
  ];
}

function backupCells(
  pair: Pair,
  link: BackupLink,
  picture: Picture,
  { width, timeMs, space }: Layout,
): readonly Cell[] {
  const { name, standing, lagChanges = 0, lagBytes = 0, verifiedMs } = link;
  const cells: Cell[] = [{ text: "  → ", style: "dim" }, { text: `${padded(name, width)}  ` }];
  if (standing === "filling") cells.push({ text: fillText(pair, link, picture), style: "bar" });
  else
    cells.push({
      text: standing,
      style: standing === "away" ? "bad" : standing === "new files only" ? "warn" : "good",
    });
  if (lagChanges > 0 && standing !== "filling")
    cells.push({ text: `, lacks ${lagChanges} (${byteText(lagBytes)})`, style: "warn" });
  if (verifiedMs !== undefined && standing !== "filling" && space.columns >= narrowColumns)
    cells.push({ text: `, verified ${durationText(Math.max(0, timeMs - verifiedMs))} ago`, style: "dim" });
  return cells;
}

function fillText({ shelf }: Pair, { name, filledBytes = 0, fillBytes = 0 }: BackupLink, picture: Picture): string {
  const rate = picture.fillRates.get(fillKey(shelf.shelf, name));
  // With all bytes through it is not full yet: the sets are still to be compared.
  const percent = fillBytes === 0 ? "" : ` ${Math.min(99, Math.floor((filledBytes * 100) / fillBytes))}%`;
  return `filling${percent}${rate === undefined ? "" : ` ${byteText(rate)}/s`}`;
}
