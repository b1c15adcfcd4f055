/** The options of dfs-peer: one table for what it takes, its help and its man page. */
import { logLevels } from "./log.ts";

interface PeerOption {
  readonly type: "string" | "boolean";
  /** What its value is called in help. */
  readonly value?: string;
  /** What it does, and in brackets what holds without it. */
  readonly summary: string;
}

export const peerOptionSpecs = {
  data: { type: "string", value: "DIR", summary: "this machine's data folder; made when it is not there" },
  name: { type: "string", value: "NAME", summary: "name of a new peer (the machine's name)" },
  listen: {
    type: "string",
    value: "MULTIADDR",
    summary: "address to listen on (/ip4/0.0.0.0/tcp/0, then the same port again)",
  },
  join: {
    type: "string",
    value: "INVITE",
    summary: "join the network of this invite; without it, a new folder founds a network",
  },
  restore: {
    type: "string",
    value: "INVITE",
    summary: "take the place of a member whose disk is lost, and get everything back that was on it",
  },
  as: { type: "string", value: "NAME", summary: "with --restore: which member; without it, the only one that is down" },
  capacity: {
    type: "string",
    value: "SIZE",
    summary: "bytes to offer, such as 500G; 0 stores nothing for others (all that the disk has)",
  },
  zone: { type: "string", value: "ZONE", summary: "room, building or site, so that copies can be kept apart" },
  coordinator: {
    type: "string",
    value: "WHEN",
    summary: "auto: may become one of the coordinators, which keep the catalogue together; never (auto)",
  },
  lease: {
    type: "string",
    value: "DURATION",
    summary: "how long an upload that was broken off keeps its chunks, such as 90s or 10m (10m)",
  },
  "suspect-after": {
    type: "string",
    value: "DURATION",
    summary: "while this peer leads: silent for this long, a peer gets no new files (5s)",
  },
  "down-after": {
    type: "string",
    value: "DURATION",
    summary: "… others read from its backup peer, which takes over (15s)",
  },
  "out-after": {
    type: "string",
    value: "DURATION",
    summary: "… what it had is copied anew, and another takes its place as a coordinator (10m)",
  },
  "scrub-every": {
    type: "string",
    value: "DURATION",
    summary: "how long a check of every chunk on this disk may take (30d)",
  },
  "compact-after": {
    type: "string",
    value: "COUNT",
    summary: "entries that the catalogue's log may hold before its older half goes (100000)",
  },
  "recover-as-new-group": {
    type: "boolean",
    summary: "when most coordinators are lost for good: go on from what this one has; asks first",
  },
  yes: { type: "boolean", summary: "do not ask" },
  "log-level": { type: "string", value: "LEVEL", summary: `${logLevels.join(", ")} or silent (info)` },
  "log-json": { type: "boolean", summary: "log lines as JSON" },
  help: { type: "boolean", summary: "this text" },
  version: { type: "boolean", summary: "the version" },
} as const satisfies Record<string, PeerOption>;

/** What the program is, and how it is called. */
export const peerAbout = "runs one peer of a dfs-shell network in the foreground";
export const peerUsage = "[--data DIR] [options]";
/** How it tells what it does. */
export const peerConduct =
  "When it serves it prints one line: ready NAME MULTIADDR. Logs go to stderr. SIGTERM and SIGINT stop it.";

/** Each option as it is typed, and what it does. */
export const peerOptionTerms: readonly (readonly [term: string, meaning: string])[] = Object.entries(
  peerOptionSpecs,
).map(([long, option]: [string, PeerOption]) => [
  `--${long}${option.value === undefined ? "" : ` ${option.value}`}`,
  option.summary,
]);

const termColumns = 18;

/** What `--help` prints. */
export function peerHelp(): string {
  const lines = peerOptionTerms.map(([term, meaning]) => `  ${term.padEnd(termColumns)}  ${meaning}\n`);
  return `dfs-peer ${peerAbout}.\n\nusage: dfs-peer ${peerUsage}\n\n${lines.join("")}\n${peerConduct}\n`;
}
