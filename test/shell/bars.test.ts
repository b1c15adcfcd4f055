import stringWidth from "string-width";
import { describe, expect, it, vi } from "vitest";
import type { TransferEvent } from "../../src/core/client.ts";
import { DfsError } from "../../src/core/errors.ts";
import { afterEvent, startedProgress } from "../../src/core/transfer-progress.ts";
import { barLines } from "../../src/shell/bars.ts";
import { startBatchBars } from "../../src/shell/batch-bars.ts";
import type { BarSpace } from "../../src/shell/command.ts";

const MiB = 1024 * 1024;

function lines(events: readonly TransferEvent[], columns = 70, rows = 10, nowMs = 2000): readonly string[] {
  return barLines(events.reduce(afterEvent, startedProgress(0)), { columns, rows, nowMs });
}

const found = (files: number, bytes: number): TransferEvent => ({ type: "found", files, bytes });
const started = (path: string, sizeBytes: number): TransferEvent => ({ type: "started", path, sizeBytes });
const progress = (path: string, bytes: number): TransferEvent => ({ type: "progress", path, bytes });

describe("bars", () => {
  it("SHELL-44 one file: a bar, then bytes, rate and time left", () => {
    expect(lines([found(1, 4 * MiB), started("a.iso", 4 * MiB), progress("a.iso", MiB)])).toEqual([
      "a.iso                               █████░░░░░░░░░░░░░░░  25%  1.0 MiB",
      "1.0 MiB  512.0 KiB/s  0:06",
    ]);
  });

  it("SHELL-44 several files: a bar each, and one for all", () => {
    const [first, second, total] = lines([
      found(3, 4 * MiB),
      started("a", MiB),
      progress("a", MiB),
      { type: "done", path: "a", outcome: "written", revision: 1, copies: 2 },
      started("b", 2 * MiB),
      progress("b", MiB),
      started("c", MiB),
    ]);
    expect(first).toMatch(/^b .* 50% {2}1\.0 MiB$/);
    expect(second).toMatch(/^c .* 0% {2}0 B$/);
    expect(total).toMatch(/^1\/3 files .* 50% {2}2\.0 MiB {2}1\.0 MiB\/s {2}0:02$/);
  });

  it("SHELL-44 no more lines than the terminal has room for, and none too wide", () => {
    const many = [
      found(50, 50),
      ...Array.from({ length: 30 }, (_, index) => started(`日本語の長い名前\u001b-${index}`, 1)),
    ];
    for (const [columns, rows] of [
      [80, 12],
      [30, 5],
      [10, 3],
      [1, 1],
    ] as const) {
      const shown = lines(many, columns, rows);
      expect(shown.length).toBeLessThanOrEqual(Math.max(3, rows - 2));
      for (const line of shown) expect(stringWidth(line)).toBeLessThanOrEqual(columns);
      expect(shown.join("")).not.toContain("\u001b");
    }
    expect(lines(many, 80, 12)).toContain("… 22 more");
  });

  it("SHELL-44 a failed file ends too, and nothing found yet is no division by zero", () => {
    const failed: TransferEvent = { type: "failed", path: "a", error: new DfsError("io", "x") };
    expect(lines([found(2, 2), started("a", 1), failed])[0]).toMatch(/^1\/2 files/);
    expect(lines([], 40, 10, 0)).toHaveLength(1);
  });

  it("SHELL-44 on a plain terminal the bars are drawn over and wiped", async () => {
    let written = "";
    let passed = 0;
    const terminal = { write: (text: string) => void (written += text), columns: 60, rows: 10 };
    const draw = ({ columns, rows }: BarSpace): readonly string[] => [`${columns}x${rows}`, String((passed += 1))];
    startBatchBars(terminal, draw).stop();
    expect(written).toBe("");
    const view = startBatchBars(terminal, draw);
    await vi.waitFor(() => expect(passed).toBe(2));
    view.stop();
    expect(written).toBe("59x10\n1\n\u001b[2A\u001b[J59x10\n2\n\u001b[2A\u001b[J");
  });
});
