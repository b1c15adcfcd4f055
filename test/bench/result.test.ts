/** What the benchmarks make of their figures: medians, ratios, and whether a target is met. */
import { describe, expect, it } from "vitest";
import { type Result, judge, memoryResult } from "../../bench/result.ts";
import { lineOf, tableOf } from "../../bench/table.ts";

function result(
  part: Partial<Result> & { readonly values: readonly number[]; readonly theirs?: readonly number[] },
): Result {
  const others = part.theirs === undefined ? [] : [{ name: "restic", values: part.theirs, processes: [] }];
  return {
    job: "put big",
    unit: "MB/s",
    better: "more",
    ours: { name: "ours", values: part.values, processes: [] },
    others,
    targets: [{ factor: 1, of: "restic" }],
    ...part,
  };
}

describe("targets", () => {
  it("compares medians, not means or best runs", () => {
    expect(judge(result({ values: [100, 1, 300], theirs: [100, 900, 2] }))).toMatchObject([{ isMet: true }]);
    expect(judge(result({ values: [99, 1, 300], theirs: [100, 900, 2] }))).toMatchObject([{ isMet: false }]);
  });

  it("turns the comparison round where less is better", () => {
    const latency = { better: "less", unit: "ms", targets: [{ factor: 2, of: "restic" }] } as const;
    expect(judge(result({ ...latency, values: [2], theirs: [1] }))).toMatchObject([
      { isMet: true, text: "≤ 2.0 × restic" },
    ]);
    expect(judge(result({ ...latency, values: [2.1], theirs: [1] }))).toMatchObject([{ isMet: false }]);
    const bytes = { better: "less", unit: "MB", targets: [{ value: 10 }, { value: 3, isStretch: true }] } as const;
    expect(judge(result({ ...bytes, values: [9] }))).toMatchObject([
      { isMet: true, isStretch: false },
      { isMet: false, isStretch: true },
    ]);
  });

  it("does not judge beside a tool that was not measured", () => {
    expect(judge(result({ values: [5] }))).toEqual([{ text: "≥ 1.0 × restic", isStretch: false, isMet: undefined }]);
    expect(lineOf(result({ values: [5] }))).toBe("put big: **5 MB/s** (≥ 1.0 × restic: not measured)");
  });
});

describe("the memory of all rows", () => {
  it("is the largest process of ours, whichever row and part it was in, beside the largest of each other tool", () => {
    const use = (role: string, peakMiB: number) => ({ role, cpuSeconds: 1, peakMiB });
    const first = result({ values: [1] });
    const rows: Result[] = [
      { ...first, ours: { ...first.ours, processes: [use("owner", 100), use("shell", 310)] } },
      {
        ...first,
        others: [
          { name: "restic", values: [1], processes: [use("restic", 400), use("sync", 2)] },
          { name: "our first put", isOurs: true, values: [1], processes: [use("owner", 320)] },
        ],
      },
    ];
    const memory = memoryResult(rows, 300);
    expect(memory.ours.values).toEqual([320]);
    expect(memory.others).toMatchObject([{ name: "restic", values: [400] }]);
    expect(judge(memory)).toMatchObject([{ isMet: false, text: "≤ 300 MiB" }]);
  });
});

describe("the table", () => {
  it("has a line for each result, with its verdict, the ratio and every process", () => {
    const usage = [{ role: "owner", cpuSeconds: 1.5, peakMiB: 200 }];
    const row = result({ values: [50, 100], theirs: [200] });
    const lines = tableOf([{ ...row, ours: { ...row.ours, processes: usage } }]).split("\n");
    expect(lines).toHaveLength(3);
    expect(lines[2]).toBe(
      "| put big | ≥ 1.0 × restic: **missed** | **100 MB/s** | restic 200 MB/s (×0.50) | 50 100 | owner 1.50 s, 200 MiB |",
    );
  });
});
