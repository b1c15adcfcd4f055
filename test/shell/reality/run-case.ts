/** Runs one case in one of its forms. Clocks and the local folder are as the cases have them; see reality.test.ts. */
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import xterm from "@xterm/headless";
import { toDfsError } from "../../../src/core/errors.ts";
import { Keyboard, Sink, runProgram } from "../driver.ts";
import type { MemoryClient } from "../memory-client.ts";
import type { Outcome, RunOptions } from "../driver.ts";
import type { RealityCase } from "./case.ts";
import { fillFolder, worldOf } from "./worlds.ts";

const terminalColumns = 80;
const terminalRows = 24;
/** What texts call the local folder, wherever it is. */
const homeFolder = "/home/ann";

/** What the lines print in a pipe. */
export function inPipe(row: RealityCase): Promise<Outcome> {
  return atHome((named) =>
    run(row, { env: row.env }).then(({ code, out, err }) => ({ code, out: named(out), err: named(err) })),
  );
}

/** What a terminal shows of them. */
export function atTerminal(row: RealityCase): Promise<{ readonly screen: string; readonly code: number }> {
  if (row.keys !== undefined) return atKeyboard(row, row.keys);
  const screen = new Screen(row.answers ?? []);
  const env = { TERM: "xterm", ...row.env };
  // With stdin from elsewhere nobody can answer.
  const answers = row.stdin === undefined ? (row.answers ?? []) : undefined;
  return atHome(async (named) => {
    const { code } = await run(row, { screen, env, answers });
    return { screen: named(screen.text), code };
  });
}

/** What a terminal that is drawn on shows in the end. */
async function atKeyboard(row: RealityCase, keys: string): Promise<{ readonly screen: string; readonly code: number }> {
  const screen = new Screen([]);
  const keyboard = new Keyboard();
  keyboard.write(keys);
  return atHome(async (named) => {
    const { code } = await run(row, {
      screen: Object.assign(screen, { rows: terminalRows }),
      env: { TERM: "xterm" },
      keyboard,
    });
    const left = await textLeft(screen.text);
    return { screen: named(left === "" ? "" : `${left}\n`), code };
  });
}

/** The text on a terminal after all that was written to it. */
async function textLeft(written: string): Promise<string> {
  const terminal = new xterm.Terminal({ cols: terminalColumns, rows: terminalRows, allowProposedApi: true });
  await new Promise<void>((resolve) => terminal.write(written.replaceAll("\n", "\r\n"), resolve));
  const { active } = terminal.buffer;
  const lines = Array.from({ length: active.length }, (_, row) => active.getLine(row)?.translateToString(true) ?? "");
  return lines.join("\n").trimEnd();
}

/** Gives `work` the local folder to stand in, and takes it away. `named` calls it by its usual name. */
async function atHome<Result>(work: (named: (text: string) => string) => Promise<Result>): Promise<Result> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "dfs-")));
  const before = { cwd: process.cwd(), home: process.env["HOME"] };
  try {
    fillFolder(folder);
    process.chdir(folder);
    process.env["HOME"] = folder;
    return await work((text) => text.replaceAll(folder, homeFolder));
  } finally {
    process.chdir(before.cwd);
    process.env["HOME"] = before.home;
    rmSync(folder, { recursive: true });
  }
}

async function run(row: RealityCase, options: RunOptions): Promise<Outcome> {
  const onHold = row.isInterrupted === true ? interrupted : undefined;
  const { client, isStuck, openFault } = await worldOf(row.world ?? "home", onHold);
  if (row.isInterrupted === true) interruptAtSecondLook(client);
  const argv = row.argv ?? [...(row.options ?? []), "-c", row.lines];
  return runProgram(argv, {
    client,
    stdin: row.stdin,
    networkId: "7f3a9c41",
    ...(isStuck === true ? { openClient: () => new Promise<never>(() => undefined) } : {}),
    ...(openFault === undefined ? {} : { openClient: () => Promise.reject(openFault) }),
    ...options,
  });
}

/** Ctrl-C comes when the status is asked for once more. */
function interruptAtSecondLook(client: MemoryClient): void {
  const status = client.status.bind(client);
  let looks = 0;
  client.status = (options) => {
    looks += 1;
    return looks === 1 ? status(options) : interrupted(options?.signal).then(() => status(options));
  };
}

/** Ctrl-C comes as soon as something is at work. */
async function interrupted(signal: AbortSignal | undefined): Promise<void> {
  process.emit("SIGINT");
  if (signal?.aborted === true) throw toDfsError(signal.reason);
}

const secretStart = "\u001b[?2004h";

/** A terminal that shows what is answered to a question, unless it is a password. */
class Screen extends Sink {
  readonly #answers: string[];

  constructor(answers: readonly string[]) {
    super(terminalColumns);
    this.#answers = [...answers];
  }

  override _write(chunk: Buffer, encoding: string, callback: (error?: Error) => void): void {
    super._write(chunk, encoding, callback);
    const text = chunk.toString("utf8");
    if (text.includes(secretStart)) this.#answers.shift();
    else if (/(\[y\/N\]|user:) $/.test(text)) {
      const answer = this.#answers.shift();
      if (answer !== undefined) this.text += `${answer}\n`;
    }
  }
}
