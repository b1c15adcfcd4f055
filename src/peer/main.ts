/** dfs-peer: a peer in the foreground, until a signal stops it. */
import { parseArgs } from "node:util";
import type { Writable } from "node:stream";
import { DfsError, toDfsError } from "../core/errors.ts";
import { type PeerName, parsePeerName } from "../core/ids.ts";
import { compactAfterEntriesMin, stopMs, zoneBytesMax } from "../core/limits.ts";
import { defaultDataFolder } from "./data-folder-paths.ts";
import { type Log, type LogLevel, createLog, logLevels } from "./log.ts";
import { type PeerSettings, usualSettings } from "./peer-settings.ts";
import { guardProcess } from "./process-guard.ts";
import { parseDurationMs, parseSizeBytes } from "./quantities.ts";
import { recoverAsNewGroup } from "./recover-as-new-group.ts";
import { type RunningPeerOptions, startRunningPeer } from "./running-peer.ts";

export interface PeerProgram {
  /** Without the program's name. */
  readonly argv: readonly string[];
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly version: string;
}

const help = `dfs-peer runs one peer of a dfs-shell network in the foreground.

usage: dfs-peer [--data DIR] [options]

  --data DIR          this machine's data folder; made when it is not there
  --name NAME         name of a new peer (the machine's name)
  --listen MULTIADDR  address to listen on (/ip4/0.0.0.0/tcp/0, then the same port again)
  --join INVITE       join the network of this invite; without it, a new folder founds a network
  --restore INVITE    take the place of a member whose disk is lost, and get everything back that was on it
  --as NAME           with --restore: which member; without it, the only one that is down
  --capacity SIZE     bytes to offer, such as 500G; 0 stores nothing for others (all that the disk has)
  --zone ZONE         room, building or site, so that copies can be kept apart
  --coordinator WHEN  auto: may become one of the coordinators, which keep the catalogue together; never (auto)
  --lease DURATION    how long an upload that was broken off keeps its chunks, such as 90s or 10m (10m)
  --suspect-after DURATION  while this peer leads: silent for this long, a peer gets no new files (5s)
  --down-after DURATION  … others read from its backup peer, which takes over (15s)
  --out-after DURATION   … what it had is copied anew, and another takes its place as a coordinator (10m)
  --scrub-every DURATION  how long a check of every chunk on this disk may take (30d)
  --compact-after COUNT  entries that the catalogue's log may hold before its older half goes (100000)
  --recover-as-new-group  when most coordinators are lost for good: go on from what this one has; asks first
  --yes               do not ask
  --log-level LEVEL   ${logLevels.join(", ")} or silent (info)
  --log-json          log lines as JSON
  --help, --version

When it serves it prints one line: ready NAME MULTIADDR. Logs go to stderr. SIGTERM and SIGINT stop it.
`;

const options = {
  data: { type: "string" },
  name: { type: "string" },
  listen: { type: "string" },
  join: { type: "string" },
  restore: { type: "string" },
  as: { type: "string" },
  capacity: { type: "string" },
  zone: { type: "string" },
  lease: { type: "string" },
  coordinator: { type: "string" },
  "suspect-after": { type: "string" },
  "down-after": { type: "string" },
  "out-after": { type: "string" },
  "scrub-every": { type: "string" },
  "compact-after": { type: "string" },
  "recover-as-new-group": { type: "boolean" },
  yes: { type: "boolean" },
  "log-level": { type: "string" },
  "log-json": { type: "boolean" },
  help: { type: "boolean" },
  version: { type: "boolean" },
} as const;

type Values = ReturnType<typeof parseArgs<{ options: typeof options }>>["values"];

/** Runs a peer until SIGTERM or SIGINT. Returns the exit code; what fails is reported on stderr. */
export async function runPeer(program: PeerProgram): Promise<number> {
  try {
    const values = parse(program.argv);
    if (values.help === true) return print(program.stdout, help);
    if (values.version === true) return print(program.stdout, `dfs-peer ${program.version}\n`);
    if (values["recover-as-new-group"] === true) await recoverGroup(program, values);
    return await serve(program, values);
  } catch (thrown) {
    const error = toDfsError(thrown);
    program.stderr.write(`dfs-peer: ${error.message}\n`);
    if (error.kind === "usage") program.stderr.write("usage: dfs-peer [--data DIR] [options]; see dfs-peer --help\n");
    return error.exitCode;
  }
}

/** Makes the peer's own catalogue the beginning of a new group, after the operator has agreed. */
async function recoverGroup({ stdin, stdout, version }: PeerProgram, values: Values): Promise<void> {
  const folder = values.data ?? defaultDataFolder();
  await recoverAsNewGroup({ folder, program: `dfs-peer ${version}`, isAgreed: values.yes === true, stdin, stdout });
}

