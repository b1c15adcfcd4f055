import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { DfsError } from "../../../src/core/errors.ts";
import type { JobId } from "../../../src/core/ids.ts";
import type { EndedJob, Job } from "../../../src/core/jobs.ts";
import { rootPath } from "../../../src/core/names.ts";
import { seenJobs } from "../../../src/shell/views/job-rates.ts";
import { rowText } from "../../../src/shell/views/rows.ts";
import { type TopState, topOrder, topRows } from "../../../src/shell/views/top-rows.ts";
import { localFolder, runLines } from "../driver.ts";
import { MemoryClient } from "../memory-client.ts";
import { FakeTerminal } from "../terminal.ts";

const MiB = 1024 ** 2;

function job(id: number, change: Partial<Job> = {}, bytes = 0): Job {
  return {
    id: id as JobId,
    kind: "put",
    label: `put file${id} /`,
    state: "running",
    startedMs: 0,
    activeMs: 4_000,
    progress: {
      foundFiles: 4,
      foundBytes: 100 * MiB,
      endedFiles: 1,
      endedBytes: 0,
      failedFiles: 0,
      bytes,
      running: [{ path: "/日本語", sizeBytes: 10 * MiB, bytes: 5 * MiB }],
    },
    ...change,
  };
}

function stateOf(jobs: readonly Job[], change: Partial<TopState> = {}): TopState {
  const seen = seenJobs(
    seenJobs(
      undefined,
      jobs.map((each) => ({ ...each, progress: { ...each.progress, bytes: 0 } })),
      0,
    ),
    jobs,
    2_000,
  );
  const rates = {
    ...seen,
    rates: new Map(
      jobs.flatMap(({ id, state, progress }) => (state === "running" ? [[id, progress.bytes / 2] as const] : [])),
    ),
  };
  return { seen: { value: rates, atMs: 2_000 }, jobs: topOrder(jobs), selected: 0, offset: 0, nowMs: 2_000, ...change };
}

const text = (state: TopState, columns = 100, rows = 12): readonly string[] =>
  topRows(state, { columns, rows }).map((row) => rowText(row, columns, false).trimEnd());

describe("top as rows", () => {
  const jobs = [
    job(1, { state: "done", endedMs: 5 }),
    job(2, {}, 50 * MiB),
    job(3, { state: "waiting" }),
    job(4, { state: "paused" }, 25 * MiB),
    job(5, { state: "cancelled", endedMs: 9, error: new DfsError("interrupted", "cancelled") }),
  ];

  it("VIEW-23 lists what goes on, with how far and how fast it is, then what ended, the last one first", () => {
    expect(text(stateOf(jobs))).toEqual([
      "1 running, 1 waiting, 1 paused; 25.0 MiB/s in all",
      "",
      "> [2]  running    █████░░░░░ 50% of 100.0 MiB, 1/4 files, 25.0 MiB/s, 0:02 left  put file2 /",
      "  [3]  waiting    waits until another transfer has ended  put file3 /",
      "  [4]  paused     ██░░░░░░░░ 25% of 100.0 MiB, 1/4 files  put file4 /",
      expect.stringMatching(/^ {2}\[5\] {2}cancelled {2}1 file, 0 B are through {2}put file5 /),
      expect.stringMatching(/^ {2}\[1\] {2}done /),
      "",
      "",
      "",
      "",
      " q leave  ↑↓ select  Enter details  p pause  r resume  k cancel",
    ]);
  });

  it("VIEW-23 shows one transfer with its files in work and those that failed", () => {
    const failed = { path: "/no\u001b[2J", error: new DfsError("no-space", "the disk is full") };
    const ended: EndedJob = { ...job(2, {}, 50 * MiB), failures: [failed] };
    const shown = text(stateOf([job(2, {}, 50 * MiB)], { detailed: ended }));
    expect(shown[2]).toBe("[2] running  put file2 /");
    expect(shown[4]).toMatch(/^1\/4 files, 50% of 100\.0 MiB.* \(now 25\.0 MiB\/s, 0:02 left\)$/);
    expect(shown).toContain("█████░░░░░  50% of 10.0 MiB   /日本語");
    expect(shown).toContain("/no\\x1b[2J: the disk is full");
  });

  it.each([
    [20, 5],
    [1, 1],
    [60, 3],
  ])("VIEW-23 fits %i columns and %i rows", (columns, rows) => {
    expect(text(stateOf(jobs), columns, rows)).toHaveLength(rows);
    expect(text(stateOf(jobs, { detailed: jobs[1] }), columns, rows)).toHaveLength(rows);
  });

  it("VIEW-23 asks before it cancels, and tells what is old", () => {
    const state = stateOf(jobs);
    expect(text({ ...state, question: jobs[1] }).at(-1)).toBe("cancel [2] put file2 /? [y/N]");
    expect(text({ ...state, nowMs: 9_000 })[1]).toBe("as of 7 s ago: the peer has not answered since");
    expect(text({ ...state, seen: { failure: "no peer" } })[0]).toBe("no peer");
    expect(text(stateOf([]))[2]).toMatch(/^ {2}no transfers/);
  });

  it("VIEW-24 rates are of what came through between two looks, smoothed", () => {
    const first = seenJobs(undefined, [job(1, { activeMs: 500 }, MiB)], 0);
    expect([...first.rates]).toEqual([]);
    const second = seenJobs(first, [job(1, {}, 3 * MiB)], 1_000);
    expect(second.rates.get(1 as JobId)).toBe(2 * MiB);
    const third = seenJobs(second, [job(1, {}, 3 * MiB)], 2_000);
    expect(third.rates.get(1 as JobId)).toBe(MiB);
    expect([...seenJobs(third, [job(1, { state: "paused" }, 3 * MiB)], 3_000).rates]).toEqual([]);
    expect(seenJobs(undefined, [job(1, { activeMs: 2_000 }, MiB)], 0).rates.get(1 as JobId)).toBe(MiB / 2);
  });
});

