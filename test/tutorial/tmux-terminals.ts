/** Terminals of a tutorial, by tmux: each a system's shell on a machine of its own, which is a home folder here. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { delimiter, join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../..");
const programs = { "dfs-shell": "bin/dfs-shell.js", "dfs-peer": "bin/peer.js" };
const columns = 100;
const rows = 30;
const linesKept = 2000;
const endMs = 20;

/** A host name of its own, which the first peer is named after; without root by a user namespace. */
const namespace = ["--uts", ...(process.getuid?.() === 0 ? [] : ["--map-root-user"])];
const asAnn = ["sh", "-c", 'hostname ann && exec "$@"', "sh"];

/** Whether this machine has tmux, and namespaces for a host name. */
export function hasTerminals(): boolean {
  try {
    execFileSync("unshare", [...namespace, ...asAnn, "tmux", "-V"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

export class TmuxTerminals {
  readonly #folder = mkdtempSync(join(tmpdir(), "dfs-tutorial-"));
  readonly #socket = join(this.#folder, "tmux");
  readonly #open = new Set<string>();

  constructor() {
    const path = join(this.#folder, "bin");
    mkdirSync(path);
    for (const [name, program] of Object.entries(programs)) symlinkSync(join(root, program), join(path, name));
  }

  /** Types a line and Enter; a terminal is opened when it is first typed at. */
  type(terminal: string, line: string): void {
    if (!this.#open.has(terminal)) this.#start(terminal);
    this.#tmux("send-keys", "-t", terminal, "-l", line);
    this.#tmux("send-keys", "-t", terminal, "Enter");
  }

  /** Everything that was shown so far, without blank lines at the end; lines that the terminal has wrapped are one again. */
  shown(terminal: string): readonly string[] {
    const text = this.#tmux("capture-pane", "-t", terminal, "-p", "-J", "-S", `-${linesKept}`);
    return text
      .trimEnd()
      .split("\n")
      .map((line) => line.trimEnd());
  }

  /** Kills what runs at a terminal, and waits for its end. */
  async kill(terminal: string): Promise<void> {
    const pid = Number(this.#tmux("display-message", "-t", terminal, "-p", "#{pane_pid}"));
    for (const child of descendants(pid)) process.kill(child, "SIGKILL");
    while (descendants(pid).length > 0) await delay(endMs);
  }

  /** Ends all that runs in the terminals, and removes what it wrote. */
  async close(): Promise<void> {
    for (const terminal of this.#open) await this.kill(terminal);
    if (this.#open.size > 0) this.#tmux("kill-server");
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /** `ann` and `ann-peer` are two terminals of one machine. */
  #start(terminal: string): void {
    const home = join(this.#folder, terminal.split("-")[0] ?? terminal);
    mkdirSync(home, { recursive: true });
    const session = ["-d", "-s", terminal, "-x", String(columns), "-y", String(rows), "-c", home];
    const shell = ["env", "-i", ...environment(home, join(this.#folder, "bin")), "bash", "--noprofile", "--norc"];
    this.#tmux("-f", "/dev/null", "new-session", ...session, ...shell);
    this.#open.add(terminal);
  }

  #tmux(...args: readonly string[]): string {
    const tmux = ["tmux", "-S", this.#socket, ...args];
    return execFileSync("unshare", [...namespace, ...asAnn, ...tmux], { encoding: "utf8" });
  }
}

function environment(home: string, programs: string): readonly string[] {
  const path = [programs, ...(process.env["PATH"] ?? "").split(delimiter)].join(delimiter);
  return [`HOME=${home}`, "HISTFILE=", `PATH=${path}`, "PS1=$ ", "TERM=tmux-256color", "LANG=C.UTF-8", "TZ=UTC"];
}

/** The processes below one, deepest first. */
function descendants(pid: number): readonly number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  return children
    .trim()
    .split(/\s+/)
    .filter(Boolean)
    .flatMap((child) => [...descendants(Number(child)), Number(child)]);
}
