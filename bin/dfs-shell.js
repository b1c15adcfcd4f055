#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { defaultConfigPath, defaultHistoryPath, runShell } from "../dist/shell.js";

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
/** The client, and with it the peer, is loaded only by commands that need the network. */
const client = () => import("../dist/client.js");

const code = await runShell({
  argv: process.argv.slice(2),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  version,
  historyPath: defaultHistoryPath(),
  configPath: defaultConfigPath(),
  openClient: async (options) => (await client()).openClient({ ...options, version }),
  checkMachine: async function* (options) {
    yield* (await client()).checkMachine(options);
  },
  joinNetwork: async (options) => (await client()).joinNetwork({ ...options, version }),
});

// A timer of a library that was stopped may still be ticking; nothing waits for it.
process.stdout.write("", () => process.exit(code));