/** A client whose transfers hold until they are released, with this many begun. */
async function busy(count: number) {
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  const client = new MemoryClient({
    hold: (signal) =>
      Promise.race([released, new Promise<void>((resolve) => signal?.addEventListener("abort", () => resolve()))]),
  });
  const folder = localFolder();
  for (let index = 1; index <= count; index += 1) {
    const path = join(folder, `file${index}`);
    writeFileSync(path, "x".repeat(1_000));
    await client.startTransfer(
      { kind: "put", sources: [{ kind: "path", path }], target: rootPath },
      `put file${index} /`,
    );
  }
  return { client, release };
}

describe("top on a screen", () => {
  it("VIEW-25 shows transfers as they come and end, and steers them", async () => {
    const { client, release } = await busy(2);
    const terminal = new FakeTerminal({ columns: 90, rows: 10, argv: ["-c", "top"], client });
    await terminal.until(() => expect(terminal.rows()[0]).toMatch(/^2 running/));
    terminal.type("p");
    await terminal.until(() => expect(terminal.rows()[1]).toBe("[1] is paused"));
    await terminal.until(() => expect(terminal.rows()[2]).toMatch(/^> \[1\] {2}paused/));
    terminal.type("r");
    await terminal.until(() => expect(terminal.rows()[2]).toMatch(/^> \[1\] {2}running/));
    terminal.type("\u001b[Bk");
    await terminal.until(() => expect(terminal.rows().at(-1)).toMatch(/^cancel \[2\] put file2 \/\? \[y\/N\]/));
    terminal.type("n");
    await terminal.until(() => expect(terminal.rows().at(-1)).toMatch(/^ q leave/));
    expect((await client.jobs()).map(({ state }) => state)).toEqual(["running", "running"]);
    terminal.type("ky");
    await terminal.until(() => expect(terminal.rows()[3]).toMatch(/\[2\] {2}cancelled/));
    expect(terminal.rows()[1]).toBe("[2] is cancelled");
    terminal.type("p");
    await terminal.until(() => expect(terminal.rows()[1]).toMatch(/^\[2\] .*ended/));
    release();
    await terminal.until(() => expect(terminal.rows()[0]).toMatch(/^0 running/));
    terminal.type("\u001b[A\r");
    await terminal.until(() => expect(terminal.rows()[2]).toMatch(/^\[1\] done {2}put file1 \//));
    terminal.type("\u001b");
    await terminal.until(() => expect(terminal.rows()[2]).toMatch(/\[1\] {2}done/));
    terminal.type("q");
    expect(await terminal.ended).toBe(0);
    await vi.waitFor(() => expect(terminal.isAlternate).toBe(false));
  });

  it("VIEW-25 says why the peer does not answer, and goes on when it does", async () => {
    const { client, release } = await busy(1);
    const jobs = client.jobs.bind(client);
    client.jobs = () => Promise.reject(new Error("the peer is gone"));
    const terminal = new FakeTerminal({ columns: 60, rows: 6, argv: ["-c", "top"], client });
    await terminal.until(() => expect(terminal.rows()[0]).toBe("the peer is gone"));
    client.jobs = jobs;
    await terminal.until(() => expect(terminal.rows()[0]).toMatch(/^1 running/));
    release();
    terminal.type("q");
    expect(await terminal.ended).toBe(0);
  });

  it("VIEW-26 at the prompt, what is told of a job waits until the view is left, and the view stays whole", async () => {
    const { client, release } = await busy(0);
    const folder = localFolder();
    writeFileSync(join(folder, "file"), "x");
    const terminal = new FakeTerminal({ columns: 60, rows: 10, client });
    await terminal.until((shown) => expect(shown).toContain("/>"));
    terminal.type(`lcd ${folder}\rput file /f &\r`);
    await terminal.until((shown) => expect(shown).toMatch(/\[1\] put file \/f\n/));
    terminal.type("top\r");
    await terminal.until(() => expect(terminal.rows()[0]).toMatch(/^1 running/));
    release();
    await terminal.until(() => expect(terminal.rows()[0]).toMatch(/^0 running/));
    await terminal.until(() => expect(terminal.rows()[2]).toMatch(/^> \[1\] {2}done/));
    expect(terminal.text()).not.toMatch(/\[1\] done: put/);
    terminal.type("q");
    await terminal.until((shown) => expect(shown).toMatch(/\[1\] done: put file \/f/));
    terminal.type("exit\r");
    expect(await terminal.ended).toBe(0);
  });

  it("VIEW-27 status --watch shows the transfers that go on, and how fast they are", async () => {
    const { client, release } = await busy(1);
    const terminal = new FakeTerminal({ columns: 90, rows: 30, argv: ["-c", "status --watch --interval 0.2"], client });
    await terminal.until((shown) =>
      expect(shown).toMatch(/transfers, .*\/s in all\n {2}\[1\] {2}running .*0\/1 files.*put file1 \//),
    );
    release();
    await terminal.until((shown) => expect(shown).not.toContain("transfers,"));
    terminal.type("q");
    expect(await terminal.ended).toBe(0);
  });

  it("VIEW-22 without a terminal top ends with 2", async () => {
    const { code, err } = await runLines("top");
    expect({ code, err }).toEqual({
      code: 2,
      err: expect.stringMatching(
        /^-c:1:1: top: this needs a terminal: jobs -l prints the transfers|^top: this needs/,
      ) as string,
    });
  });
});
