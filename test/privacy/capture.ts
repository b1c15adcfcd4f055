/** Packets on loopback, by tcpdump, which only root may run. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";

/** Whether packets can be captured here. */
export const canCapture = process.getuid?.() === 0 && spawnSync("tcpdump", ["--version"]).error === undefined;

/** Captures what goes to or comes from `network` (as `127.81.0.0/16`) into a file, until the returned function has ended. */
export async function capture(network: string, file: string): Promise<() => Promise<void>> {
  const args = [
    "-i",
    "lo",
    "-s",
    "0",
    "-B",
    "131072",
    "-U",
    "--immediate-mode",
    "-Z",
    "root",
    "-w",
    file,
    "net",
    network,
  ];
  const tcpdump = spawn("tcpdump", args, { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  await new Promise<void>((resolve, reject) => {
    tcpdump.stderr.on("data", (bytes: Buffer) => {
      said += bytes.toString();
      if (said.includes("listening on")) resolve();
    });
    tcpdump.once("exit", () => reject(new Error(`tcpdump ended: ${said}`)));
  });
  return async () => {
    tcpdump.kill("SIGINT");
    await once(tcpdump, "exit");
    const dropped = Number(/(\d+) packets dropped by kernel/.exec(said)?.[1]);
    if (dropped !== 0) throw new Error(`the capture has holes: ${said}`);
  };
}
