import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { localFolder, runLines, runProgram } from "./driver.ts";
import { MemoryClient } from "./memory-client.ts";

function filled(): MemoryClient {
  const client = new MemoryClient({ pageEntries: 2 });
  client.add("/a.txt", "one\ntwo\n", Date.UTC(2024, 0, 2));
  client.add("/photos/cat.jpg", "meow");
  return client;
}

function withoutQuorum(): MemoryClient {
  const client = filled();
  client.loseQuorum(12_000);
  return client;
}

/** Lines typed, text expected on stdout. */
type Row = readonly [lines: string, out: string];
type FailingRow = readonly [lines: string, err: string, code: number];

const reading: readonly Row[] = [
  ["ls --stale", "a.txt\nphotos\n"],
  ["ls --stale *.txt", "a.txt\n"],
  ["find --stale . -name *.jpg", "./photos/cat.jpg\n"],
  ["find . -name *.jpg --stale", "./photos/cat.jpg\n"],
  ["du -s --stale", "1\t.\n"],
  ["tree --stale photos", "photos\n└── cat.jpg\n\n0 directories, 1 file\n"],
  ["cat --stale a.txt", "one\ntwo\n"],
  ["head --stale -n 1 a.txt", "one\n"],
  ["get --stale a.txt -", "one\ntwo\n"],
  ["cd --stale photos", ""],
];

describe("without a majority of the coordinators", () => {
  it.each(reading)("SHELL-57 %j shows what is known, and says how old it is", async (lines, out) => {
    const name = lines.split(" ")[0];
    const line = `${name}: stale: as of 12 s ago, from anna; a majority of the coordinators does not answer\n`;
    expect(await runLines(lines, { client: withoutQuorum() })).toEqual({ out, err: line, code: 0 });
    const global = lines.replace(" --stale", "");
    expect(await runProgram(["--stale", "-c", global], { client: withoutQuorum() })).toEqual({
      out,
      err: line,
      code: 0,
    });
  });

  it("SHELL-57 --stale works for stat, why and a get to a file as well", async () => {
    const folder = localFolder();
    const client = withoutQuorum();
    for (const lines of ["stat --stale a.txt", "why --stale a.txt", `get --stale a.txt ${folder}`])
      expect(await runLines(lines, { client })).toMatchObject({ code: 0, err: expect.stringContaining("12 s ago") });
  });

  it("SHELL-57 --stale says nothing where the answer is as good as new, and only the age where a majority answers", async () => {
    const client = filled();
    expect(await runLines("ls --stale", { client })).toEqual({ out: "a.txt\nphotos\n", err: "", code: 0 });
    client.fallBehind(80);
    expect(await runLines("ls --stale; ls", { client })).toEqual({
      out: "a.txt\nphotos\na.txt\nphotos\n",
      err: "ls: stale: as of 80 ms ago, from anna\n",
      code: 0,
    });
  });

  it("SHELL-57 a name that is --stale stays one in find", async () => {
    const client = filled();
    client.add("/--stale", "x");
    expect(await runLines("find . -name --stale", { client })).toEqual({ out: "./--stale\n", err: "", code: 0 });
  });

  it.each<FailingRow>([
    ["ls", "ls: .: no majority of the coordinators answers; use --stale to see what is known\n", 5],
    ["ls *", "ls: no majority of the coordinators answers; use --stale to see what is known\n", 5],
    ["cat a.txt", "cat: a.txt: no majority of the coordinators answers; use --stale to see what is known\n", 5],
    ["mkdir x", "mkdir: x: no majority of the coordinators answers\n", 5],
    ["rm a.txt", "rm: a.txt: no majority of the coordinators answers\n", 5],
    ["echo x | cat; mkdir x", "mkdir: x: no majority of the coordinators answers\n", 5],
  ])("SHELL-58 %j fails as temporary, and a command that reads names the way out", async (lines, err, code) => {
    expect(await runLines(lines, { client: withoutQuorum() })).toMatchObject({ err, code });
  });

  it("SHELL-58 the global --stale changes nothing for commands that write", async () => {
    const outcome = await runProgram(["--stale", "-c", "mkdir x"], { client: withoutQuorum() });
    expect(outcome).toEqual({ out: "", err: "mkdir: x: no majority of the coordinators answers\n", code: 5 });
  });

  it("SHELL-65 status tells of the group, and without a majority how old its figures are", async () => {
    const { out } = await runLines("status", { client: filled() });
    expect(out).toContain("coordinators:  anna, ben (learner, lacks 2 entries)\n");
    expect(out).toContain("log:           term 3, anna leads, committed 7, applied 7\n");
    const lost = await runLines("status", { client: withoutQuorum() });
    expect(lost.out).toContain("unavailable: no majority of the coordinators answers\n");
    expect(lost.out).toContain("coordinators:  anna, ben (learner, silent)\n");
    expect(lost.out).toContain("log:           term 3, no leader, committed 7, applied 7\n");
    expect(lost.out).toContain("files:         3 in 1 directory, as of 12 s ago\n");
    const json = JSON.parse((await runLines("status --json", { client: filled() })).out) as Record<string, unknown>;
    expect(json["group"]).toMatchObject({ term: 3, leader: "anna", hasQuorum: true });
  });
});

