import { DfsError } from "../../core/errors.ts";
import { allOn, staleOption } from "../command.ts";
import type { Command } from "../command.ts";
import { temporary } from "../manual.ts";
import { remotePath } from "../operands.ts";

/** `ncdu`: what takes the space, on the whole screen. */
export const ncdu: Command = {
  name: "ncdu",
  purpose: "files",
  summary: "look where the space goes, on the whole screen",
  usage: "[--stale] [DIR]",
  description: [
    "Sums DIR up, the current directory without one, and shows what is in it by size, already while it is at it. The arrow keys select, enter and leave directories; d removes what is selected, after a question; ? shows all keys.",
    "The sizes are those of du --long: a goes from the logical ones, which ls shows, to the unique ones after deduplication, to the history, and to all of it on all disks.",
    "However large the tree is, the memory is bounded: what is too deep or too small to keep is summed up again when it is entered.",
  ],
  options: [staleOption],
  side: allOn("remote"),
  operandsMin: 0,
  operandsMax: 1,
  operands: { DIR: "a directory of the network" },
  exitCodes: { 3: "the directory is not there", 4: "it is a file", ...temporary },
  examples: [
    ["ncdu", "What takes the space here."],
    ["ncdu /photos", "In another directory."],
  ],
  seeAlso: ["du", "df", "rm"],
  async run({ operands: [operand = "."] }, context) {
    const { showView, stdout, reads } = context;
    const path = remotePath(operand, context);
    if (showView === undefined || !stdout.isTTY)
      throw new DfsError("usage", "this needs a terminal: du -ah prints all sizes, du -sh the sum");
    const client = await context.client();
    try {
      const { kind } = await client.stat(path, reads);
      if (kind === "file") throw new DfsError("not-directory", "not a directory");
    } catch (error) {
      return context.report(error, operand);
    }
    const { ncduView } = await import("../views/ncdu-view.ts");
    await showView(ncduView({ client: () => context.client(), path, reads: { stale: reads.stale } }), context.signal);
    return 0;
  },
};
