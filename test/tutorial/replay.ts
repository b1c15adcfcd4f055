/** Types a tutorial again, and tells what came of each line. */
import { setTimeout as delay } from "node:timers/promises";
import { type Screen, type TypedStep, isPrompt, masked } from "./tutorial-text.ts";
import type { TmuxTerminals } from "./tmux-terminals.ts";

/** A machine under load takes its time; a step that is wrong is found out by then. */
const stepMs = 60_000;
const lookMs = 100;
/** Between two tries of a line that is typed until it shows something. */
const againMs = 1000;
/** Of a screen that is not as it should be. */
const linesTold = 30;
const invite = /dfs1-[\w-]{20,}/;

export class Replay {
  readonly #terminals: TmuxTerminals;
  #invite = "dfs1-…";

  constructor(terminals: TmuxTerminals) {
    this.#terminals = terminals;
  }

  /**
   * Types a step's line once its terminal asks for one, and waits for `isRight` of what comes of it; a step with `until`
   * is typed anew until then. Fails with what came instead.
   */
  async run(step: TypedStep, isRight: (output: readonly string[]) => boolean): Promise<Screen> {
    const endMs = Date.now() + stepMs;
    let screen: Screen;
    do {
      this.#terminals.type(step.terminal, step.typed.replace("dfs1-…", this.#invite));
      screen = await this.#outcome(step, step.until === undefined ? isRight : () => true, endMs);
      if (step.until?.test(screen.output.join("\n")) ?? true) break;
      await delay(againMs);
    } while (Date.now() < endMs);
    this.#invite = invite.exec(screen.output.join("\n"))?.[0] ?? this.#invite;
    return screen;
  }

  /** What stands below the typed line, once that is right and the terminal asks for the next, or at the end of the time. */
  async #outcome(step: TypedStep, isRight: (output: readonly string[]) => boolean, endMs: number): Promise<Screen> {
    let before: string | undefined;
    for (;;) {
      const screen = this.#below(step);
      const text = screen?.output.join("\n");
      if (screen !== undefined && text === before && isRight(screen.output)) return screen;
      if (Date.now() > endMs)
        return screen ?? { prompt: "", output: this.#terminals.shown(step.terminal).slice(-linesTold) };
      before = text;
      await delay(lookMs);
    }
  }

  /** Undefined while the line is not there, or what it started has not ended. */
  #below({ terminal, typed }: TypedStep): Screen | undefined {
    const lines = this.#terminals.shown(terminal);
    const shownLine = typed.replace("dfs1-…", this.#invite);
    const at = lines.findLastIndex((line) => line.endsWith(` ${shownLine}`));
    if (at < 0) return undefined;
    const prompt = (lines[at] ?? "").slice(0, -shownLine.length - 1);
    const below = lines.slice(at + 1);
    if (isPrompt(below.at(-1) ?? "")) return { prompt, output: below.slice(0, -1) };
    return below.some((line) => line.startsWith("ready ")) ? { prompt, output: below } : undefined;
  }
}

/** Whether a step shows what the tutorial says, but for what differs from run to run. */
export function isAsTold(step: TypedStep, output: readonly string[]): boolean {
  return masked(output) === masked(step.output);
}
