import { beforeAll, describe, expect, it } from "vitest";
import { runLines, runProgram } from "./driver.ts";
import { MemoryClient } from "./memory-client.ts";

beforeAll(() => {
  process.env["TZ"] = "UTC";
});

const year2024 = Date.UTC(2024, 0, 2, 3, 4, 5);

function filled(): MemoryClient {
  const client = new MemoryClient();
  client.add("/a.txt", "one\ntwo\nthree\n", year2024);
  client.add("/a.txt", "one\n2\nthree\nfour", year2024 + 60_000);
  client.add("/b.txt", "one\ntwo\nthree\n", year2024);
  client.add("/long.txt", Array.from({ length: 20 }, (_, line) => `${line}\n`).join(""), year2024);
  client.add("/long.txt", Array.from({ length: 20 }, (_, line) => `${line === 9 ? "x" : line}\n`).join(""), year2024);
  client.add("/pic", new Uint8Array([1, 2, 0, 3]), year2024);
  client.add("/pic", new Uint8Array([1, 2, 0, 4, 5]), year2024);
  client.add("/odd", "tab\there\n\u001b[31m\n", year2024);
  client.add("/odd", "tab\tthere\n", year2024);
  client.add("/d/f", "in d", year2024);
  return client;
}

const oldA = "--- a.txt (revision 1, 2024-01-02 03:04)\n+++ a.txt (revision 2, 2024-01-02 03:05)\n";
const hunkA = "@@ -1,3 +1,4 @@\n one\n-two\n+2\n three\n+four\n\\ No newline at end of file\n";
type Row = readonly [lines: string, code: number, out: string];
type FailingRow = readonly [lines: string, err: string, code: number];

