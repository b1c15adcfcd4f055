/** Peers as real processes on loopback, run from a copy of the built program so that a build meanwhile changes nothing. */
import { type ChildProcess, spawn } from "node:child_process";
import { cp, mkdir, mkdtemp, symlink } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type ProcessUsage, usageBetween, usageOf } from "./process-usage.ts";
import { type ProgramResult, gather, runProgram } from "./run-program.ts";

const root = resolve(import.meta.dirname, "..");
/** A peer that has not stopped by then is killed. */
const stopMs = 10_000;
/** The most that one invite lets in. */
const inviteUses = 100;
/** On a busy machine there may be no leader for a moment. */
const inviteTries = 10;
const inviteRetryMs = 2_000;

/** The built program, and where its peers keep their data. */
export interface Program {
  readonly folder: string;
  readonly shell: string;
  readonly peer: string;
  /** Where each peer leaves a CPU profile when it stops; undefined for none. */
  readonly profiles: string | undefined;
}

/** Copies the built program into `folder`. */
export async function copyProgram(folder: string, profiles: string | undefined): Promise<Program> {
  const target = join(folder, "program");
  await mkdir(target);
  for (const part of ["bin", "dist", "package.json"])
    await cp(join(root, part), join(target, part), { recursive: true });
  await symlink(join(root, "node_modules"), join(target, "node_modules"));
  return { folder, shell: join(target, "bin/dfs-shell.js"), peer: join(target, "bin/peer.js"), profiles };
}

/** One peer, and its process of this moment. */
export interface Peer {
  readonly role: string;
  readonly folder: string;
  child: ChildProcess;
}

/** The peers of one job; `stop()` ends them. */
export class Network {
  readonly #program: Program;
  readonly #peers: Peer[] = [];
  #invite: string | undefined;

  constructor(program: Program) {
    this.#program = program;
  }

  /** Starts a peer, the first as a network of its own, each further one as a member; waits until it serves. */
  async add(role: string, args: readonly string[] = []): Promise<Peer> {
    const invite = this.#peers.length === 0 ? [] : ["--join", await this.invite()];
    const folder = await this.folder(role);
    const peer = { role, folder, child: this.#spawn(role, folder, [...invite, ...args]) };
    this.#peers.push(peer);
    await ready(peer.child);
    return peer;
  }

  /** An invite of the first peer, which all that come are let in by. */
  async invite(tries = inviteTries): Promise<string> {
    if (this.#invite !== undefined) return this.#invite;
    try {
      const [first] = this.#peers as [Peer];
      return (this.#invite = (await this.shell(first, `invite --uses ${inviteUses}`)).stdout.trim());
    } catch (error) {
      if (tries <= 1) throw error;
      await delay(inviteRetryMs);
      return this.invite(tries - 1);
    }
  }

  /** A new folder for somebody's data. */
  folder(role: string): Promise<string> {
    return mkdtemp(join(this.#program.folder, `${role}-`));
  }

  /** Kills a peer's process, and waits for its end. */
  async kill({ child }: Peer): Promise<void> {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
  }

  /** Starts a peer that was killed, on its folder and port; waits until it serves. */
  async startAgain(peer: Peer, args: readonly string[] = []): Promise<void> {
    peer.child = this.#spawn(peer.role, peer.folder, args);
    await ready(peer.child);
  }

  #spawn(role: string, folder: string, args: readonly string[]): ChildProcess {
    const { profiles, peer: program } = this.#program;
    const profiling = profiles === undefined ? [] : ["--cpu-prof", "--cpu-prof-dir", join(profiles, role)];
    const own = ["--data", folder, "--listen", "/ip4/127.0.0.1/tcp/0", "--name", role, "--log-level", "warn"];
    return spawn(process.execPath, [...profiling, program, ...own, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  }

  /** Runs commands in the shell of a peer. */
  shell(peer: Pick<Peer, "folder">, commands: string): Promise<ProgramResult> {
    return runProgram(process.execPath, [this.#program.shell, "--data", peer.folder, "-c", commands], {
      role: "shell",
    });
  }

  /** Runs `work`; returns what it and every peer used meanwhile. */
  async measured(work: () => Promise<readonly ProcessUsage[]>): Promise<readonly ProcessUsage[]> {
    const readings = (): (ProcessUsage | undefined)[] =>
      this.#peers.map(({ role, child }) => usageOf(role, child.pid ?? 0));
    const before = readings();
    const own = await work();
    return [...readings().flatMap((after, index) => usageBetween(before[index], after)), ...own];
  }

  /** Ends the peers, the last one first. */
  async stop(): Promise<void> {
    for (const { child } of this.#peers.splice(0).reverse()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = new Promise((resolve) => child.once("exit", resolve));
      const lastResort = setTimeout(() => child.kill("SIGKILL"), stopMs);
      child.kill("SIGTERM");
      await ended;
      clearTimeout(lastResort);
    }
  }
}

/** Resolves when the peer says that it is ready; fails with its stderr when it ends before. */
function ready(child: ChildProcess): Promise<void> {
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error("a peer needs pipes");
  const said = gather(stdout);
  const complained = gather(stderr);
  return new Promise((resolve, reject) => {
    stdout.on("data", () => {
      if (/^ready /m.test(said())) resolve();
    });
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`dfs-peer ended with ${code}: ${complained()}`)));
  });
}
