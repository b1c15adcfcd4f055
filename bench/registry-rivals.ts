/**
 * Other tools from the npm registry: `npm ci --prefix bench/registry-rivals` installs them. One process has a file, a second one connects to it
 * over loopback and is ready; the time counts from the request for the file until it is written.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Bench, Contestant } from "./contest.ts";
import { whileWatched } from "./process-watch.ts";
import { newPath } from "./rivals.ts";

const rivals = [
  {
    name: "Helia",
    program: "helia.mjs",
    packageName: "helia",
    how: "from a second node: Bitswap over Noise, blocks in files",
  },
  {
    name: "Hyperdrive",
    program: "hyperdrive.mjs",
    packageName: "hyperdrive",
    how: "from a second process, over its own Noise",
  },
];
const folder = join(import.meta.dirname, "registry-rivals");
const lineMs = 10 * 60_000;

/** Does `work` with those that are installed as contestants which bring over the file `source`. */
export async function fromRegistry(
  bench: Bench,
  source: string,
  work: (contestants: readonly Contestant[]) => Promise<void>,
): Promise<void> {
  const servers: LineProgram[] = [];
  const contestants = rivals.flatMap(({ name, program, packageName, how }): Contestant[] => {
    if (!existsSync(join(folder, "node_modules", packageName))) {
      bench.skipped.add(`${name} is not installed: npm ci --prefix bench/registry-rivals`);
      return [];
    }
    const path = join(folder, program);
    let server: LineProgram | undefined;
    let client: LineProgram | undefined;
    let where = "";
    return [
      {
        name,
        how,
        prepare: async () => {
          if (server === undefined) {
            server = new LineProgram(path, ["serve", await newPath(bench, name), source]);
            servers.push(server);
            where = await server.line();
          }
          client = new LineProgram(path, ["fetch", await newPath(bench, name), where]);
          await client.line();
        },
        run: async () => {
          const target = await newPath(bench, `${name}-out`);
          await mkdir(target, { recursive: true });
          const both = [
            { role: `${name} client`, pid: client?.pid ?? 0 },
            { role: `${name} server`, pid: server?.pid ?? 0 },
          ];
          return whileWatched(both, async () => {
            client?.write(join(target, "big"));
            await client?.line();
            return [];
          });
        },
        after: async () => client?.end(),
      },
    ];
  });
  try {
    await work(contestants);
  } finally {
    await Promise.all(servers.map((server) => server.end()));
  }
}

/** A program that answers with lines; it ends with its stdin. */
class LineProgram {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(path: string, args: readonly string[]) {
    this.#child = spawn(process.execPath, [path, ...args], { stdio: ["pipe", "pipe", "ignore"] });
    if (this.#child.stdout === null) throw new Error(`${path} has no output`);
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** The next line. Fails when the program ends before. */
  async line(): Promise<string> {
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), lineMs);
    try {
      const { value, done } = await this.#lines.next();
      if (done === true) throw new Error(`${this.#child.spawnargs.join(" ")} ended by itself`);
      return value;
    } finally {
      clearTimeout(timer);
    }
  }

  write(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.kill("SIGKILL");
    await ended;
  }
}
