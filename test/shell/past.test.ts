/** The past at the shell: `--at`, paths that begin with a time, `revisions` and `restore`. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { pastRoot } from "../../src/core/past-path.ts";
import { type Outcome, localFolder, runLines, runProgram } from "./driver.ts";
import { MemoryClient } from "./memory-client.ts";

beforeAll(() => {
  process.env["TZ"] = "UTC";
});

const hourMs = 3_600_000;
const year2024 = Date.UTC(2024, 0, 2, 3, 4, 5);
const dayMs = 24 * hourMs;
/** Wide enough that nothing is wrapped. */
const terminal = 200;

/** Three hours ago there were a plan, photos and a note; one hour ago the plan changed, photos moved, and the note went. */
async function lived(): Promise<MemoryClient> {
  const client = new MemoryClient({ pageEntries: 2 });
  client.advance(-3 * hourMs);
  client.add("/plan.md", "first\n", year2024);
  client.add("/photos/cat.jpg", "meow", year2024);
  client.add("/photos/2023/dog.jpg", "woof", year2024);
  client.add("/note.txt", "remember\n", year2024);
  client.advance(2 * hourMs);
  client.add("/plan.md", "second one\n", year2024 + dayMs);
  for (const line of ["mv photos/cat.jpg cat.jpg", "rm note.txt", "rm -rf photos/2023", "mkdir photos/new"])
    expect(await runLines(line, { client })).toMatchObject({ code: 0, err: "" });
  client.advance(hourMs);
  return client;
}

/** The root as it was two hours ago, or at another time. */
const door = (agoMs = 2 * hourMs): string => pastRoot(Date.now() - agoMs);

type Row = readonly [lines: string, out: string];
type FailingRow = readonly [lines: string, err: string, code: number];

async function outcome(lines: string, columns?: number): Promise<Outcome> {
  return runLines(lines.replaceAll("DOOR", door()), { client: await lived(), columns });
}

