import { describe, expect, it } from "vitest";
import { DfsError } from "../../../src/core/errors.ts";
import { busyHoldMsMax } from "../../../src/core/limits.ts";
import { BusyGate } from "../../../src/peer/load/busy-gate.ts";
import { withRetries } from "../../../src/peer/retry.ts";

function gateAt(random = 0) {
  const clock = { nowMs: 1_000 };
  return { clock, gate: new BusyGate<string>({ nowMs: () => clock.nowMs, random: () => random }) };
}

const busy = (retryAfterMs?: number): DfsError => new DfsError("busy", "too much to do", { retryAfterMs });

describe("a peer that said when to come back", () => {
  it("LOAD-7 is sent nothing until then, and a part of that time longer which differs", () => {
    const { clock, gate } = gateAt(0.5);
    gate.note("ann", busy(100));
    expect(gate.waitMs("ann")).toBe(125);
    expect(gate.waitMs("ben")).toBe(0);
    clock.nowMs += 124;
    expect(() => gate.pass("ann")).toThrow(expect.objectContaining({ kind: "busy", retryAfterMs: 1 }));
    clock.nowMs += 1;
    gate.pass("ann");
  });

  it("LOAD-7 is not waited for longer than a limit, whatever it said, and not at all for other failures", () => {
    const { gate } = gateAt();
    gate.note("ann", busy(1e9));
    expect(gate.waitMs("ann")).toBe(busyHoldMsMax);
    gate.note("ben", busy());
    gate.note("ben", new DfsError("timeout", "late", { retryAfterMs: 100 }));
    expect(gate.waitMs("ben")).toBe(0);
  });

  it("LOAD-7 an earlier time does not shorten a later one", () => {
    const { gate } = gateAt();
    gate.note("ann", busy(100));
    gate.note("ann", busy(10));
    expect(gate.waitMs("ann")).toBe(100);
  });

  it("LOAD-7 work that is tried again is not tried sooner than was said", async () => {
    const startMs = performance.now();
    let tries = 0;
    await withRetries({ attempts: 2, pauseMs: 1, signal: undefined }, () => {
      tries += 1;
      return tries === 1 ? Promise.reject(busy(60)) : Promise.resolve();
    });
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(59);
  });
});
