import type { CheckOutcome, CheckResult } from "../../core/checks.ts";
import type { DfsClient } from "../../core/client.ts";
import { type DfsError, type ErrorKind, toDfsError } from "../../core/errors.ts";
import { printable } from "../../core/names.ts";
import { allOn, isJson, jsonOption } from "../command.ts";
import type { Command, CommandContext, Invocation } from "../command.ts";
import { jsonLine } from "../formats.ts";
import type { Output } from "../output.ts";

/** `doctor`: checks whatever can be wrong, and says what to do. */
export const doctor: Command = {
  name: "doctor",
  purpose: "network",
  summary: "find out what is wrong, and what to do about it",
  usage: "[--json]",
  description: [
    "Checks the machine, the disk, the ports, the clock, the coordinators, the finger table, the backup, the users and the versions, and says of each whether it is ok, a warning (everything works, and something should be looked at) or a fault, what was found, and what to do.",
    "Other peers are asked for their clocks and to connect back to this one. Nothing is changed but a small file in the data folder, which goes again. All of it takes 10 seconds at the most; without a quorum, and where no peer can be started, it says what it can.",
  ],
  options: [jsonOption],
  side: allOn("none"),
  operandsMin: 0,
  operandsMax: 0,
  operands: {},
  exitCodes: { 1: "something is a fault; with warnings alone it is 0" },
  examples: [
    ["doctor", "Check everything."],
    ["doctor --json", "The same for a monitor: one object for each check."],
  ],
  seeAlso: ["status", "peers", "backup", "fsck"],
  run,
};

const faultCode = 1;

async function run(invocation: Invocation, context: CommandContext): Promise<number> {
  const { stdout, settings } = context;
  const isForPrograms = isJson(invocation, context);
  const report = new Report();
  for await (const result of resultsOf(context)) {
    await stdout.write(isForPrograms ? jsonLine(result) : report.lines(result, stdout));
    report.count(result);
  }
  if (!isForPrograms && !settings.quiet) await stdout.write(report.summary());
  return report.faults > 0 ? faultCode : 0;
}

/** What the peer finds; where it cannot be asked, why, and what can be found without it. */
async function* resultsOf(context: CommandContext): AsyncGenerator<CheckResult> {
  const { signal, checkMachine } = context;
  let client: DfsClient;
  try {
    client = await context.client();
  } catch (error) {
    signal.throwIfAborted();
    yield peerFault(toDfsError(error));
    if (checkMachine !== undefined) yield* checkMachine(signal);
    return;
  }
  yield* client.checks({ signal });
}

/** What helps against the reasons for which a peer does not start or answer. */
const startAdvice: Partial<Record<ErrorKind, string>> = {
  locked: "if that process hangs, end it and try again",
  version: "install the version that wrote the data folder, or use another --data",
  integrity:
    "restore what is damaged from a copy; or let this machine take its own place anew: dfs-peer --restore INVITE",
  "address-in-use": "end what uses the port, or start dfs-peer with another --listen",
  "no-space": "make room on the disk of the data folder, then try again",
  permission: "use the account that the data folder belongs to, or another --data",
  timeout:
    "the peer runs and does not answer: end it (its process is in holder.json of the data folder) and start it anew",
};

function peerFault(error: DfsError): CheckResult {
  const { kind, message, path } = error;
  const about = path === undefined || message.includes(path) ? "" : `${path}: `;
  const advice = startAdvice[kind] ?? "see the other results; dfs-peer --log-level debug tells more";
  return { area: "machine", name: "peer", outcome: "fault", found: `no peer can be asked: ${about}${message}`, advice };
}

const outcomeColumns = 7;
const nameColumns = 13;
const colors: Readonly<Record<CheckOutcome, number>> = { ok: 32, warning: 33, fault: 31 };

/** The lines for people: an area's name above its results. */
class Report {
  #area: string | undefined;
  readonly #counts: Record<CheckOutcome, number> = { ok: 0, warning: 0, fault: 0 };

  count({ area, outcome }: CheckResult): void {
    this.#area = area;
    this.#counts[outcome] += 1;
  }

  get faults(): number {
    return this.#counts.fault;
  }

  lines({ area, name, outcome, found, advice }: CheckResult, output: Output): string {
    const heading = area === this.#area ? "" : `${area}\n`;
    const word = outcome.padEnd(outcomeColumns);
    const shown = output.color ? `\u001b[${colors[outcome]}m${word}\u001b[0m` : word;
    const line = `  ${shown}  ${name.padEnd(nameColumns)}  ${printable(found)}\n`;
    const indent = " ".repeat(2 + outcomeColumns + 2 + nameColumns + 2);
    return `${heading}${line}${advice === undefined ? "" : `${indent}→ ${printable(advice)}\n`}`;
  }

  summary(): string {
    const { ok, warning, fault } = this.#counts;
    const plural = (count: number, word: string): string => `${count} ${word}${count === 1 ? "" : "s"}`;
    return `${plural(ok + warning + fault, "check")}: ${ok} ok, ${plural(warning, "warning")}, ${plural(fault, "fault")}\n`;
  }
}
