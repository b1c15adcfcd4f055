#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { runPeer } from "../dist/peer.js";

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));

const code = await runPeer({
  argv: process.argv.slice(2),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  version,
});

// A timer of a library that was stopped may still be ticking; nothing waits for it.
process.stdout.write("", () => process.exit(code));
