import type { DfsClient, Entry } from "../../core/client.ts";
import { DfsError } from "../../core/errors.ts";
import { type DfsPath, childPath, parentPath } from "../../core/names.ts";
import { pastPath } from "../../core/past-path.ts";
import { allOn, atOption, eachOperand } from "../command.ts";
import type { Command, CommandContext, Invocation } from "../command.ts";
import { nameText, timeText } from "../formats.ts";
import { namedEntries, reportRefused, sortedNames } from "../listing.ts";
import { temporary } from "../manual.ts";
import { pathIn, statIfThere } from "../operands.ts";

/** `restore`: gives files and directories what they were. */
export const restore: Command = {
  name: "restore",
  purpose: "past",
  summary: "bring back what a file or directory was",
  usage: "[-rq] (--rev N | --at WHEN) PATH…",
  description: [
    "With --rev, the file at PATH gets a new revision with the content, mode and time of its revision N (see revisions). No data moves, and nothing is lost: what it was before stays among its revisions.",
    "With --at, PATH becomes what it was at WHEN. A file that was changed since gets a new revision; one that was moved or removed since is made again. With -r so does everything in a directory; what came into it since stays as it is.",
    "A line is printed for each file and each directory that was brought back.",
  ],
  options: [
    { long: "rev", value: "N", summary: "as this revision was" },
    atOption,
    { long: "recursive", short: "r", summary: "directories with all that was in them" },
    { long: "quiet", short: "q", summary: "print nothing" },
  ],
  side: allOn("remote"),
  operandsMin: 1,
  operandsMax: Number.POSITIVE_INFINITY,
  operands: { PATH: "a file of the network, or with --at what was there" },
  exitCodes: {
    2: "wrong usage, or neither or both of --rev and --at",
    3: "the file, its revision, or what was there is not known",
    4: "it is so already, it is a directory without -r, or something else has its name by now",
    ...temporary,
  },
  examples: [
    ["restore --rev 3 plan.md", "Make revision 3 the newest one again."],
    ["restore --at yesterday plan.md", "Bring back what plan.md was a day ago, even if it was removed."],
    ["restore -r --at 2026-11-01T18:00 /photos", "Bring back what was in /photos then."],
  ],
  seeAlso: ["revisions", "cp", "ls"],
  run,
};

async function run({ options, operands, pastMs }: Invocation, context: CommandContext): Promise<number> {
  const revision = options.number("rev", 1);
  if ((revision === undefined) === (pastMs === undefined)) throw new DfsError("usage", "give one of --rev and --at");
  const client = await context.client();
  const say = async (shown: string, what: string): Promise<void> => {
    const { stdout, settings } = context;
    if (!options.has("quiet") && !settings.quiet) await stdout.write(`${nameText(shown, stdout)}: ${what}\n`);
  };
  const here = { state: context.state }; // what is restored is of the present
  return eachOperand(context, operands, async (operand) => {
    if (operand === "") throw new DfsError("usage", "a path cannot be empty");
    const path = pathIn(operand, here);
    if (pastMs !== undefined)
      return bringBack({ client, context, say, pastMs }, path, operand, options.has("recursive"));
    const made = await client.restore(path, revision ?? 0, context.writes);
    return say(operand, `revision ${made}, as revision ${revision} was`);
  });
}

interface Parts {
  readonly client: DfsClient;
  readonly context: CommandContext;
  readonly say: (shown: string, what: string) => Promise<void>;
  readonly pastMs: number;
}

/** Makes a path what it was at a time. Returns the exit code. */
async function bringBack(parts: Parts, path: DfsPath, operand: string, isRecursive: boolean): Promise<number> {
  const { client, context, pastMs } = parts;
  const { signal } = context;
  const then = await statIfThere(client, pastPath(pastMs, path), signal);
  if (then === undefined) throw new DfsError("not-found", `was not there on ${timeText(pastMs)}`);
  if (then.kind === "directory" && !isRecursive)
    throw new DfsError("is-directory", "was a directory; use -r to bring back what was in it");
  const parent = parentPath(path);
  if ((await statIfThere(client, parent, signal)) === undefined)
    await client.mkdir(parent, { parents: true, ...context.writes });
  const restoring = new Restoring(parts);
  await restoring.entry(then, path, operand);
  if (!restoring.isChanged && restoring.code === 0) throw new DfsError("exists", "is already as it was then");
  return restoring.code;
}

class Restoring {
  /** Whether anything was brought back. */
  isChanged = false;
  /** The worst exit code of what could not be. */
  code = 0;
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Brings back what `then` was. */
  async entry(then: Entry, path: DfsPath, shown: string): Promise<void> {
    const { client, context, say } = this.#parts;
    const { signal } = context;
    const now = await statIfThere(client, path, signal);
    if (now !== undefined && now.kind !== then.kind)
      throw new DfsError(
        "exists",
        `a ${now.kind} has the name by now, and it was a ${then.kind}: move that away first`,
      );
    if (now === undefined) {
      const entries = await client.copy(then.path, path, { recursive: true, ...context.writes });
      this.isChanged = true;
      await say(shown, then.kind === "file" ? "is back" : `is back, with ${itemsText(entries - 1)}`);
    } else if (then.kind === "directory") await this.#directory(then.path, path, shown);
    else if (!isSame(then, now)) {
      await client.copy(then.path, path, { force: true, ...context.writes });
      this.isChanged = true;
      await say(shown, `revision ${now.revision + 1}, as it was then`);
    }
  }

  async #directory(from: DfsPath, path: DfsPath, shown: string): Promise<void> {
    const { client, context } = this.#parts;
    const { reads } = context;
    const refused: DfsError[] = [];
    const onRefused = (error: DfsError): void => void refused.push(error);
    for await (const names of sortedNames(client, from, reads, { onRefused }))
      for await (const entries of namedEntries(client, from, names, reads, onRefused))
        for (const then of entries) {
          const below = shown.endsWith("/") ? shown + then.name : `${shown}/${then.name}`;
          try {
            await this.entry(then, childPath(path, then.name), below);
          } catch (error) {
            this.code = Math.max(this.code, await context.report(error, below));
          }
        }
    this.code = Math.max(this.code, await reportRefused(refused, context));
  }
}

function isSame(then: Entry, now: Entry): boolean {
  return then.fileKey === now.fileKey && then.mode === now.mode && then.modifiedMs === now.modifiedMs;
}

function itemsText(entries: number): string {
  return entries === 1 ? "1 entry" : `${entries} entries`;
}