describe("looking back", () => {
  it.each<Row>([
    ["ls", "cat.jpg\nphotos\nplan.md\n"],
    ["ls --at 2h", "note.txt\nphotos\nplan.md\n"],
    ["ls --at=2h photos", "2023\ncat.jpg\n"],
    ["ls -R --at 2h photos", "photos:\n2023\ncat.jpg\n\nphotos/2023:\ndog.jpg\n"],
    ["ls -l --at 2h plan.md", "-rw-r--r--  2  1  6  2024-01-02 03:04  plan.md\n"],
    ["ls --at 2h *.txt photos/*/", "note.txt\n\nphotos/2023/:\ndog.jpg\n"],
    ["cd photos; ls --at 2h; ls --at 2h ..", "2023\ncat.jpg\nnote.txt\nphotos\nplan.md\n"],
    ["ls --at 1999-12-31T23:59Z; ls --at 7d", ""],
    ["cat --at 2h plan.md note.txt", "first\nremember\n"],
    ["cat plan.md; cat --at 30m plan.md", "second one\nsecond one\n"],
    ["cat -r 2:3 --at 2h plan.md", "rst"],
    ["head -c 4 --at 2h *.txt", "reme"],
    ["tree --at 2h photos", "photos\n├── 2023\n│   └── dog.jpg\n└── cat.jpg\n\n1 directory, 2 files\n"],
    ["du -a --at 2h photos", "1\tphotos/cat.jpg\n1\tphotos/2023/dog.jpg\n1\tphotos/2023\n1\tphotos\n"],
    ["find --at 2h . -name '*.jpg'", "./photos/cat.jpg\n./photos/2023/dog.jpg\n"],
    ["find . -name 'no*' -at 2h", "./note.txt\n"],
    ["find / -type f -newer plan.md --at=2h", ""],
    ["get --at 2h note.txt -", "remember\n"],
    ["get --at 2h --rev 1 plan.md -", "first\n"],
    ["cat --rev 1 plan.md", "first\n"],
    ["ls DOOR", "note.txt\nphotos\nplan.md\n"],
    ["cd DOOR/photos; cat cat.jpg; cd ..; ls photos/*", "meowphotos/cat.jpg\n\nphotos/2023:\ndog.jpg\n"],
    ["cp DOOR/note.txt note.txt; cat note.txt; cp -r DOOR/photos/2023 old; ls old", "remember\ndog.jpg\n"],
    ["test -e DOOR/note.txt && echo was; test -e note.txt || echo is no more", "was\nis no more\n"],
  ])("PAST-20 %j prints what was", async (lines, out) => {
    expect(await outcome(lines)).toEqual({ out, err: "", code: 0 });
  });

  it.each<Row>([
    ["ls --at 2h", "note.txt  photos  plan.md\n"],
    ["cat --at 2h plan.md", "first\n"],
    ["find --at 2h photos", "photos\nphotos/cat.jpg\nphotos/2023\nphotos/2023/dog.jpg\n"],
  ])("PAST-20 on a terminal %j prints what was", async (lines, out) => {
    const { out: printed, ...rest } = await outcome(lines, terminal);
    // eslint-disable-next-line no-control-regex
    expect(printed.replaceAll(/\u001b\[[\d;]*m/g, "")).toBe(out);
    expect(rest).toEqual({ err: "", code: 0 });
  });

  it("PAST-20 stat and --json tell the path where it was found, which leads there again", async () => {
    const client = await lived();
    const { out } = await runLines("stat --json --at 2h note.txt; ls --json --at 2h note.txt", { client });
    for (const line of out.trimEnd().split("\n")) {
      const { path } = JSON.parse(line) as { path: string };
      expect(path).toMatch(/^\/@[\d-]+T[\d:.]+Z\/note\.txt$/);
      expect(await runLines(`cat '${path}'`, { client })).toMatchObject({ out: "remember\n", code: 0 });
    }
    const text = await runLines("stat --at 2h note.txt", { client });
    expect(text.out).toMatch(/^path: +\/@[\d-]+T[\d:.]+Z\/note\.txt\nkind: +file\n/);
  });

  it("PAST-20 gets files and trees as they were, under the names that they have", async () => {
    const client = await lived();
    const folder = localFolder();
    const lines = `lcd '${folder}'; get -q --at 2h note.txt; get -qR --at 2h photos; mkdir x; lmkdir all; get -qR --at 2h / all`;
    expect(await runLines(lines, { client })).toEqual({ out: "", err: "", code: 0 });
    expect(readFileSync(join(folder, "note.txt"), "utf8")).toBe("remember\n");
    expect(readdirSync(join(folder, "photos")).sort()).toEqual(["2023", "cat.jpg"]);
  });

  it.each<FailingRow>([
    [
      "ls --at tomorrow",
      'ls: --at needs a time as 2026-11-01 or 2026-11-01T18:00, or how long ago: 2h, 3d, not "tomorrow"\n',
      2,
    ],
    ["ls --at 2999-01-01", 'ls: --at needs a time that has passed, not "2999-01-01"\n', 2],
    [
      "cat --at 2026-02-30 plan.md",
      'cat: --at needs a time as 2026-11-01 or 2026-11-01T18:00, or how long ago: 2h, 3d, not "2026-02-30"\n',
      2,
    ],
    ["cat --at 30m note.txt", "cat: note.txt: no such file or directory\n", 3],
    ["cat --at 2h note.txt nope", "cat: nope: no such file or directory\n", 3],
    ["ls --at 2h *.nope", "ls: *.nope: nothing matches this pattern\n", 3],
    ["ls /@2999-01-01", "ls: /@2999-01-01: is a time that is still to come\n", 3],
    ["cat --at 2h --rev 2 plan.md", "cat: plan.md: has no revision 2; kept: 1\n", 3],
    ["rm DOOR/note.txt", "the past cannot be changed; copy it to another place with cp", 4],
    ["rm -rf DOOR/photos", "the past cannot be changed; copy it to another place with cp", 4],
    ["mv DOOR/note.txt .", "the past cannot be changed; copy it to another place with cp", 4],
    ["mkdir DOOR/new", "the past cannot be changed; copy it to another place with cp", 4],
    ["cp plan.md DOOR/photos", "the past cannot be changed; copy it to another place with cp", 4],
    ["mkdir /@2026-11-01", "is a door, and no other entry can have this name", 2],
  ])("PAST-21 %j fails with the reason", async (lines, err, code) => {
    const failed = await outcome(lines);
    expect(failed.err).toContain(err);
    expect(failed).toMatchObject({ out: failed.out, code });
  });

  it("PAST-21 dates are those of this machine where they name no zone, and yesterday is a day ago", async () => {
    const client = new MemoryClient();
    client.advance(-2 * dayMs);
    client.add("/old", "old", year2024);
    client.advance(12 * hourMs);
    client.add("/newer", "newer", year2024);
    client.advance(2 * dayMs - 12 * hourMs);
    const agoMs = Date.now() - dayMs - 20 * hourMs;
    const local = new Date(agoMs).toISOString().slice(0, 19); // the zone of the tests is UTC
    for (const when of [local, `${local}Z`, `@${local}`, "44h"])
      expect((await runLines(`ls --at ${when}`, { client })).out).toBe("old\n");
    expect((await runLines("ls --at yesterday", { client })).out).toBe("newer\nold\n");
  });
});

describe("revisions", () => {
  const table =
    "REVISION  SIZE  COMMITTED         COPIES  KEPT\n" +
    "       2    11  2024-01-03 03:04       2  current\n" +
    "       1     6  2024-01-02 03:04       2  one of the newest\n";

  it.each<Row>([
    ["revisions plan.md", table],
    [
      "revisions plan.md cat.jpg",
      `plan.md:\n${table}\ncat.jpg:\nREVISION  SIZE  COMMITTED         COPIES  KEPT\n       1     4  2024-01-02 03:04       2  current\n`,
    ],
    [
      "revisions --at 2h note.txt",
      "REVISION  SIZE  COMMITTED         COPIES  KEPT\n       1     9  2024-01-02 03:04       2  current\n",
    ],
  ])("PAST-22 %j lists what is kept, the same in a pipe and on a terminal", async (lines, out) => {
    for (const columns of [undefined, terminal])
      expect(await outcome(lines, columns)).toEqual({ out, err: "", code: 0 });
  });

  it("PAST-22 tells until when others are kept, and when the file goes away", async () => {
    const client = await lived();
    await client.setPolicy({ retainRevisions: 1, retainMs: 10 * dayMs });
    expect((await runLines("revisions plan.md", { client })).out.split("\n").slice(1, 3)).toEqual([
      "       2    11  2024-01-03 03:04       2  current",
      "       1     6  2024-01-02 03:04       2  until 2024-01-13 03:04",
    ]);
    const expiring = await runProgram(["-c", "put --expire 2030-01-31T18:00 - soon; revisions soon"], {
      client,
      stdin: "soon",
    });
    expect(expiring.out).toContain("current, expires 2030-01-31 18:00");
  });

  it("PAST-22 --json gives one object a revision, for the command and for the shell", async () => {
    const client = await lived();
    for (const args of [
      ["-c", "revisions --json plan.md"],
      ["--json", "-c", "revisions plan.md"],
    ]) {
      const { out, code } = await runProgram(args, { client });
      expect(code).toBe(0);
      const lines = out.trimEnd().split("\n");
      expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
        { path: "/plan.md", revision: 2, sizeBytes: 11, committed: "2024-01-03T03:04:05.000Z", current: true },
        { path: "/plan.md", revision: 1, sizeBytes: 6, copies: 2, mode: 0o644, current: false },
      ]);
    }
  });

  it.each<FailingRow>([
    ["revisions nope", "revisions: nope: no such file or directory\n", 3],
    ["revisions photos plan.md", "revisions: photos: is a directory\n", 4],
    ["revisions", "revisions: an operand is missing\n", 2],
  ])("PAST-22 %j fails with the reason", async (lines, err, code) => {
    const failed = await outcome(lines);
    expect(failed.err.startsWith(err)).toBe(true);
    expect(failed.code).toBe(code);
  });
});

