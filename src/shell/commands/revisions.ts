import type { RevisionInfo } from "../../core/history.ts";
import type { DfsPath } from "../../core/names.ts";
import { allOn, atOption, eachOperand, isJson, jsonOption, staleOption } from "../command.ts";
import type { Command, CommandContext, Invocation } from "../command.ts";
import { alignRows, jsonLine, nameText, timeText } from "../formats.ts";
import { temporary } from "../manual.ts";
import { remotePath } from "../operands.ts";

/** Rows that are aligned together: a file may have more revisions than memory should hold. */
const rowsAtOnce = 1000;
const rightAligned = new Set([0, 1, 3]);

/** `revisions`: what is kept of files. */
export const revisions: Command = {
  name: "revisions",
  purpose: "past",
  summary: "what is kept of a file: every revision, and until when",
  usage: "[--at WHEN] [--stale] [--json] FILE…",
  description: [
    "Prints for each FILE every revision that is kept, the newest first: its number, its size in bytes, when it was committed, on how many disks it is, and until when it is kept. A file keeps its newest revisions as long as it is there, and others for some time (see retain).",
    "Read one with cat --rev or get --rev, and bring it back with restore. What a file had that was removed since is found with --at, or by its path in the past.",
  ],
  options: [atOption, staleOption, jsonOption],
  side: allOn("remote"),
  operandsMin: 1,
  operandsMax: Number.POSITIVE_INFINITY,
  operands: { FILE: "a file of the network" },
  exitCodes: { 3: "a file is not there", 4: "it is a directory", ...temporary },
  examples: [
    ["revisions plan.md", "What plan.md was."],
    ["revisions --at 3d plan.md", "What it was three days ago, though it may be removed by now."],
    ["revisions --json plan.md", "The same for a program."],
  ],
  seeAlso: ["restore", "cat", "get", "retain"],
  run,
};

async function run(invocation: Invocation, context: CommandContext): Promise<number> {
  const { operands } = invocation;
  const { stdout } = context;
  const client = await context.client();
  let isFirst = true;
  return eachOperand(context, operands, async (operand) => {
    const path = remotePath(operand, context);
    const told = client.revisions(path, context.reads);
    if (isJson(invocation, context)) {
      for await (const revision of told) await stdout.write(jsonLine(revisionJson(path, revision)));
      return;
    }
    const rows = new Rows(operands.length > 1 ? `${isFirst ? "" : "\n"}${nameText(operand, stdout)}:\n` : "", context);
    for await (const revision of told) await rows.add(revision);
    await rows.end();
    isFirst = false;
  });
}

/** Writes revisions as aligned rows, under a title and a header. */
class Rows {
  readonly #context: CommandContext;
  readonly #widths: number[] = [];
  #title: string;
  #rows: (readonly string[])[] = [["REVISION", "SIZE", "COMMITTED", "COPIES", "KEPT"]];

  constructor(title: string, context: CommandContext) {
    this.#title = title;
    this.#context = context;
  }

  async add({ revision, sizeBytes, committedMs, copies, ...rest }: RevisionInfo): Promise<void> {
    this.#rows.push([String(revision), String(sizeBytes), timeText(committedMs), String(copies), keptText(rest)]);
    if (this.#rows.length >= rowsAtOnce) await this.end();
  }

  async end(): Promise<void> {
    await this.#context.stdout.write(this.#title + alignRows(this.#rows, rightAligned, this.#widths));
    this.#title = "";
    this.#rows = [];
  }
}

function keptText({
  isCurrent,
  keptUntilMs,
  expiresMs,
}: Pick<RevisionInfo, "isCurrent" | "keptUntilMs" | "expiresMs">): string {
  const until = keptUntilMs === undefined ? undefined : `until ${timeText(keptUntilMs)}`;
  if (!isCurrent) return until ?? "one of the newest";
  if (until !== undefined) return `current then, ${until}`;
  return expiresMs === undefined ? "current" : `current, expires ${timeText(expiresMs)}`;
}

function revisionJson(path: DfsPath, info: RevisionInfo): Record<string, unknown> {
  const time = (ms: number): string => new Date(ms).toISOString();
  return {
    path,
    revision: info.revision,
    sizeBytes: info.sizeBytes,
    mode: info.mode,
    modified: time(info.modifiedMs),
    committed: time(info.committedMs),
    copies: info.copies,
    addedBytes: info.addedBytes,
    fileKey: info.fileKey,
    current: info.isCurrent,
    ...(info.keptUntilMs === undefined ? {} : { keptUntil: time(info.keptUntilMs) }),
    ...(info.expiresMs === undefined ? {} : { expires: time(info.expiresMs) }),
  };
}
