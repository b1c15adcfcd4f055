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
import { peerHelp, peerOptionSpecs } from "./peer-options.ts";

export interface PeerProgram {
  /** Without the program's name. */
  readonly argv: readonly string[];
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly version: string;
}

type Values = ReturnType<typeof parseArgs<{ options: typeof peerOptionSpecs }>>["values"];

/** Runs a peer until SIGTERM or SIGINT. Returns the exit code; what fails is reported on stderr. */
export async function runPeer(program: PeerProgram): Promise<number> {
  try {
    const values = parse(program.argv);
    if (values.help === true) return print(program.stdout, peerHelp());
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
    return parseArgs({ args: [...argv], options: peerOptionSpecs, strict: true, allowPositionals: false }).values;
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
