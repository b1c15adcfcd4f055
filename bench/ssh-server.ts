/** An SSH server of our own on loopback, with keys of its own, so that `scp` can be measured without touching the machine's. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import type { Bench } from "./contest.ts";
import { gather, installed, runProgram } from "./run-program.ts";

export interface SshServer {
  /** For `scp`, so that it trusts this server and no other. */
  readonly options: readonly string[];
  /** How `scp` writes a path of the server. */
  remote(path: string): string;
  stop(): void;
}

/** Starts the server; undefined, with the reason among what was skipped, where that cannot be. */
export async function startSshServer(bench: Bench): Promise<SshServer | undefined> {
  const program = installed("sshd");
  if (program === undefined) {
    bench.skipped.add("sshd is not installed, so no scp");
    return undefined;
  }
  try {
    return await start(program, bench.program.folder);
  } catch (error) {
    bench.skipped.add(`no scp: ${(error as Error).message.trim()}`);
    return undefined;
  }
}

async function start(program: string, parent: string): Promise<SshServer> {
  const folder = await mkdtemp(join(parent, "ssh-"));
  const [hostKey, userKey, config] = [join(folder, "host"), join(folder, "user"), join(folder, "config")];
  for (const path of [hostKey, userKey]) await runProgram("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", path]);
  const port = await freePort();
  await writeFile(config, serverConfig(port, hostKey, userKey));
  const child = spawn(program, ["-D", "-e", "-f", config], { stdio: ["ignore", "ignore", "pipe"] });
  await listening(child);
  const trust = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "BatchMode=yes", "IdentitiesOnly=yes"];
  return {
    options: ["-q", "-P", `${port}`, "-i", userKey, ...trust.flatMap((option) => ["-o", option])],
    remote: (path) => `${userInfo().username}@127.0.0.1:${path}`,
    stop: () => child.kill("SIGTERM"),
  };
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

function freePort(): Promise<number> {
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
