/** The shell as a program of its own, with a network in memory that has a user: for tests that need a real terminal's driver. */
import { parseUserName } from "../../src/core/ids.ts";
import { runShell } from "../../src/shell/main.ts";
import { MemoryClient } from "./memory-client.ts";

const client = new MemoryClient();
await client.addUser({ name: parseUserName("ann"), password: "seven blue kites" });
// What ends a program without asking anybody.
const { ENDS_AFTER_MS: endsAfterMs, THROWS_AFTER_MS: throwsAfterMs } = process.env;
if (endsAfterMs !== undefined) setTimeout(() => process.exit(7), Number(endsAfterMs));
if (throwsAfterMs !== undefined)
  setTimeout(() => {
    throw new Error("nobody catches this");
  }, Number(throwsAfterMs));
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
