import type { RecordedChange, UndoReport, UndoStep } from "../../core/undo.ts";
import { DfsError, toDfsError } from "../../core/errors.ts";
import { allOn, isJson, jsonOption } from "../command.ts";
import type { Command, CommandContext, Invocation } from "../command.ts";
import { alignRows, jsonLine, nameText, timeText } from "../formats.ts";
import { temporary } from "../manual.ts";

/** `undo`: takes back the last change. */
export const undo: Command = {
  name: "undo",
  purpose: "past",
  summary: "take back the last change, or make it again",
  usage: "[-nv] [--redo | --skip | --list] [--json]",
  description: [
    "Takes back the last change that this user made from this machine: all that one command changed, as rm -r of a tree or put -R of a directory, or all that one script with --atomic did. Said again, it takes back the change before, as in an editor; up to 100 of them are remembered, also by the next shell and after a restart of the peer.",
    "What was made goes, what was removed comes back with all its revisions, what was moved goes back, and a file that got a new revision gets another one with the content of the revision before, which stays when that one would have expired. Shares that ended with what was removed do not come back.",
    "undo --redo makes the change again that was taken back last; the first new change ends that.",
    "Where somebody else changed the same thing since, undo changes nothing and names it; undo --skip leaves that change as it is. What the network no longer keeps (see retain) cannot come back.",
  ],
  options: [
    { long: "dry-run", short: "n", summary: "change nothing, say what would be done" },
    { long: "verbose", short: "v", summary: "say each thing that is done" },
    { long: "redo", summary: "make the change again that was taken back last" },
    { long: "skip", summary: "leave the last change as it is and forget it, to get at the one before" },
    { long: "list", summary: "the changes that can be taken back or made again, the newest first" },
    { ...jsonOption, summary: "the change and its steps as one JSON object; with --list one a line" },
  ],
  side: allOn("none"),
  operandsMin: 0,
  operandsMax: 0,
  operands: {},
  exitCodes: {
    3: "nothing is left to take back, or what it needs is no longer kept",
    4: "somebody else changed the same thing since, or only the owner can bring it back",
    ...temporary,
  },
  examples: [
    ["undo -n", "See what would be taken back."],
    ["undo", "Take back the last change."],
    ["undo --redo", "Make it again."],
    ["undo --list", "See which changes there are."],
  ],
  seeAlso: ["restore", "revisions", "diff", "retain"],
  run,
};

async function run(invocation: Invocation, context: CommandContext): Promise<number> {
  const { options } = invocation;
  const [redo, dryRun] = [options.has("redo"), options.has("dry-run")];
  const skip = options.has("skip");
  if (options.has("list") && (redo || dryRun || skip))
    throw new DfsError("usage", "--list goes with no other option but --json");
  if (redo && skip) throw new DfsError("usage", "what was taken back is not skipped: give one of --redo and --skip");
  const client = await context.client();
  if (options.has("list")) await list(await client.recordedChanges({ signal: context.signal }), invocation, context);
  else {
    const undoing = client.undo({ redo, dryRun, skip, signal: context.signal }).catch(withWayOut);
    await tell(await undoing, invocation, context);
  }
  return 0;
}

/** What stands in the way of one change need not keep those before it. */
function withWayOut(error: unknown): never {
  const { kind, message, path } = toDfsError(error);
  if (kind !== "conflict" && kind !== "permission") throw error;
  throw new DfsError(kind, `${message}; undo --skip leaves that change as it is`, { path, cause: error });
}

async function list(
  changes: readonly RecordedChange[],
  invocation: Invocation,
  context: CommandContext,
): Promise<void> {
  const { stdout } = context;
  if (isJson(invocation, context)) {
    for (const change of changes) await stdout.write(jsonLine(changeJson(change)));
    return;
  }
  const rows = changes.map((change) => {
    const state = stateText(change);
    const cells = [timeText(change.startedMs), change.command, entriesText(change.entries)];
    return state === "" ? cells : [...cells, state];
  });
  await stdout.write(alignRows(rows, new Set([2])));
}

const states: Readonly<Record<RecordedChange["state"], string>> = {
  done: "",
  running: "still running",
  undone: "undone",
};

function stateText({ state, isWhole }: RecordedChange): string {
  return [states[state], isWhole ? "" : "perhaps not all of it is known"].filter((text) => text !== "").join("; ");
}

function entriesText(entries: number): string {
  return entries === 1 ? "1 entry" : `${entries} entries`;
}

async function tell(report: UndoReport, invocation: Invocation, context: CommandContext): Promise<void> {
  const { stdout, stderr, settings } = context;
  const { change, steps, shown } = report;
  if (isJson(invocation, context)) {
    await stdout.write(jsonLine({ change: changeJson(change), steps, shown }));
    return;
  }
  const isDryRun = invocation.options.has("dry-run");
  if (isDryRun || settings.verbose || invocation.options.has("verbose")) {
    for (const step of shown) await stdout.write(`${nameText(stepText(step, isDryRun), stdout)}\n`);
    if (steps > shown.length) await stdout.write(`… and ${steps - shown.length} more\n`);
  }
  if (!isDryRun && !settings.quiet && stdout.isTTY) await stdout.write(`${sentence(report, invocation)}\n`);
  if (!change.isWhole && !settings.quiet)
    await stderr.write(
      `undo: ${change.command} of ${timeText(change.startedMs)} had no answer, or was cut short: look whether it did more\n`,
    );
}

const done: Readonly<Record<UndoStep["action"], string>> = {
  remove: "removed",
  "bring-back": "brought back",
  "move-back": "moved back",
  "change-back": "changed back",
};
const wouldBe: Readonly<Record<UndoStep["action"], string>> = {
  remove: "would remove",
  "bring-back": "would bring back",
  "move-back": "would move back",
  "change-back": "would change back",
};

function stepText({ action, kind, path, from, revision }: UndoStep, isDryRun: boolean): string {
  const text = `${(isDryRun ? wouldBe : done)[action]} ${path}${kind === "directory" && path !== "/" ? "/" : ""}`;
  if (from !== undefined) return `${text} from ${from}`;
  return revision === undefined ? text : `${text} to revision ${revision}`;
}

function sentence({ change, steps }: UndoReport, { options }: Invocation): string {
  const what = `${change.command} of ${timeText(change.startedMs)}`;
  if (options.has("skip")) return `left as it is: ${what}`;
  if (steps === 0) return `${what}: everything was as before already`;
  return `${options.has("redo") ? "made again" : "taken back"}: ${what}, ${entriesText(steps)}`;
}

function changeJson({ command, startedMs, entries, state, isWhole }: RecordedChange): Record<string, unknown> {
  return { command, started: new Date(startedMs).toISOString(), entries, state, isWhole };
}
