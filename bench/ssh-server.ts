/** An SSH server of our own on loopback, with keys of its own, so that `scp` can be measured without touching the machine's. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import type { Bench } from "./contest.ts";
import type { ProcessUsage } from "./process-usage.ts";
import { whileWatched } from "./process-watch.ts";
import { gather, installed, runProgram } from "./run-program.ts";

export interface SshServer {
  readonly port: number;
  /** The private key that the server lets in. */
  readonly key: string;
  /** For `scp` and `sftp`, so that they trust this server and no other. */
  readonly options: readonly string[];
  /** How `scp` and `sftp` write a path of the server. */
  remote(path: string): string;
  /** Runs `work`; returns what it and the server used meanwhile. */
  measured(work: () => Promise<readonly ProcessUsage[]>): Promise<readonly ProcessUsage[]>;
}

/** Does `work` with a server; with undefined, and the reason among what was skipped, where there can be none. */
export async function withSshServer(
  bench: Bench,
  work: (server: SshServer | undefined) => Promise<void>,
): Promise<void> {
  const started = await tryStart(bench);
  try {
    await work(started?.server);
  } finally {
    started?.child.kill("SIGTERM");
  }
}

interface Started {
  readonly server: SshServer;
  readonly child: ChildProcess;
}

async function tryStart(bench: Bench): Promise<Started | undefined> {
  const program = installed("sshd");
  if (program === undefined) {
    bench.skipped.add("sshd is not installed, so no scp, sftp and rclone");
    return undefined;
  }
  try {
    return await start(program, bench.program.folder);
  } catch (error) {
    bench.skipped.add(`no scp, sftp and rclone: ${(error as Error).message.trim()}`);
    return undefined;
  }
}

async function start(program: string, parent: string): Promise<Started> {
  const folder = await mkdtemp(join(parent, "ssh-"));
  const [hostKey, key, config] = [join(folder, "host"), join(folder, "user"), join(folder, "config")];
  for (const path of [hostKey, key]) await runProgram("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", path]);
  const port = await freePort();
  await writeFile(config, serverConfig(port, hostKey, key));
  const [command = "", ...args] = await commandLine(folder, [program, "-D", "-e", "-f", config]);
  const child = spawn(command, args, { stdio: ["ignore", "ignore", "pipe"] });
  await listening(child);
  const trust = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "BatchMode=yes", "IdentitiesOnly=yes"];
  const server: SshServer = {
    port,
    key,
    options: ["-q", "-P", `${port}`, "-i", key, ...trust.flatMap((option) => ["-o", option])],
    remote: (path) => `${userInfo().username}@127.0.0.1:${path}`,
    measured: (work) => whileWatched([{ role: "sshd", pid: child.pid ?? 0 }], work),
  };
  return { server, child };
}

/**
 * As the superuser, sshd wants a user and a folder of its own. Where it was unpacked but not installed, it finds both in
 * a mount namespace that ends with it; the machine keeps its own.
 */
async function commandLine(folder: string, server: readonly string[]): Promise<readonly string[]> {
  const users = await readFile("/etc/passwd", "utf8").catch(() => "");
  if (process.getuid?.() !== 0 || (/^sshd:/m.test(users) && existsSync("/run/sshd"))) return server;
  const ownUsers = join(folder, "passwd");
  const user = /^sshd:/m.test(users) ? "" : "sshd:x:65533:65534::/run/sshd:/bin/false\n";
  await writeFile(ownUsers, `${users}${user}`);
  const script =
    'mount --bind "$0" /etc/passwd && mount -t tmpfs -o mode=755 none /run && mkdir /run/sshd && exec "$@"';
  return ["unshare", "--mount", "sh", "-c", script, ownUsers, ...server];
}

function serverConfig(port: number, hostKey: string, userKey: string): string {
  return [
    `Port ${port}`,
    "ListenAddress 127.0.0.1",
    `HostKey ${hostKey}`,
    `AuthorizedKeysFile ${userKey}.pub`,
    "StrictModes no", // the keys are in the temporary folder
    "PasswordAuthentication no",
    "PidFile none",
    "Subsystem sftp internal-sftp",
    "",
  ].join("\n");
}

/** A TCP port of loopback that nobody listens on. */
export function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

function listening(child: ChildProcess): Promise<void> {
  const { stderr } = child;
  if (stderr === null) throw new Error("the server needs a pipe");
  const said = gather(stderr);
  return new Promise((resolve, reject) => {
    stderr.on("data", () => {
      if (said().includes("Server listening")) resolve();
    });
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`sshd ended with ${code}: ${said()}`)));
  });
}
