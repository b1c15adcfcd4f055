/** The shell as a program of its own, with a network in memory that has a user: for tests that need a real terminal's driver. */
import { parseUserName } from "../../src/core/ids.ts";
import { runShell } from "../../src/shell/main.ts";
import { MemoryClient } from "./memory-client.ts";

const client = new MemoryClient();
await client.addUser({ name: parseUserName("ann"), password: "seven blue kites" });
const code = await runShell({
  argv: process.argv.slice(2),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  version: "0.1.0",
  openClient: async () => client,
  joinNetwork: () => Promise.reject(new Error("not here")),
});
process.exit(code);
