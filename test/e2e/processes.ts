/** Real processes for end-to-end tests: peers and shells over the built programs, on loopback, in folders of their own. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../..");
const shellProgram = join(root, "bin/dfs-shell.js");
const peerProgram = join(root, "bin/peer.js");

export interface ShellResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface PeerProcess {
  readonly name: string;
  readonly folder: string;
  readonly pid: number;
  /** As printed in the ready line. */
  readonly address: string;
  /** Everything that it wrote to stderr so far. */
  log(): string;
  kill(signal: NodeJS.Signals): void;
  /** Resolves with the exit code (or null after a signal). */
  readonly ended: Promise<number | null>;
}

/** The processes and folders of one test file; `clean()` ends and removes them all. */
export class Processes {
  readonly #children = new Set<ChildProcess>();
  readonly #folders: string[] = [];

  async folder(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), "dfs-e2e-"));
    this.#folders.push(folder);
    return folder;
  }

  /** Runs dfs-shell to its end. */
  async shell(
    args: readonly string[],
    options: { readonly input?: string; readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
  ): Promise<ShellResult> {
    const child = this.#spawn(shellProgram, args, options);
    let stdout = "";
    let stderr = "";
    child.stdout?.on("data", (bytes: Buffer) => (stdout += bytes.toString()));
    child.stderr?.on("data", (bytes: Buffer) => (stderr += bytes.toString()));
    child.stdin?.end(options.input ?? "");
    const code = await ended(child);
    return { code: code ?? -1, stdout, stderr };
  }

  /** Runs commands in the shell of a peer; fails when they do. Returns stdout. */
  async run(folder: string, commands: string): Promise<string> {
    const result = await this.shell(["--data", folder, "-c", commands]);
    if (result.code !== 0) throw new Error(`"${commands}" ended with ${result.code}: ${result.stderr}`);
    return result.stdout;
  }

  /** Starts dfs-peer and waits for its ready line; fails with its stderr when it ends before. */
  async peer(folder: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Promise<PeerProcess> {
    const child = this.#spawn(peerProgram, ["--data", folder, "--listen", "/ip4/127.0.0.1/tcp/0", ...args], { env });
    let stdout = "";
    let stderr = "";
    child.stderr?.on("data", (bytes: Buffer) => (stderr += bytes.toString()));
    const end = ended(child);
    const [, name = "", address = ""] = await new Promise<RegExpExecArray>((resolve, reject) => {
      child.stdout?.on("data", (bytes: Buffer) => {
        stdout += bytes.toString();
        const ready = /^ready (\S+) (\S+)$/m.exec(stdout);
        if (ready !== null) resolve(ready);
      });
      void end.then((code) => reject(new Error(`dfs-peer ended with ${code}: ${stderr}`)));
    });
    return {
      name,
      folder,
      address,
      pid: child.pid ?? 0,
      log: () => stderr,
      kill: (signal) => child.kill(signal),
      ended: end,
    };
  }

  /** Runs dfs-peer that is expected to end by itself. */
  async peerFailure(args: readonly string[]): Promise<ShellResult> {
    const child = this.#spawn(peerProgram, args, {});
    let stdout = "";
    let stderr = "";
    child.stdout?.on("data", (bytes: Buffer) => (stdout += bytes.toString()));
    child.stderr?.on("data", (bytes: Buffer) => (stderr += bytes.toString()));
    const code = await ended(child);
    return { code: code ?? -1, stdout, stderr };
  }

  /** A network of these peers in one go: the first founds it, the others join by invites. */
  async network(
    peers: readonly { readonly name: string; readonly args?: readonly string[] }[],
  ): Promise<PeerProcess[]> {
    const running: PeerProcess[] = [];
    for (const { name, args = [] } of peers) {
      const first = running[0];
      const join = first === undefined ? [] : ["--join", (await this.run(first.folder, "invite")).trim()];
      running.push(await this.peer(await this.folder(), ["--name", name, ...join, ...args]));
    }
    return running;
  }

  async clean(): Promise<void> {
    for (const child of this.#children) child.kill("SIGKILL");
    await Promise.all(Array.from(this.#children, ended));
    await Promise.all(this.#folders.map((folder) => rm(folder, { recursive: true, force: true })));
  }

  #spawn(
    program: string,
    args: readonly string[],
    { cwd, env }: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv },
  ): ChildProcess {
    const child = spawn(process.execPath, [program, ...args], {
      stdio: "pipe",
      env: { ...process.env, ...env },
      ...(cwd === undefined ? {} : { cwd }),
    });
    this.#children.add(child);
    child.once("exit", () => this.#children.delete(child));
    return child;
  }
}

function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve) => child.once("close", (code) => resolve(code)));
}