describe("coordinator", () => {
  const table =
    "term 3, 7 entries committed, 7 applied\n" +
    "NAME  ROLE     STATE   MATCH  LAG\n" +
    "anna  leader   active      7    0\n" +
    "ben   learner  active      5    2\n";

  it.each<Row>([
    ["coordinator", table],
    [
      "coordinator add ben; coordinator",
      table.replaceAll(/ROLE {3}|leader {2}|learner/g, (text) => (text === "learner" ? "voter " : text.slice(0, -1))),
    ],
    ["coordinator add ben; coordinator transfer ben; coordinator remove anna; peers --json | grep -c tor.:true", "1\n"],
    ["coordinator remove ben; coordinator", table],
  ])("SHELL-64 %j", async (lines, out) => {
    expect(await runLines(lines, { client: filled() })).toMatchObject({ out, err: "", code: 0 });
  });

  it.each<FailingRow>([
    ["coordinator remove anna", "coordinator: the last coordinator cannot be removed\n", 2],
    ["coordinator add nobody", "coordinator: nobody: there is no such peer\n", 3],
    ["coordinator transfer ben", "coordinator: ben is no coordinator: add it first\n", 2],
    ["coordinator promote ben", 'coordinator: the word is add, remove, transfer, not "promote"\n', 2],
    ["coordinator add", "coordinator: add needs the name of a peer\n", 2],
    ["coordinator add 'B en'", "coordinator: ", 2],
  ])("SHELL-64 refuses %j", async (lines, err, code) => {
    expect(await runLines(lines, { client: filled() })).toMatchObject({ err: expect.stringContaining(err), code });
  });

  it("SHELL-64 without a majority it still lists, with how old that is", async () => {
    const { out } = await runLines("coordinator", { client: withoutQuorum() });
    expect(out).toContain("no majority answers; as of 12 s ago: term 3, ");
    expect(out).toContain("ben   learner  silent      -    -\n");
    const json = (await runLines("coordinator --json", { client: filled() })).out;
    expect(JSON.parse(json)).toMatchObject({ leader: "anna", members: [{ name: "anna" }, { name: "ben" }] });
  });

  it("SHELL-64 on a terminal it asks before it removes one, unless -f is given", async () => {
    const client = filled();
    const at = { client, columns: 80 };
    await runLines("coordinator add ben", at);
    const refused = await runLines("coordinator remove ben", { ...at, answers: ["n"] });
    expect(refused).toMatchObject({ code: 1, err: "coordinator: remove ben from the coordinators? [y/N] " });
    expect((await runLines("coordinator", at)).out).toContain("ben   voter");
    expect((await runLines("coordinator remove ben", { ...at, answers: ["y"] })).code).toBe(0);
    expect((await runLines("coordinator", at)).out).toContain("ben   learner");
    await runLines("coordinator add ben", at);
    expect((await runLines("coordinator remove -f ben", { ...at, answers: [] })).code).toBe(0);
  });
});

describe("put under conditions", () => {
  function folder(): string {
    const path = localFolder();
    writeFileSync(join(path, "a.txt"), "mine");
    writeFileSync(join(path, "b.txt"), "b");
    return path;
  }

  it("SHELL-59 --if-rev replaces only that revision, and 0 only nothing", async () => {
    const lcd = `lcd ${folder()}`;
    const client = filled();
    const at = { client };
    expect(await runLines(`${lcd}; put --if-rev 2 a.txt`, at)).toMatchObject({
      err: expect.stringMatching(/^put: \S+a\.txt: the file is at revision 1, not revision 2\n$/),
      code: 4,
    });
    expect(await runLines(`${lcd}; put --if-rev 0 a.txt`, at)).toMatchObject({ code: 4 });
    expect((await runLines("cat a.txt", at)).out).toBe("one\ntwo\n");
    expect(await runLines(`${lcd}; put --if-rev 1 a.txt; cat a.txt`, at)).toEqual({ out: "mine", err: "", code: 0 });
    expect(await runLines(`${lcd}; put --if-rev 0 b.txt; cat b.txt`, at)).toEqual({ out: "b", err: "", code: 0 });
  });

  it.each<FailingRow>([
    ["put --if-rev 1 a.txt b.txt /", "put: --if-rev goes with one file only\n", 2],
    ["put --if-rev x a.txt", 'put: --if-rev needs a whole number of at least 0, not "x"\n', 2],
    ["put --expire soon a.txt", "put: --expire needs a span as 30m, 2h or 7d, or a time as ", 2],
    ["put --expire 2001-01-01 a.txt", "put: --expire needs a time that is still to come, ", 2],
    ["put --expire 0s a.txt", "put: --expire needs a time that is still to come, ", 2],
    ["put --expire 2030-13-41 a.txt", "put: --expire needs a span as ", 2],
  ])("SHELL-59 refuses %j", async (lines, err, code) => {
    const outcome = await runLines(`lcd ${folder()}; ${lines}`, { client: new MemoryClient() });
    expect(outcome).toMatchObject({ out: "", err: expect.stringContaining(err), code });
  });

  it("SHELL-60 --expire gives a file an end, by a span or a time, and stat shows it", async () => {
    const lcd = `lcd ${folder()}`;
    const client = new MemoryClient();
    const before = Date.now();
    const { out } = await runLines(`${lcd}; put --expire 2h a.txt; put --expire 2999-01-31T18:00Z b.txt; stat *`, {
      client,
    });
    const [first, second] = Array.from(out.matchAll(/^expires: +(\S+)$/gm), (match) => Date.parse(match[1] ?? ""));
    expect(first).toBeGreaterThanOrEqual(before + 7_200_000);
    expect(first).toBeLessThanOrEqual(Date.now() + 7_200_000);
    expect(second).toBe(Date.UTC(2999, 0, 31, 18));
    expect((await runLines("ls --json b.txt", { client })).out).toContain('"expires":"2999-01-31T18:00:00.000Z"');
    client.advance(7_200_000);
    expect((await runLines("ls", { client })).out).toBe("b.txt\n");
    expect((await runLines(`${lcd}; put a.txt; stat a.txt`, { client })).out).not.toContain("expires");
  });
});
