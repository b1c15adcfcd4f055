/* The commands that move and copy within the network: no data travels while it stays with its user. */
import type { DfsClient } from "../../core/client.ts";
import { DfsError } from "../../core/errors.ts";
import { baseName, printable } from "../../core/names.ts";
import type { DfsPath } from "../../core/names.ts";
import { allOn, eachOperand } from "../command.ts";
import type { Command, CommandContext, Invocation } from "../command.ts";
import { remotePath, statIfThere, targetRule } from "../operands.ts";

/** `mv`: renames and moves. */
export const mv: Command = {
  name: "mv",
  summary: "rename or move; into the target where that is a directory",
  usage: "[-fin] SOURCE… TARGET",
  options: [
    { long: "force", short: "f", summary: "replace a file that is there already" },
    { long: "interactive", short: "i", summary: "ask before replacing" },
    { long: "no-clobber", short: "n", summary: "leave what is there, and say nothing" },
  ],
  side: allOn("remote"),
  operandsMin: 2,
  operandsMax: Number.POSITIVE_INFINITY,
  examples: ["mv draft.txt final.txt", "mv *.jpg photos"],
  run: (invocation, context) =>
    toTarget(invocation, context, (client, from, to, force) =>
      client.move(from, to, { force, signal: context.signal }),
    ),
};

/** `cp`: copies. */
export const cp: Command = {
  name: "cp",
  summary: "copy; no data moves, unless it is between the files of different users",
  usage: "[-rfin] SOURCE… TARGET",
  options: [
    { long: "recursive", short: "r", summary: "directories with all that is in them" },
    { long: "force", short: "f", summary: "replace a file that is there already" },
    { long: "interactive", short: "i", summary: "ask before replacing" },
    { long: "no-clobber", short: "n", summary: "leave what is there, and say nothing" },
  ],
  side: allOn("remote"),
  operandsMin: 2,
  operandsMax: Number.POSITIVE_INFINITY,
  examples: ["cp report.pdf report-old.pdf", "cp -r photos backup"],
  run: (invocation, context) =>
    toTarget(invocation, context, (client, from, to, force) =>
      client.copy(from, to, { force, recursive: invocation.options.has("recursive"), signal: context.signal }),
    ),
};

type Relocate = (client: DfsClient, from: DfsPath, to: DfsPath, force: boolean) => Promise<unknown>;

async function toTarget({ options, groups }: Invocation, context: CommandContext, relocate: Relocate): Promise<number> {
  const [target, ...extra] = groups.at(-1) ?? [];
  if (target === undefined || extra.length > 0)
    throw new DfsError("usage", "the target, the last operand, must be one path");
  const sources = groups.slice(0, -1).flat();
  const rule = await targetRule(target, sources.length, context);
  const client = await context.client();
  return eachOperand(context, sources, async (source) => {
    const from = remotePath(source, context);
    const to = rule(baseName(from));
    const isThere = options.has("force") ? false : (await statIfThere(client, to, context.signal)) !== undefined;
    if (isThere && options.has("no-clobber")) return;
    if (isThere && options.has("interactive") && !(await mayReplace(to, context))) return;
    await relocate(client, from, to, options.has("force") || (isThere && options.has("interactive")));
  });
}

async function mayReplace(to: DfsPath, context: CommandContext): Promise<boolean> {
  if (context.ask === undefined) throw new DfsError("usage", "-i needs a terminal to ask on");
  return context.ask(`replace ${printable(to)}?`);
}
