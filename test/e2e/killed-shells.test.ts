import { type ChildProcess, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { mkdir, readFile, readdir, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { DfsClient } from "../../src/core/client.ts";
import { resolvePath } from "../../src/core/names.ts";
import { connectControl } from "../../src/peer/control/control-client.ts";
import { controlAddress } from "../../src/peer/data-folder-paths.ts";
import { Prng } from "../sim/prng.ts";
import { writeBigFile } from "./files.ts";
import { Processes } from "./processes.ts";

const minutes = 60_000;
const program = resolve(import.meta.dirname, "../../bin/dfs-shell.js");
const rounds = 30;
/** A tree of these files, in MiB. */
const sizes = [1, 3, 1, 5, 1, 2];

/** What a shell is doing when it is killed. */
const kinds = ["put at the prompt", "put in a script", "put with &", "get at the prompt", "get in a script", "atomic"];

/** As a transfer of the tree is summed up. */
const summary = /(^|[^/])6 files, /m;

/** A shell, on a terminal where `typed` is given. */
class Victim {
  output = "";
  readonly #child: ChildProcess;
  readonly #typed: string | undefined;
  readonly ended: Promise<void>;

  constructor(args: readonly string[], typed?: string) {
    const quoted = [process.execPath, program, ...args].map((arg) => `'${arg}'`).join(" ");
    const line = `echo "pid $$"; exec env -u CI TERM=xterm ${quoted}`;
    this.#child =
      typed === undefined
        ? spawn("sh", ["-c", line])
        : spawn("script", ["-qfec", `sh -c "${line.replaceAll('"', '\\"').replaceAll("$", "\\$")}"`, "/dev/null"]);
    this.#child.stdout?.on("data", (data: Buffer) => {
      this.output += data.toString("utf8");
    });
    this.#child.stdin?.on("error", () => undefined); // it was killed
    this.#typed = typed;
    this.ended = new Promise((settle) => this.#child.once("close", () => settle()));
  }

  /** Resolves when its process is there; at the prompt, when the command is typed. */
  async started(): Promise<void> {
    const pattern = this.#typed === undefined ? /pid \d+/ : /\/>/;
    await vi.waitUntil(() => pattern.test(this.output), { timeout: minutes, interval: 1 });
    if (this.#typed !== undefined) this.#child.stdin?.write(this.#typed);
  }

  /** As a terminal does that is closed by force, or a system without memory. */
  async kill(): Promise<void> {
    try {
      process.kill(Number(/pid (\d+)/.exec(this.output)?.[1]), "SIGKILL");
    } catch {
      // it has ended by itself
    }
    await this.ended;
  }

  close(): void {
    this.#child.kill("SIGKILL");
  }
}

describe("a shell that is killed", () => {
  const processes = new Processes();
  const victims: Victim[] = [];
  let folder = "";
  let work = "";
  let client: DfsClient;

  beforeAll(async () => {
    folder = await processes.folder();
    work = await processes.folder();
    await processes.peer(folder, ["--lease", "3s"]);
    client = await connectControl(controlAddress(folder));
  }, minutes);
  afterAll(async () => {
    for (const victim of victims) victim.close();
    await client.close();
    await processes.clean();
  }, minutes);

  /** A tree that no other round has anything of. */
  async function writeTree(round: number): Promise<string> {
    const tree = join(work, `tree${round}`);
    await mkdir(tree);
    for (const [index, size] of sizes.entries()) await writeBigFile(join(tree, `f${index}`), round * 10 + index, size);
    return tree;
  }

  function victim(kind: string, round: number): Victim {
    const args = ["--data", folder];
    const tree = join(work, `tree${round}`);
    const commands: Readonly<Record<string, string>> = {
      "put at the prompt": `put -R ${tree} /r${round}`,
      "put in a script": `put -R ${tree} /r${round}; echo all there`,
      "put with &": `put -R ${tree} /r${round} & wait; echo all there`,
      "get at the prompt": `get -R /kept ${work}/got${round}`,
      "get in a script": `get -R /kept ${work}/got${round}`,
      atomic: `mkdir /r${round}; put ${tree}/f0 ${tree}/f1 ${tree}/f2 /r${round}; put ${tree}/f3 ${tree}/f4 ${tree}/f5 /r${round}`,
    };
    const command = commands[kind] ?? "";
    const isTyped = kind.endsWith("prompt");
    const started = isTyped
      ? new Victim(args, `${command}\r`)
      : new Victim([...args, ...(kind === "atomic" ? ["--atomic", "-v"] : []), "-c", command]);
    victims.push(started);
    return started;
  }

  /** Names of the files below a remote folder; each is fetched and compared. */
  async function remoteFiles(path: string, into: string, tree: string): Promise<readonly string[]> {
    const isThere = await client.stat(resolvePath(path)).then(
      () => true,
      () => false,
    );
    if (!isThere) return [];
    await client.get({ sources: [resolvePath(path)], target: into, recursive: true });
    return localFiles(into, tree);
  }

  /** Names of the files in a local folder, each compared. */
  async function localFiles(path: string, tree: string): Promise<readonly string[]> {
    const names = await readdir(path).catch(() => []);
    const whole = names.filter((name) => !name.includes(".dfs-part")).toSorted();
    for (const name of whole)
      expect((await readFile(join(path, name))).equals(await readFile(join(tree, name))), name).toBe(true);
    return whole;
  }

  const all = sizes.map((_, index) => `f${index}`);

  it(
    "JOB-20 loses nothing that it said was done, leaves no half file, and what was typed at the prompt goes on",
    {
      timeout: 5 * minutes,
    },
    async () => {
      const seed = Number(process.env["DFS_KILLS_SEED"] ?? randomInt(2 ** 31));
      const random = new Prng(seed);
      process.stderr.write(`killed-shells: seed ${seed}\n`);
      const keptTree = await writeTree(9999);
      await client.put({ sources: [{ kind: "path", path: keptTree }], target: resolvePath("/kept"), recursive: true });

      // How long each takes that is left alone.
      const usualMs = new Map<string, number>();
      for (const [index, kind] of kinds.entries()) {
        await writeTree(1000 + index);
        const left = victim(kind, 1000 + index);
        await left.started();
        const startedMs = performance.now();
        if (kind.endsWith("prompt")) {
          await expect.poll(() => left.output, { timeout: minutes, interval: 10 }).toMatch(summary);
          await left.kill();
        } else await left.ended;
        usualMs.set(kind, performance.now() - startedMs);
      }

      let jobsLeft = 0;
      let cut = 0;
      for (let round = 0; round < rounds; round += 1) {
        const kind = kinds[round % kinds.length] ?? "";
        const waitMs = random.unit() * 1.1 * (usualMs.get(kind) ?? 0);
        const note = `seed ${seed}, round ${round}: ${kind}, killed after ${Math.round(waitMs)} ms`;
        const jobsBefore = (await client.jobs()).length;
        const tree = kind.startsWith("get") ? keptTree : await writeTree(round);
        const doomed = victim(kind, round);
        await doomed.started();
        const killAtMs = performance.now() + waitMs;
        await expect.poll(() => performance.now() >= killAtMs, { timeout: minutes, interval: 1 }).toBe(true);
        await doomed.kill();
        const acknowledged = summary.test(doomed.output) || /all there|changes committed/.test(doomed.output);
        const jobs = (await client.jobs()).slice(jobsBefore);
        // Jobs go on; what came to an end in the foreground is off the list.
        for (const { id } of jobs) expect((await client.followJob(id)).state, note).toBe("done");
        jobsLeft += jobs.length;
        const isGet = kind.startsWith("get");
        const found = isGet
          ? await localFiles(`${work}/got${round}`, tree)
          : await remoteFiles(`/r${round}`, `${work}/check${round}`, tree);
        if (acknowledged || jobs.length > 0) expect(found, note).toEqual(all);
        else if (kind === "atomic") expect([[], all], note).toContainEqual(found);
        if (found.length < all.length) cut += 1;
        expect((await client.status()).health, note).toBe("healthy");
        await rm(`${work}/got${round}`, { recursive: true, force: true });
        await rm(`${work}/check${round}`, { recursive: true, force: true });
        if (!isGet) await rm(tree, { recursive: true });
      }
      process.stderr.write(`${cut} of ${rounds} were cut short, ${jobsLeft} jobs went on\n`);
      // Otherwise the moments were no good.
      expect(cut).toBeGreaterThan(2);
      expect(jobsLeft).toBeGreaterThan(0);

      // What was broken off is given back when its lease is over: what is kept are the files that are there.
      let chunks = 0;
      let files = 0;
      for await (const { kind, path } of client.walk(resolvePath("/"))) {
        if (kind !== "file") continue;
        chunks += (await client.why(path)).chunks + 1; // and the page that lists them
        files += 1;
      }
      await expect
        .poll(async () => (await client.status()).store, { timeout: minutes, interval: 250 })
        .toMatchObject({ chunks, records: files });
      expect((await client.jobs()).every(({ endedMs }) => endedMs !== undefined)).toBe(true);
    },
  );
});
