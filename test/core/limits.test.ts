import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import * as limits from "../../src/core/limits.ts";

const units: Readonly<Record<string, number>> = {
  "": 1,
  ms: 1,
  s: 1_000,
  min: 60_000,
  h: 3_600_000,
  KiB: 1_024,
  MiB: 1_024 * 1_024,
};

it("GATE-16 the limits in docs/SECURITY.md are those of the program", () => {
  const text = readFileSync(join(import.meta.dirname, "../../docs/SECURITY.md"), "utf8");
  const rows = [...text.matchAll(/^\| `(\w+)` \| ([\d,]+) ?(\w*) \|/gm)];
  const values: Readonly<Record<string, unknown>> = limits;
  for (const [, name = "", digits = "", unit = ""] of rows)
    expect([name, Number(digits.replaceAll(",", "")) * (units[unit] ?? Number.NaN)]).toEqual([name, values[name]]);
  expect(rows.length).toBe(text.split("\n").filter((line) => line.startsWith("| `")).length);
  expect(rows.length).toBeGreaterThan(40);
});

it("SCALE-8 a host has room for every member of the largest network, and for strangers", () => {
  const { connectionsMax, peersMax, pendingConnectionsMax, strangerConnectionsMax } = limits;
  expect(connectionsMax).toBeGreaterThanOrEqual(peersMax + pendingConnectionsMax + strangerConnectionsMax);
});