async function serve({ stdout, stderr, version }: PeerProgram, values: Values): Promise<number> {
  const log = createLog((line) => stderr.write(line), {
    level: levelOf(values["log-level"]),
    json: values["log-json"] === true,
  });
  guardProcess(log);
  const stopped = untilSignal();
  const peer = await startRunningPeer(peerOptions(values, log, version));
  stdout.write(`ready ${peer.name} ${peer.addresses[0] ?? ""}\n`);
  log.info(`${peer.name} (${peer.self}) serves at ${peer.addresses.join(", ")}`);
  const signal = await stopped;
  log.info(`${signal}: stopping`);
  // Whatever does not end by itself in time is cut: everything acknowledged is on the disk already.
  const lastResort = setTimeout(() => process.exit(0), stopMs);
  lastResort.unref();
  await peer.stop();
  clearTimeout(lastResort);
  return 0;
}

function peerOptions(values: Values, log: Log, version: string): RunningPeerOptions {
  return {
    folder: values.data ?? defaultDataFolder(),
    setup: {
      name: nameOf(values.name),
      zone: zoneOf(values.zone),
      capacityBytes: values.capacity === undefined ? undefined : parseSizeBytes(values.capacity),
      coordinate: coordinateOf(values.coordinator),
    },
    listen: listenOf(values.listen),
    invite: values.join ?? values.restore,
    restore: restoreOf(values),
    isDaemon: true,
    settings: settingsOf(values),
    onFault: (fault) => {
      log.error(`the catalogue of this peer cannot go on: ${fault.message}`);
      // At once: nothing more may be written, and what was acknowledged is on the disk.
      process.exit(fault.exitCode);
    },
    log,
    program: `dfs-peer ${version}`,
    version,
  };
}

function restoreOf({ as, join, restore }: Values): RunningPeerOptions["restore"] {
  if (restore !== undefined && join !== undefined)
    throw new DfsError("usage", "--join makes a new member, --restore takes the place of a lost one: give one of them");
  if (restore === undefined && as !== undefined) throw new DfsError("usage", "--as belongs to --restore INVITE");
  return restore === undefined ? undefined : { as: as === undefined ? null : parsePeerName(as) };
}

function settingsOf(values: Values): PeerSettings {
  const duration = (text: string | undefined, usual: number): number =>
    text === undefined ? usual : parseDurationMs(text);
  const outAfterMs = duration(values["out-after"], usualSettings.outAfterMs);
  const downAfterMs = duration(values["down-after"], Math.min(usualSettings.downAfterMs, outAfterMs / 2));
  const suspectAfterMs = duration(values["suspect-after"], Math.min(usualSettings.suspectAfterMs, downAfterMs / 2));
  if (suspectAfterMs > downAfterMs || downAfterMs > outAfterMs)
    throw new DfsError("usage", "a peer is suspect first, then down, then out: give durations in this order");
  return {
    ...usualSettings,
    leaseMs: duration(values.lease, usualSettings.leaseMs),
    suspectAfterMs,
    downAfterMs,
    outAfterMs,
    compactAfterEntries: entriesOf(values["compact-after"]),
    scrubIntervalMs: duration(values["scrub-every"], usualSettings.scrubIntervalMs),
  };
}

function entriesOf(text: string | undefined): number {
  if (text === undefined) return usualSettings.compactAfterEntries;
  const entries = Number(text);
  if (!/^\d+$/.test(text) || entries < compactAfterEntriesMin)
    throw new DfsError("usage", `--compact-after is a number of entries from ${compactAfterEntriesMin}, not "${text}"`);
  return entries;
}

function coordinateOf(text: string | undefined): "auto" | "never" | undefined {
  if (text === undefined || text === "auto" || text === "never") return text;
  throw new DfsError("usage", `--coordinator is auto or never, not "${text}"`);
}

function parse(argv: readonly string[]): Values {
  try {
    return parseArgs({ args: [...argv], options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw new DfsError("usage", (error as Error).message.split(". ")[0] ?? "malformed options");
  }
}

function nameOf(name: string | undefined): PeerName | undefined {
  return name === undefined ? undefined : parsePeerName(name);
}

function listenOf(address: string | undefined): string | undefined {
  if (address === undefined || /^\/(ip4|ip6|dns4?|dns6)\/[^/]+\/tcp\/\d{1,5}$/.test(address)) return address;
  throw new DfsError(
    "usage",
    `not an address to listen on: "${address}"; write /ip4/0.0.0.0/tcp/4001, or port 0 for any`,
  );
}

function zoneOf(zone: string | undefined): string | undefined {
  if (zone !== undefined && Buffer.byteLength(zone) > zoneBytesMax)
    throw new DfsError("usage", `a zone has at most ${zoneBytesMax} bytes`);
  return zone;
}

function levelOf(text: string | undefined): LogLevel {
  const level = text ?? "info";
  if (level === "silent" || (logLevels as readonly string[]).includes(level)) return level as LogLevel;
  throw new DfsError("usage", `--log-level is ${logLevels.join(", ")} or silent, not "${level}"`);
}

function untilSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve(signal));
  });
}

function print(stdout: Writable, text: string): number {
  stdout.write(text);
  return 0;
}
