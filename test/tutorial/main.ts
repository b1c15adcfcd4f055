/** `npm run tutorial`: records docs/TUTORIAL.md anew: types every line of it, and writes down what came of it. */
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { Replay } from "./replay.ts";
import { TmuxTerminals } from "./tmux-terminals.ts";
import { type Screen, type TypedStep, screenText, stepsOf, withScreens } from "./tutorial-text.ts";

const path = resolve(import.meta.dirname, "../../docs/TUTORIAL.md");
/** What came is written down once it has stood for so many looks. */
const steadyLooks = 5;

async function record(): Promise<void> {
  const text = readFileSync(path, "utf8");
  const terminals = new TmuxTerminals();
  const screens: Screen[] = [];
  try {
    const replay = new Replay(terminals);
    for (const step of stepsOf(text)) {
      if (step.kind === "kill") {
        await terminals.kill(step.terminal);
        continue;
      }
      const { prompt, output } = await replay.run(step, steady());
      const screen = { prompt, output: asWritten(step, output.map(withoutInvite)) };
      process.stdout.write(`${step.terminal}: ${screenText(step, screen).join("\n")}\n`);
      screens.push(screen);
    }
  } finally {
    await terminals.close();
  }
  writeFileSync(path, withScreens(text, screens));
}

function steady(): (output: readonly string[]) => boolean {
  let looks = 0;
  return () => (looks += 1) > steadyLooks;
}

function withoutInvite(line: string): string {
  return line.replace(/dfs1-[\w-]{20,}/g, "dfs1-…");
}

/** The blank line that stood behind a step keeps its place. */
function asWritten({ output }: TypedStep, shown: readonly string[]): readonly string[] {
  return output.at(-1) === "" && shown.at(-1) !== "" ? [...shown, ""] : shown;
}

await record();