describe("diff", () => {
  it.each<Row>([
    ["diff a.txt --rev 1", 1, oldA + hunkA],
    ["diff --rev 1 a.txt --rev 2", 1, oldA + hunkA],
    ["diff --rev 2 a.txt", 0, ""],
    ["diff a.txt a.txt", 0, ""],
    [
      "diff --rev 2 --rev 1 -U 0 a.txt",
      1,
      "--- a.txt (revision 2, 2024-01-02 03:05)\n+++ a.txt (revision 1, 2024-01-02 03:04)\n" +
        "@@ -2 +2 @@\n-2\n+two\n@@ -4 +3,0 @@\n-four\n\\ No newline at end of file\n",
    ],
    [
      "diff b.txt a.txt",
      1,
      "--- b.txt (revision 1, 2024-01-02 03:04)\n+++ a.txt (revision 2, 2024-01-02 03:05)\n" + hunkA,
    ],
    [
      "diff -U1 long.txt --rev 1",
      1,
      "--- long.txt (revision 1, 2024-01-02 03:04)\n+++ long.txt (revision 2, 2024-01-02 03:04)\n" +
        "@@ -9,3 +9,3 @@\n 8\n-9\n+x\n 10\n",
    ],
    [
      "diff pic --rev 1",
      1,
      "pic (revision 1, 2024-01-02 03:04) and pic (revision 2, 2024-01-02 03:04) differ: 4 B and 5 B, first difference at byte 4\n",
    ],
    [
      "diff pic a.txt",
      1,
      "pic (revision 2, 2024-01-02 03:04) and a.txt (revision 2, 2024-01-02 03:05) differ: 5 B and 16 B, first difference at byte 1\n",
    ],
    ["diff odd --rev 1 | tail -n 3", 1, "-tab\there\n-\u001b[31m\n+tab\tthere\n"],
    ["diff a.txt --rev 1 > /dev/null && echo same", 1, ""],
    ["diff a.txt --rev 1 > /dev/null || echo other", 0, "other\n"],
  ])("DIFF-1 %j", async (lines, code, out) => {
    expect(await runLines(lines, { client: filled() })).toEqual({ code, out, err: "" });
  });

  it.each<FailingRow>([
    ["diff a.txt", "diff: compare with what? Give --rev N, --at WHEN, or a second file\n", 2],
    ["diff a.txt b.txt --rev 1", "diff: --rev goes with one file only\n", 2],
    ["diff a.txt --rev 1 --rev 2 --rev 3", "diff: two states of a file can be compared, not more\n", 2],
    ["diff a.txt --rev 7", "diff: a.txt: has no revision 7 that is kept: see revisions\n", 3],
    ["diff a.txt nope", "diff: nope: no such file or directory\n", 3],
    ["diff d a.txt", "diff: d: is a directory\n", 4],
  ])("DIFF-2 %j tells what is wrong, and never by the code for a difference", async (lines, err, code) => {
    const outcome = await runLines(lines, { client: filled() });
    expect(outcome).toMatchObject({ code, out: "" });
    expect(outcome.err.startsWith(err)).toBe(true);
  });

  it("DIFF-3 on a terminal control characters are escaped, tabs are not, and lines that went and came have colours", async () => {
    const client = filled();
    const { out } = await runLines("diff odd --rev 1", { client, columns: 80 });
    expect(out).toBe(
      "\u001b[1m--- odd (revision 1, 2024-01-02 03:04)\u001b[0m\n\u001b[1m+++ odd (revision 2, 2024-01-02 03:04)\u001b[0m\n" +
        "\u001b[36m@@ -1,2 +1 @@\u001b[0m\n\u001b[31m-tab\there\u001b[0m\n\u001b[31m-\\x1b[31m\u001b[0m\n\u001b[32m+tab\tthere\u001b[0m\n",
    );
    const plain = await runLines("diff odd --rev 1", { client, columns: 80, env: { NO_COLOR: "1" } });
    expect(plain.out).toContain("\n-\\x1b[31m\n+tab\tthere\n");
  });

  it("DIFF-4 files above the bound are compared as they stream, without being held", async () => {
    const client = new MemoryClient();
    const big = new Uint8Array(5 * 1024 * 1024).fill(97);
    client.add("/big", big, year2024);
    const other = big.slice();
    other[4_000_000] = 98;
    client.add("/big", other, year2024);
    client.add("/cut", big.subarray(0, big.length - 1), year2024);
    client.add("/same", big, year2024);
    const lineOf = async (lines: string): Promise<unknown> => {
      const { code, out } = await runLines(lines, { client });
      return [code, /differ.*/.exec(out)?.[0]];
    };
    expect(await lineOf("diff big --rev 1")).toEqual([
      1,
      "differ: 5.0 MiB and 5.0 MiB, first difference at byte 4000001",
    ]);
    expect(await lineOf("diff cut same")).toEqual([1, "differ: 5.0 MiB and 5.0 MiB, first difference at byte 5242880"]);
    expect(await lineOf("diff same same")).toEqual([0, undefined]);
  });

  it("DIFF-5 --json is one object with the hunks, or with the place of the first difference", async () => {
    const client = filled();
    const objectOf = async (lines: string): Promise<unknown> => JSON.parse((await runLines(lines, { client })).out);
    expect(await objectOf("diff --json a.txt --rev 1")).toMatchObject({
      old: { path: "/a.txt", revision: 1, committed: "2024-01-02T03:04:05.000Z", sizeBytes: 14 },
      new: { path: "/a.txt", revision: 2, sizeBytes: 16 },
      isSame: false,
      hunks: [
        {
          oldStart: 1,
          oldLines: 3,
          newStart: 1,
          newLines: 4,
          lines: [" one", "-two", "+2", " three", "+four", expect.any(String)],
        },
      ],
    });
    expect(await objectOf("diff --json pic --rev 1")).toMatchObject({ isSame: false, firstByte: 4 });
    expect(await objectOf("diff --json pic pic")).toMatchObject({ isSame: true });
  });
});

