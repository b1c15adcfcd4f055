import { DfsError } from "../../core/errors.ts";
import { allOn } from "../command.ts";
import type { Command } from "../command.ts";
import { temporary } from "../manual.ts";

/** `top`: the transfers, on the whole screen. */
export const top: Command = {
  name: "top",
  purpose: "transfers",
  summary: "watch and steer the transfers, on the whole screen",
  usage: "",
  description: [
    "Shows your transfers on this machine, whichever shell started them: how far each is, how fast, how long it still takes; and those that ended lately. The arrow keys select, Enter shows the files in work and those that failed, p pauses, r resumes, k cancels after a question.",
  ],
  options: [],
  side: allOn("none"),
  operandsMin: 0,
  operandsMax: 0,
  operands: {},
  exitCodes: temporary,
  examples: [["top", "What goes on."]],
  seeAlso: ["jobs", "pause", "resume", "kill", "status"],
  async run(_, context) {
    const { showView, stdout, signal } = context;
    if (showView === undefined || !stdout.isTTY)
      throw new DfsError("usage", "this needs a terminal: jobs -l prints the transfers");
    const { topView } = await import("../views/top-view.ts");
    await showView(
      topView(() => context.client()),
      signal,
    );
    return 0;
  },
};
