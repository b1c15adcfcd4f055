/** Two machines of one network, on which the scripts of examples/ run as a user would start them. */
import { spawn } from "node:child_process";
import { chmod, mkdir, symlink, utimes, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { Processes } from "../e2e/processes.ts";
import type { ShellResult } from "../e2e/processes.ts";

const root = resolve(import.meta.dirname, "../..");
export const examplesFolder = join(root, "examples");

interface StartOptions {
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly input?: string | undefined;
}

/** One machine: a peer that runs, a local folder, and `dfs-shell` on the path. */
export class Machine {
  readonly name: string;
  readonly dataFolder: string;
  /** Where scripts start. */
  readonly folder: string;
  readonly #env: NodeJS.ProcessEnv;

  constructor(name: string, dataHome: string, folder: string, bin: string) {
    this.name = name;
    this.dataFolder = join(dataHome, "dfs-shell");
    this.folder = folder;
    this.#env = {
      ...process.env,
      XDG_DATA_HOME: dataHome,
      HOST: name,
      PATH: `${bin}:${process.env["PATH"]}`,
      TZ: "UTC",
    };
  }

  /** Runs an example with these arguments to its end. */
  example(name: string, args: readonly string[] = [], options: StartOptions = {}): Promise<ShellResult> {
    return this.#run(join(examplesFolder, name), args, options);
  }

  /** Runs commands of the shell, which must succeed, and gives what they print. */
  async shell(commands: string, options: StartOptions = {}): Promise<string> {
    const { code, stdout, stderr } = await this.#run("dfs-shell", ["-c", commands], options);
    if (code !== 0) throw new Error(`"${commands}" ended with ${code}: ${stderr}`);
    return stdout;
  }

  /** Writes a local file, changed at this time, and makes the folders above it. Returns its whole path. */
  async file(path: string, content: string, changed = "2026-11-20T12:00:00Z"): Promise<string> {
    const whole = join(this.folder, path);
    await mkdir(dirname(whole), { recursive: true });
    await writeFile(whole, content);
    await utimes(whole, new Date(changed), new Date(changed));
    return whole;
  }

  async #run(program: string, args: readonly string[], { env, input = "" }: StartOptions): Promise<ShellResult> {
    const child = spawn(program, args, { cwd: this.folder, env: { ...this.#env, ...env }, stdio: "pipe" });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (bytes: Buffer) => (stdout += bytes.toString()));
    child.stderr.on("data", (bytes: Buffer) => (stderr += bytes.toString()));
    child.stdin.on("error", () => undefined); // a script that reads nothing
    child.stdin.end(input);
    const code = await new Promise<number | null>((done, failed) => {
      child.once("error", failed);
      child.once("close", done);
    });
    return { code: code ?? -1, stdout, stderr };
  }
}

/** The machines of one test file; `clean()` ends and removes them. */
export class Machines {
  readonly #processes = new Processes();
  #bin = "";
  #invite: (() => Promise<string>) | undefined;

  /** Another machine of the network; the first one founds it. */
  async add(name: string): Promise<Machine> {
    if (this.#bin === "") this.#bin = await this.#programs();
    const join = this.#invite === undefined ? [] : ["--join", (await this.#invite()).trim()];
    const machine = new Machine(name, await this.#processes.folder(), await this.#processes.folder(), this.#bin);
    await this.#processes.peer(machine.dataFolder, ["--name", name, ...join]);
    this.#invite ??= () => machine.shell("invite");
    return machine;
  }

  clean(): Promise<void> {
    return this.#processes.clean();
  }

  async #programs(): Promise<string> {
    const bin = await this.#processes.folder();
    await symlink(join(root, "bin/dfs-shell.js"), join(bin, "dfs-shell"));
    // Prints the dump that the test hands it, as the real one would print a database.
    await writeFile(join(bin, "pg_dump"), '#!/bin/sh\nprintf "%s" "$DUMP"\n');
    await chmod(join(bin, "pg_dump"), 0o755);
    return bin;
  }
}
