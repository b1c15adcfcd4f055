/** How long until a person can type, and until a command has answered, with a running peer and without. */
import { spawn } from "node:child_process";
import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { type Bench, bareNode } from "./contest.ts";
import { Network, type Peer } from "./peers.ts";
import { gather, installed, runProgram } from "./run-program.ts";

const repetitions = 10;
/** A prompt that has not come by then never will. */
const promptMs = 10_000;
/** The prompt of the root, whatever its colours. */
const promptText = /\/(?:\u001b\[[\d;]*m)?>/u;

/** The first prompt in a terminal, and commands, beside a running peer; `ls` that starts the peer itself. */
export async function start(bench: Bench): Promise<void> {
  const network = new Network(bench.program);
  try {
    const peer = await network.add("peer");
    await network.shell(peer, "mkdir /small; cd /small; mkdir a b c d e");
    await firstPrompt(bench, peer);
    for (const command of ["pwd", "whoami", "ls /small"]) await besidePeer(bench, network, peer, command);
  } finally {
    await network.stop();
  }
  await listAlone(bench);
}

async function firstPrompt(bench: Bench, { folder }: Peer): Promise<void> {
  if (installed("script") === undefined || process.platform !== "linux") {
    bench.skipped.add("no first prompt: it needs the script program of util-linux");
    return;
  }
  let leave = async (): Promise<void> => undefined;
  await bench.contest({
    name: "start: first prompt, peer running",
    repetitions,
    ours: async () => {
      leave = await untilPrompt(bench, folder);
      return [];
    },
    afterOurs: () => leave(),
    others: bareNode(),
  });
}

/** Starts the shell in a terminal of 24 × 80; resolves when its prompt is there, with what leaves it again. */
async function untilPrompt(bench: Bench, folder: string): Promise<() => Promise<void>> {
  const line = `stty rows 24 cols 80; exec "${process.execPath}" "${bench.program.shell}" --data "${folder}"`;
  const { CI: _, NO_COLOR: __, CONTINUOUS_INTEGRATION: ___, ...env } = process.env;
  const child = spawn("script", ["-qfc", line, "/dev/null"], {
    stdio: ["pipe", "pipe", "inherit"],
    // The history of the person who measures stays as it is.
    env: { ...env, TERM: "xterm-256color", SHELL: "/bin/sh", XDG_STATE_HOME: folder + "-home" },
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const shown = gather(child.stdout);
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill();
      reject(new Error(`no prompt within ${promptMs} ms, but ${shown()}`));
    }, promptMs);
    child.stdout.on("data", () => {
      if (!promptText.test(shown())) return;
      clearTimeout(timer);
      resolve();
    });
    child.once("error", reject);
  });
  return async () => {
    child.stdin.write("exit\r");
    await ended;
  };
}

async function besidePeer(bench: Bench, network: Network, peer: Peer, command: string): Promise<void> {
  await bench.contest({
    name: `start: -c "${command}", peer running`,
    repetitions,
    ours: () => network.measured(async () => (await network.shell(peer, command)).usage),
    others: bareNode(),
  });
}

async function listAlone(bench: Bench): Promise<void> {
  const folder = await mkdtemp(join(bench.program.folder, "alone-"));
  const list = async () =>
    (await runProgram(process.execPath, [bench.program.shell, "--data", folder, "-c", "ls"], { role: "shell" })).usage;
  await list(); // founds the network
  await bench.contest({ name: "start: -c ls, no peer running", repetitions, ours: list, others: bareNode() });
}