describe("restore", () => {
  it.each<Row>([
    ["restore --rev 1 plan.md; cat plan.md", "plan.md: revision 3, as revision 1 was\nfirst\n"],
    ["restore -q --rev 1 plan.md; cat plan.md; cat --rev 2 plan.md", "first\nsecond one\n"],
    ["restore --at 2h plan.md; cat plan.md", "plan.md: revision 3, as it was then\nfirst\n"],
    ["restore --at 2h note.txt; cat note.txt", "note.txt: is back\nremember\n"],
    ["restore --at 2h *.txt; cat note.txt", "note.txt: is back\nremember\n"],
    ["restore -r --at 2h photos/2023; ls photos/2023", "photos/2023: is back, with 1 entry\ndog.jpg\n"],
    [
      "restore -r --at 2h photos; ls photos",
      "photos/2023: is back, with 1 entry\nphotos/cat.jpg: is back\n2023\ncat.jpg\nnew\n",
    ],
    [
      "restore -r --at 2h /; ls -R",
      "/note.txt: is back\n/photos/2023: is back, with 1 entry\n/photos/cat.jpg: is back\n/plan.md: revision 3, as it was then\n" +
        ".:\ncat.jpg\nnote.txt\nphotos\nplan.md\n\n./photos:\n2023\ncat.jpg\nnew\n\n./photos/2023:\ndog.jpg\n\n./photos/new:\n",
    ],
    [
      "rm -rf photos; restore --at 2h photos/2023/dog.jpg; cat photos/2023/dog.jpg",
      "photos/2023/dog.jpg: is back\nwoof",
    ],
  ])("PAST-23 %j brings back what was, the same in a pipe and on a terminal", async (lines, out) => {
    expect(await outcome(lines)).toEqual({ out, err: "", code: 0 });
    const shown = await outcome(lines.replaceAll(/; (ls|cat).*/g, ""), terminal);
    expect(shown.code).toBe(0);
    expect(out.startsWith(shown.out)).toBe(true);
  });

  it.each<FailingRow>([
    ["restore --rev 2 plan.md", "restore: plan.md: is at revision 2 already: it is the newest\n", 4],
    ["restore --rev 9 plan.md", "restore: plan.md: has no revision 9; kept: 1 to 2\n", 3],
    ["restore --rev 1 photos", "restore: photos: is a directory\n", 4],
    ["restore --rev 1 nope", "restore: nope: no such file or directory\n", 3],
    ["restore --at 30m plan.md", "restore: plan.md: is already as it was then\n", 4],
    ["restore -r --at 30m photos", "restore: photos: is already as it was then\n", 4],
    ["restore --at 2h photos", "restore: photos: was a directory; use -r to bring back what was in it\n", 4],
    ["restore plan.md", "restore: give one of --rev and --at\n", 2],
    ["restore --rev 1 --at 2h plan.md", "restore: give one of --rev and --at\n", 2],
    ["restore --rev 0 plan.md", 'restore: --rev needs a whole number of at least 1, not "0"\n', 2],
    ["restore --at 2h ''", "restore: a path cannot be empty\n", 2],
    ["restore --at 2h cat.jpg", "restore: cat.jpg: was not there on ", 3],
    [
      "mkdir note.txt; restore --at 2h note.txt",
      "a directory has the name by now, and it was a file: move that away first",
      4,
    ],
    ["cd DOOR; restore --rev 1 plan.md", "the past cannot be changed; copy it to another place with cp", 4],
  ])("PAST-23 %j fails with the reason", async (lines, err, code) => {
    const failed = await outcome(lines);
    expect(failed.err).toContain(err);
    expect(failed.code).toBe(code);
  });

  it("PAST-23 carries on in a directory where something cannot be brought back, and ends with its code", async () => {
    const client = await lived();
    await runLines("mkdir -p photos/cat.jpg", { client });
    const { out, err, code } = await runLines("restore -r --at 2h photos", { client });
    expect(out).toBe("photos/2023: is back, with 1 entry\n");
    expect(err).toContain("photos/cat.jpg: a directory has the name by now");
    expect(code).toBe(4);
  });

  it("PAST-23 in an atomic script restores with the rest, or not at all", async () => {
    const client = await lived();
    const failed = await runProgram(["--atomic", "-c", "restore --rev 1 plan.md; restore --at 2h note.txt; rm nope"], {
      client,
    });
    expect(failed.code).toBe(3);
    expect((await runLines("cat plan.md; ls note.txt", { client })).out).toBe("second one\n");
    const done = await runProgram(["--atomic", "-c", "restore --rev 1 plan.md; restore --at 2h note.txt"], { client });
    expect(done.code).toBe(0);
    expect((await runLines("cat plan.md note.txt", { client })).out).toBe("first\nremember\n");
  });
});
