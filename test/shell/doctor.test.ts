import { describe, expect, it } from "vitest";
import type { CheckResult } from "../../src/core/checks.ts";
import { DfsError } from "../../src/core/errors.ts";
import { runLines, runProgram } from "./driver.ts";
import { MemoryClient } from "./memory-client.ts";

const ill = { outcome: "fault", found: "2 chunks of this disk are damaged or lost", advice: "fsck" } as const;
const slow = { outcome: "warning", found: "the disk is slow", advice: "see what else uses it" } as const;

describe("doctor", () => {
  it("DOCTOR-14 lists what was found below each area, and what to do; 1 with a fault", async () => {
    const client = new MemoryClient();
    client.findings.set("write", slow);
    client.findings.set("chunks", ill);
    const { code, out, err } = await runLines("doctor", { client });
    expect({ code, err }).toEqual({ code: 1, err: "" });
    expect(out).toContain(`disk
  ok       free-space     all is well
  warning  write          the disk is slow
                          → see what else uses it
  fault    chunks         2 chunks of this disk are damaged or lost
                          → fsck
ports
`);
    expect(out).toMatch(/\n25 checks: 23 ok, 1 warning, 1 fault\n$/);
  });

  it.each<readonly [lines: string, code: number, last: RegExp]>([
    ["doctor", 0, /^25 checks: 25 ok, 0 warnings, 0 faults$/],
    ["doctor extra", 2, /^$/],
  ])("DOCTOR-14 %s ends with %i", async (lines, code, last) => {
    const outcome = await runLines(lines);
    expect(outcome.code).toBe(code);
    expect(outcome.out.trimEnd().split("\n").at(-1)).toMatch(last);
  });

  it("DOCTOR-14 warnings alone are no failure, and a lost quorum is one", async () => {
    const client = new MemoryClient();
    client.findings.set("write", slow);
    expect((await runLines("doctor", { client })).code).toBe(0);
    client.loseQuorum(5_000);
    expect((await runLines("doctor", { client })).code).toBe(1);
  });

  it("DOCTOR-14 with --json each check is an object, and -q leaves the sum out", async () => {
    const client = new MemoryClient();
    client.findings.set("chunks", ill);
    const { code, out } = await runLines("doctor --json", { client });
    expect(code).toBe(1);
    const results = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as CheckResult);
    expect(results).toHaveLength(25);
    expect(results).toContainEqual({ area: "disk", name: "chunks", ...ill });
    expect((await runProgram(["-q", "-c", "doctor"], { client })).out).not.toContain("25 checks");
  });

  it("DOCTOR-14 on a terminal with colour faults are red, and control characters are shown", async () => {
    const client = new MemoryClient();
    client.findings.set("chunks", { ...ill, found: "a peer called \u001b[2J" });
    const { out } = await runProgram(["--color=always", "-c", "doctor"], { client, columns: 80 });
    expect(out).toContain("\u001b[31mfault  \u001b[0m  chunks         a peer called \\x1b[2J");
    expect(out).toContain("\u001b[32mok     \u001b[0m  write");
  });

  it("DOCTOR-7 without a peer it says why, and checks the machine", async () => {
    const locked = new DfsError("locked", "data folder /d is held by process 7", { path: "/d" });
    const checkMachine = async function* (): AsyncGenerator<CheckResult> {
      yield { area: "machine", name: "node", outcome: "ok", found: "Node.js 20.20.2" };
    };
    const { code, out, err } = await runLines("doctor", { openClient: () => Promise.reject(locked), checkMachine });
    expect({ code, err }).toEqual({ code: 1, err: "" });
    expect(out).toBe(`machine
  fault    peer           no peer can be asked: data folder /d is held by process 7
                          → if that process hangs, end it and try again
  ok       node           Node.js 20.20.2
2 checks: 1 ok, 0 warnings, 1 fault
`);
  });
});
