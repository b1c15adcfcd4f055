/** One real peer process that can be killed, paused, started again, and run inside a namespace. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { resolve } from "node:path";
import type { DfsClient } from "../../src/core/client.ts";
import { withDeadline } from "../../src/core/deadline.ts";
import { connectControl } from "../../src/peer/control/control-client.ts";
import { controlAddress } from "../../src/peer/data-folder-paths.ts";

const peerProgram = resolve(import.meta.dirname, "../../bin/peer.js");
/** A peer prints its ready line within this, on a busy machine. */
const startMs = 60_000;
const connectMs = 3_000;
/** What is kept of a peer's log, in characters. */
const logCharactersMax = 256 * 1024;

export interface FaultPeerOptions {
  readonly name: string;
  /** Its data folder; made when it is not there. */
  readonly folder: string;
  /** What dfs-peer is started with each time, besides its name and folder. */
  readonly args: readonly string[];
  /** The command that the program is run by, such as `ip netns exec NAME`; empty for none. */
  readonly wrapper: readonly string[];
}

export class FaultPeer {
  readonly name: string;
  readonly folder: string;
  readonly #options: FaultPeerOptions;
  #child: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();
  #log = "";

  constructor(options: FaultPeerOptions) {
    this.name = options.name;
    this.folder = options.folder;
    this.#options = options;
  }

  /** Whether its process is there, running or paused. */
  get isAlive(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** The end of what it wrote to stderr since it was started last. */
  get log(): string {
    return this.#log;
  }

  /** Resolves when its process has ended. */
  get ended(): Promise<void> {
    return this.#ended;
  }

  /**
   * Starts the process and waits for its ready line; `invite` only the first time, with `--restore` to take the place of
   * the lost member of this name. Fails with its log when it ends before.
   */
  async start(invite?: string, entry: "--join" | "--restore" = "--join"): Promise<void> {
    const { name, folder, args, wrapper } = this.#options;
    await mkdir(folder, { recursive: true });
    const join = invite === undefined ? [] : [entry, invite, ...(entry === "--restore" ? ["--as", name] : [])];
    const own = [peerProgram, "--data", folder, "--name", name, ...args, ...join];
    const [command = process.execPath, ...rest] = [...wrapper, process.execPath, ...own];
    const child = spawn(command, rest, { stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    this.#log = "";
    this.#ended = new Promise((resolve) => child.once("close", () => resolve()));
    child.stderr.on("data", (bytes: Buffer) => (this.#log = (this.#log + bytes.toString()).slice(-logCharactersMax)));
    await withDeadline(startMs, undefined, () => this.#ready(child)).catch((error: unknown) => {
      throw new Error(`${name} did not start: ${this.#log}`, { cause: error });
    });
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** kill -9, and waits for its end. */
  async kill(): Promise<void> {
    this.signal("SIGKILL");
    await this.#ended;
  }

  /** A client at its control socket. Fails with `unreachable`, or `timeout` when the process is paused. */
  connect(): Promise<DfsClient> {
    return withDeadline(connectMs, undefined, () => connectControl(controlAddress(this.folder)));
  }

  /** Does `work` with a client that is closed afterwards. */
  async with<Result>(work: (client: DfsClient) => Promise<Result>): Promise<Result> {
    const client = await this.connect();
    try {
      return await work(client);
    } finally {
      void client.close().catch(() => undefined);
    }
  }

  #ready(child: ChildProcess): Promise<void> {
    let said = "";
    return new Promise((resolve, reject) => {
      child.stdout?.on("data", (bytes: Buffer) => {
        said += bytes.toString();
        if (/^ready /m.test(said)) resolve();
      });
      child.once("error", reject);
      void this.#ended.then(() => reject(new Error(`ended with ${child.exitCode ?? child.signalCode}`)));
    });
  }
}
