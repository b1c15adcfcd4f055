import type { Account } from "../../core/accounts.ts";
import type { SpaceReport } from "../../core/client.ts";
import { allOn, isJson, jsonOption } from "../command.ts";
import type { Command } from "../command.ts";
import { userLoggedIn } from "../doors.ts";
import { alignRows, humanSize, jsonLine } from "../formats.ts";
import { accountJson } from "../use.ts";
import { temporary } from "../manual.ts";

const kibibyte = 1024;

/** `df`: where the space is. */
export const df: Command = {
  name: "df",
  purpose: "network",
  summary: "the space that each peer offers, and what takes it",
  usage: "[-h] [--json]",
  description: [
    "Prints for each peer that stores files what it offers, what is used of it and what is free, in KiB; then what the files come to, and what the own disk holds. Whoever is logged in sees what their files cost, and of which quota.",
  ],
  options: [{ long: "human", short: "h", summary: "sizes in powers of 1024" }, jsonOption],
  side: allOn("none"),
  operandsMin: 0,
  operandsMax: 0,
  operands: {},
  exitCodes: temporary,
  examples: [["df -h", "Space in readable sizes."]],
  seeAlso: ["du", "peers", "quota"],
  async run(invocation, context) {
    const client = await context.client();
    const { stdout, signal } = context;
    const report = await client.space({ signal });
    const account = await userLoggedIn(client, { signal });
    if (isJson(invocation, context)) {
      for (const peer of report.peers) await stdout.write(jsonLine(peer));
      await stdout.write(jsonLine({ ...totalsJson(report), ...(account && { user: accountJson(account) }) }));
    } else {
      const isHuman = invocation.options.has("human");
      const sizeText = (bytes: number): string => (isHuman ? humanSize(bytes) : String(Math.ceil(bytes / kibibyte)));
      await stdout.write(
        `${peerTable(report.peers, sizeText, isHuman ? "SIZE" : "KIB")}\n${totals(report, account, sizeText)}`,
      );
    }
    return 0;
  },
};

type SizeText = (bytes: number) => string;
type PeerSpace = SpaceReport["peers"][number];

function totalsJson({ logicalBytes, storedBytes, own }: SpaceReport): Record<string, unknown> {
  return { total: true, logicalBytes, storedBytes, own };
}

function peerTable(peers: readonly PeerSpace[], sizeText: SizeText, unit: string): string {
  const row = (name: string, capacity: number, used: number, free: number): readonly string[] => {
    const percent = capacity > 0 ? `${Math.ceil((used * 100) / capacity)}%` : "-";
    return [name, sizeText(capacity), sizeText(used), sizeText(free), percent];
  };
  const sum = (pick: (peer: PeerSpace) => number): number => peers.reduce((total, peer) => total + pick(peer), 0);
  const rows = peers.map(({ name, state, capacityBytes, usedBytes, freeBytes }) =>
    row(state === "up" ? name : `${name} (${state})`, capacityBytes, usedBytes, freeBytes),
  );
  const total = row(
    "total",
    sum((peer) => peer.capacityBytes),
    sum((peer) => peer.usedBytes),
    sum((peer) => peer.freeBytes),
  );
  return alignRows([["PEER", unit, "USED", "FREE", "USE%"], ...rows, total], new Set([1, 2, 3, 4]));
}

/** What the files of who is logged in cost. */
function useRows(account: Account | undefined): readonly (readonly [string, number])[] {
  if (account === undefined) return [];
  const { name, usedBytes, quotaBytes } = account;
  const quota = quotaBytes === undefined ? [] : [[`quota of ${name}`, quotaBytes] as const];
  return [[`files of ${name}, with history`, usedBytes], ...quota];
}

/** Files now, all that is kept of them once, and the state of this peer's own disk. */
function totals(
  { logicalBytes, storedBytes, own }: SpaceReport,
  account: Account | undefined,
  sizeText: SizeText,
): string {
  const rows = [
    ["files now", logicalBytes],
    ["one copy, with history", storedBytes],
    ["own disk, live", own.liveBytes],
    ["own disk, to be given back", own.deadBytes],
    ["own disk, in all", own.diskBytes],
    ...useRows(account),
  ] as const;
  return alignRows(
    rows.map(([name, bytes]) => [name, sizeText(bytes)]),
    new Set([1]),
  );
}