describe("undo at the shell", () => {
  it.each<readonly [lines: string, undone: string]>([
    ["mkdir -p x/y/z", "ls -R d"],
    ["rm -r d a.txt b.txt", "ls; cat a.txt d/f"],
    ["mv a.txt b.txt d", "ls; ls d"],
    ["cp -r d e", "ls"],
    ["rm -f nothing *.txt", "ls"],
  ])("UNDO-11 %j is one change", async (lines, look) => {
    const client = filled();
    const before = await runLines(look, { client });
    expect(await runLines(lines, { client })).toMatchObject({ code: 0 });
    expect(await runLines("undo", { client })).toEqual({ code: 0, out: "", err: "" });
    expect(await runLines(look, { client })).toEqual(before);
    expect((await runLines("undo", { client })).code).toBe(3);
  });

  it("UNDO-11 so is a script with --atomic, and each command of another script", async () => {
    const client = filled();
    const names = async (): Promise<string> => (await runLines("ls", { client })).out;
    const before = await names();
    expect(await runProgram(["--atomic", "-c", "mkdir x; mv a.txt x; rm b.txt"], { client })).toMatchObject({
      code: 0,
    });
    await runLines("undo", { client });
    expect(await names()).toBe(before);
    await runLines("mkdir x; mkdir y", { client });
    await runLines("undo", { client });
    expect(await names()).toBe(`${before}x\n`);
  });

  it("UNDO-12 says what it does on a terminal, with -v each thing, and with -n what it would do", async () => {
    const client = filled();
    await runLines("mv a.txt d; put -f - b.txt", { client, stdin: "new" });
    const told = async (lines: string, columns?: number): Promise<string> =>
      (await runLines(lines, { client, columns })).out.replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d/g, "TIME");
    expect(await told("undo --list")).toBe("TIME  put  1 entry\nTIME  mv   1 entry\n");
    expect(await told("undo -n")).toBe("would change back /b.txt to revision 1\n");
    expect(await told("undo -v")).toBe("changed back /b.txt to revision 1\n");
    expect(await told("undo --list")).toBe("TIME  put  1 entry  undone\nTIME  mv   1 entry\n");
    expect(await told("undo", 80)).toBe("taken back: mv of TIME, 1 entry\n");
    expect(await told("undo --redo -n")).toBe("would move back /d/a.txt from /a.txt\n");
    expect(await told("undo --redo", 80)).toBe("made again: mv of TIME, 1 entry\n");
    expect(await told("undo --redo", 80)).toBe("made again: put of TIME, 1 entry\n");
  });

  it("UNDO-12 --json tells the change and its steps", async () => {
    const client = filled();
    await runLines("rm -r d", { client });
    const objectOf = async (lines: string): Promise<unknown> => JSON.parse((await runLines(lines, { client })).out);
    expect(await objectOf("undo --list --json")).toEqual({
      command: "rm",
      started: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      entries: 2,
      state: "done",
      isWhole: true,
    });
    expect(await objectOf("undo --json")).toMatchObject({
      change: { command: "rm", state: "undone" },
      steps: 2,
      shown: [
        { action: "bring-back", kind: "directory", path: "/d" },
        { action: "bring-back", kind: "file", path: "/d/f" },
      ],
    });
  });

  it("UNDO-12 tells what it cannot do", async () => {
    const client = filled();
    expect(await runLines("undo", { client })).toMatchObject({ code: 3, out: "" });
    expect(await runLines("undo --redo", { client })).toMatchObject({ code: 3 });
    expect(await runLines("undo --list -n", { client })).toMatchObject({ code: 2 });
    expect(await runProgram(["--atomic", "-c", "undo"], { client })).toMatchObject({ code: 2 });
    await runLines("mkdir x", { client });
    client.add("/x/theirs", "theirs");
    const { err, code } = await runLines("undo", { client });
    expect([err, code]).toEqual([
      "undo: /x/theirs: is in a directory that would go: it came there since; undo --skip leaves that change as it is\n",
      4,
    ]);
    expect((await runLines("undo --skip", { client, columns: 80 })).out).toMatch(/^left as it is: mkdir of .*\n$/);
    expect(await runLines("undo --skip --redo", { client })).toMatchObject({ code: 2 });
  });
});
