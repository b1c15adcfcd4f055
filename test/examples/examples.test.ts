/** Every script of examples/ does what its head says. */
import { accessSync, constants, readFileSync, readdirSync } from "node:fs";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Machine, Machines, examplesFolder } from "./machines.ts";

const minutes = 60_000;
const machines = new Machines();
let ann: Machine;
let ben: Machine;

beforeAll(async () => {
  ann = await machines.add("ann");
  ben = await machines.add("ben");
}, 2 * minutes);
afterAll(() => machines.clean());

const done = { code: 0, stderr: "" };

describe("examples", { timeout: 2 * minutes }, () => {
  it("SCRIPT-15 backup-rotation.sh keeps seven days and five weeks", async () => {
    const folder = join(ann.folder, "documents");
    const older = [1, 2, 3, 4, 5, 6, 7].map(
      (day) => `mkdir -p /backup/documents/daily/2026-11-0${day} /backup/documents/weekly/2026-W${40 + day}`,
    );
    await ann.shell(older.join("; "));
    for (const day of [8, 9]) {
      await ann.file("documents/diary.txt", `day ${day}`);
      await ann.file("documents/thesis/same.txt", "the same every day");
      const env = { DAY: `2026-11-0${day}`, WEEK: `2026-W${40 + day}` };
      expect(await ann.example("backup-rotation.sh", [folder], { env })).toMatchObject(done);
    }
    // Twice on a day replaces that day's copy.
    await ann.file("documents/diary.txt", "day 9, evening");
    const env = { DAY: "2026-11-09", WEEK: "2026-W49" };
    expect(await ann.example("backup-rotation.sh", [folder], { env })).toMatchObject(done);
    const root = "/backup/documents";
    expect((await ann.shell(`ls ${root}/daily`)).split("\n")).toEqual([
      ...[3, 4, 5, 6, 7, 8, 9].map((day) => `2026-11-0${day}`),
      "",
    ]);
    expect((await ann.shell(`ls ${root}/weekly`)).split("\n")).toEqual([
      ...[45, 46, 47, 48, 49].map((week) => `2026-W${week}`),
      "",
    ]);
    expect(await ann.shell(`cat ${root}/daily/2026-11-08/documents/diary.txt`)).toBe("day 8");
    expect(await ben.shell(`cat ${root}/daily/2026-11-09/documents/diary.txt`)).toBe("day 9, evening");
    expect(await ben.shell(`cat ${root}/weekly/2026-W49/documents/diary.txt`)).toBe("day 9");
    expect(await ann.shell(`stat --json ${root}/daily/2026-11-09/documents/diary.txt`)).toContain('"expires":');
  });

  it("SCRIPT-15 sync-project.sh makes both sides the same", async () => {
    const folder = join(ann.folder, "site");
    await ann.file("site/index.html", "one");
    await ann.file("site/css/a.css", "a");
    await ann.file("site/it's here.txt", "quoted");
    await ann.file("site/was-a-file", "file");
    expect(await ann.example("sync-project.sh", [folder, "/projects"])).toMatchObject(done);
    await rm(join(folder, "css"), { recursive: true });
    await rm(join(folder, "it's here.txt"));
    await rm(join(folder, "was-a-file"));
    await ann.file("site/was-a-file/inside", "now a folder");
    await ann.file("site/index.html", "two");
    expect(await ann.example("sync-project.sh", [folder, "/projects/"])).toMatchObject(done);
    expect(await ben.shell("find /projects/site | sort")).toBe(
      ["", "/index.html", "/was-a-file", "/was-a-file/inside"].map((path) => `/projects/site${path}\n`).join(""),
    );
    expect(await ben.shell("cat /projects/site/index.html")).toBe("two");
  });

  it("SCRIPT-15 batch-rename.sh renames all or none", async () => {
    for (const name of ["a.JPG", "b.JPEG", "it's c.JPG", "d.png"]) await ann.file(`pictures/${name}`, name);
    await ann.shell(`lcd ${ann.folder}; put -R pictures /`);
    const expression = "s/\\.JPE*G$/.jpg/";
    const shown = await ann.example("batch-rename.sh", ["-n", "/pictures", expression]);
    expect(shown.stdout.split("\n").toSorted()).toEqual([
      "",
      "mv '/pictures/a.JPG' '/pictures/a.jpg'",
      "mv '/pictures/b.JPEG' '/pictures/b.jpg'",
      "mv '/pictures/it'\\''s c.JPG' '/pictures/it'\\''s c.jpg'",
    ]);
    expect(await ann.example("batch-rename.sh", ["/pictures", expression])).toMatchObject(done);
    expect(await ann.shell("ls /pictures")).toBe("a.jpg\nb.jpg\nd.png\nit's c.jpg\n");
    const taken = await ann.example("batch-rename.sh", ["/pictures", "s/^[ab].jpg/x.jpg/"]);
    expect(taken).toMatchObject({ code: 4, stderr: expect.stringContaining("nothing was changed") as string });
    expect(await ann.shell("ls /pictures")).toBe("a.jpg\nb.jpg\nd.png\nit's c.jpg\n");
  });

  it("SCRIPT-15 ci-store.dfs stores a build for good and ci-fetch.dfs fetches it", async () => {
    await ann.file("dist/app.js", "build 7");
    expect(await ann.example("ci-store.dfs", ["site", "7", "dist"])).toEqual({ ...done, stdout: "" });
    await ann.file("dist/app.js", "build 8");
    expect(await ann.example("ci-store.dfs", ["site", "8", "dist"])).toEqual({ ...done, stdout: "" });
    // A number that is taken is refused, and the latest stays what it was.
    await ann.file("dist/app.js", "build 7 again");
    expect(await ann.example("ci-store.dfs", ["site", "7", "dist"])).toMatchObject({ code: 1 });
    for (const [build, content] of [
      ["7", "build 7"],
      ["latest", "build 8"],
    ] as const) {
      expect(await ben.example("ci-fetch.dfs", ["site", build, `out-${build}`])).toEqual({ ...done, stdout: "" });
      expect(await readFile(join(ben.folder, `out-${build}`, "app.js"), "utf8")).toBe(content);
    }
    expect(await ben.example("ci-fetch.dfs", ["site", "9", "out-9"])).toMatchObject({ code: 3 });
  });

  it("SCRIPT-15 collect-logs.sh merges what several machines sent", async () => {
    const now = new Date().toISOString();
    for (const [machine, lines] of [
      [ann, ["2026-11-20T10:00:00Z start", "2026-11-20T10:00:02Z stop"]],
      [ben, ["2026-11-20T10:00:01Z hello  there"]],
    ] as const) {
      await machine.file("log/app.log", `${lines.join("\n")}\n`, now);
      expect(await machine.example("collect-logs.sh", ["send", "log"])).toMatchObject(done);
    }
    await ann.file("log/old.log", "2026-01-01T00:00:00Z old\n", "2026-01-01T00:00:00Z");
    expect(await ann.example("collect-logs.sh", ["send", "log"])).toMatchObject(done);
    expect(await ben.example("collect-logs.sh", ["read"])).toEqual({
      ...done,
      stdout: [
        "ann: 2026-11-20T10:00:00Z start\n",
        "ben: 2026-11-20T10:00:01Z hello  there\n",
        "ann: 2026-11-20T10:00:02Z stop\n",
      ].join(""),
    });
    expect(await ben.example("collect-logs.sh", [])).toMatchObject({ code: 2 });
  });

  it("SCRIPT-15 import-photos.sh sorts by month, and keeps what is there", async () => {
    await ann.file("card/DCIM/one.JPG", "one", "2026-07-14T12:00:00Z");
    await ann.file("card/DCIM/it's two.mov", "two", "2026-07-31T12:00:00Z");
    await ann.file("card/three.png", "three", "2026-08-01T12:00:00Z");
    await ann.file("card/notes.txt", "no picture");
    expect(await ann.example("import-photos.sh", ["card"])).toMatchObject(done);
    expect(await ann.shell("find /photos -type f | sort")).toBe(
      "/photos/2026/07/it's two.mov\n/photos/2026/07/one.JPG\n/photos/2026/08/three.png\n",
    );
    await ann.file("card/DCIM/one.JPG", "another camera's one", "2026-07-15T12:00:00Z");
    const again = await ann.example("import-photos.sh", ["card"]);
    expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining("one.JPG: exists") as string });
    expect(await ann.shell("cat /photos/2026/07/one.JPG /photos/2026/08/three.png")).toBe("onethree");
  });

  it("SCRIPT-15 publish-release.dfs changes everything or nothing", async () => {
    await ann.file("release/a", "1a");
    await ann.file("release/b", "1b");
    expect(await ann.example("publish-release.dfs", ["1.0", "release"])).toEqual({ ...done, stdout: "" });
    await ann.file("release/a", "2a");
    await rm(join(ann.folder, "release/b"));
    expect(await ann.example("publish-release.dfs", ["2.0", "release"])).toEqual({ ...done, stdout: "" });
    expect(await ben.shell("ls /releases /releases/current; cat /releases/current/a /releases/1.0/b")).toContain(
      "2a1b",
    );
    expect(await ben.shell("ls /releases/current")).toBe("a\n");
    const failed = await ann.example("publish-release.dfs", ["3.0", "no-such-folder"]);
    expect(failed).toMatchObject({ code: 3, stderr: expect.stringContaining("nothing was changed") as string });
    expect(await ben.shell("ls /releases")).toBe("1.0\n2.0\ncurrent\n");
  });

  it("SCRIPT-15 restore-as-of.dfs brings back what was", async () => {
    await ann.file("plan/a.txt", "before");
    await ann.file("plan/b.txt", "removed later");
    await ann.shell(`lcd ${ann.folder}; put -R plan /`);
    const entries = await ann.shell("find /plan --json");
    const committed =
      Array.from(entries.matchAll(/"committed":"([^"]+)"/g), ([, time]) => time ?? "")
        .toSorted()
        .at(-1) ?? "";
    await ann.file("plan/a.txt", "after");
    await ann.shell(`lcd ${ann.folder}; put -f plan/a.txt /plan; rm /plan/b.txt`);
    expect(await ann.example("restore-as-of.dfs", [committed, "/plan"])).toEqual({
      ...done,
      stdout: `/plan.${committed}\n`,
    });
    expect(await ben.shell(`cat /plan.${committed}/a.txt /plan.${committed}/b.txt /plan/a.txt`)).toBe(
      "beforeremoved laterafter",
    );
    expect(await ann.example("restore-as-of.dfs", ["2020-01-01", "/plan"])).toMatchObject({ code: 1, stdout: "" });
  });

  it("SCRIPT-15 changed-since.sh tells what is new, gone and different", async () => {
    for (const name of ["same", "gone", "it's changed"]) await ann.file(`notes/${name}`, `${name}\n`);
    await ann.shell(`lcd ${ann.folder}; put -R notes /`);
    const entries = await ann.shell("find /notes --json");
    const times = Array.from(entries.matchAll(/"committed":"([^"]+)"/g), ([, time]) => time ?? "").toSorted();
    await ann.file("notes/it's changed", "it is\n");
    await ann.file("notes/new", "new\n");
    await rm(join(ann.folder, "notes/gone"));
    await ann.shell(`lcd ${ann.folder}; rm /notes/gone; put -Rf notes /`);
    const args = [times.at(-1) ?? "", "/notes"];
    expect(await ben.example("changed-since.sh", args)).toEqual({
      ...done,
      stdout: "- /notes/gone\nM /notes/it's changed\n+ /notes/new\n",
    });
    const { stdout } = await ben.example("changed-since.sh", ["-d", ...args]);
    expect(stdout).toContain("\n-it's changed\n+it is\n+ /notes/new\n");
  });

  it("SCRIPT-15 weekly-check.sh writes a mail", async () => {
    const { code, stdout } = await ann.example("weekly-check.sh", ["me@example.org"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^To: me@example\.org\nSubject: files of .*: all is well\n(.*\n)*\nhealthy: /);
    expect(stdout).toMatch(/^ann .* done$/m);
    expect(stdout).toMatch(/^ben .* done$/m);
  });

  it("SCRIPT-15 duplicates.dfs lists files of the same content", async () => {
    await ann.file("papers/one.txt", "the same content");
    await ann.file("papers/deep/two.txt", "the same content");
    await ann.file("papers/other.txt", "another content");
    await ann.shell(`lcd ${ann.folder}; put -R papers /`);
    const { code, stdout } = await ann.example("duplicates.dfs", ["/papers"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^16 bytes, 2 times:\n  \/papers\/deep\/two\.txt\n  \/papers\/one\.txt\nLOGICAL\t/);
  });

  it("SCRIPT-15 large-files.dfs lists the largest first", async () => {
    await ann.file("big/two.bin", "2".repeat(20_000));
    await ann.file("big/three.bin", "3".repeat(30_000));
    await ann.file("big/one.bin", "1");
    await ann.shell(`lcd ${ann.folder}; put -R big /`);
    const { stdout, ...rest } = await ann.example("large-files.dfs", ["/big", "10k"]);
    expect(rest).toEqual(done);
    expect(stdout).toMatch(/^30000\t\d+\t\/big\/three\.bin\n20000\t\d+\t\/big\/two\.bin\n$/);
  });

  it("SCRIPT-15 clean-old.sh removes old files and what is empty then", async () => {
    const long = new Date(Date.now() - 40 * 24 * 3_600_000).toISOString();
    await ann.file("scratch/old.txt", "old", long);
    await ann.file("scratch/gone/deep/it's old.txt", "old", long);
    await ann.file("scratch/stays/old.txt", "old", long);
    await ann.file("scratch/stays/new.txt", "new", new Date().toISOString());
    await ann.shell(`lcd ${ann.folder}; put -R scratch /; mkdir /scratch/empty`);
    const shown = await ann.example("clean-old.sh", ["-n", "/scratch", "30"]);
    expect(shown.stdout).toContain("rm '/scratch/gone/deep/it'\\''s old.txt'\n");
    expect(await ann.shell("find /scratch -type f | wc -l")).toMatch(/^ *4\n$/);
    expect(await ann.example("clean-old.sh", ["/scratch", "30"])).toMatchObject(done);
    expect(await ann.shell("find /scratch | sort")).toBe(
      "/scratch\n/scratch/empty\n/scratch/stays\n/scratch/stays/new.txt\n",
    );
  });

  it("SCRIPT-15 capacity-check.sh has the exit codes of a monitor's plugin", async () => {
    expect(await ann.example("capacity-check.sh", ["101", "101"])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^OK: ann \d+ %, ben \d+ %\n$/) as string,
    });
    expect(await ann.example("capacity-check.sh", ["0", "101"])).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^WARNING: /) as string,
    });
    expect(await ann.example("capacity-check.sh", ["0", "0"])).toMatchObject({
      code: 2,
      stdout: expect.stringMatching(/^CRITICAL: /) as string,
    });
    // A folder that no peer can use.
    const file = await ann.file("no-data-folder/dfs-shell", "not a folder");
    const env = { XDG_DATA_HOME: join(file, "..") };
    expect(await ann.example("capacity-check.sh", [], { env })).toMatchObject({
      code: 3,
      stdout: expect.stringMatching(/^UNKNOWN: /) as string,
    });
  });

  it("SCRIPT-15 inventory-csv.dfs prints a table for a spreadsheet", async () => {
    await ann.file("books/a, or b.txt", "x", "2026-11-20T12:00:00Z");
    await ann.file('books/say "hi".txt', "yy", "2026-11-20T12:00:00Z");
    await ann.shell(`lcd ${ann.folder}; put -R books /`);
    expect(await ann.example("inventory-csv.dfs", ["/books"])).toEqual({
      ...done,
      stdout: [
        '"/books/a, or b.txt",1,2026-11-20T12:00:00.000Z,1,2\n',
        '"/books/say ""hi"".txt",2,2026-11-20T12:00:00.000Z,1,2\n',
        "path,bytes,modified,revision,copies\n",
      ].join(""),
    });
  });

  it("SCRIPT-15 database-dump.sh stores a dump, and never half of one", async () => {
    const dump = (rows: string): string =>
      `-- PostgreSQL database dump\n${rows}\n-- PostgreSQL database dump complete\n`;
    expect(await ann.example("database-dump.sh", ["shop"], { env: { DUMP: dump("one") } })).toMatchObject(done);
    expect(await ann.example("database-dump.sh", ["shop"], { env: { DUMP: dump("two") } })).toMatchObject(done);
    const half = await ann.example("database-dump.sh", ["shop"], { env: { DUMP: "-- PostgreSQL database dump\nthr" } });
    expect(half).toMatchObject({ code: 1, stderr: expect.stringContaining("nothing was changed") as string });
    expect(await ben.shell("cat /dumps/shop.sql")).toBe(dump("two"));
    expect(await ben.shell("get --rev 1 /dumps/shop.sql -")).toBe(dump("one"));
  });

  it("SCRIPT-15 machine-config.sh saves and restores", async () => {
    const one = await ann.file("etc/one.conf", "one");
    const two = await ann.file("etc/two.d/it's.conf", "two");
    expect(await ann.example("machine-config.sh", ["save", one, join(two, "..")])).toMatchObject(done);
    await mkdir(join(ben.folder, "restored"));
    const env = { HOST: "ann" };
    expect(await ben.example("machine-config.sh", ["restore", "restored"], { env })).toMatchObject(done);
    expect(await readFile(join(ben.folder, "restored", one), "utf8")).toBe("one");
    expect(await readFile(join(ben.folder, "restored", two), "utf8")).toBe("two");
    expect(await ben.example("machine-config.sh", ["restore", "restored"], { env: { HOST: "nobody" } })).toMatchObject({
      code: 3,
    });
  });

  it("SCRIPT-15 too-few-copies.dfs tells of files on too few disks", async () => {
    await ann.file("copies/few.txt", "few");
    await ann.shell(`lcd ${ann.folder}; put -R copies /`);
    expect(await ann.example("too-few-copies.dfs", ["/copies", "2"])).toEqual({ ...done, stdout: "" });
    expect(await ann.example("too-few-copies.dfs", ["/copies", "3"])).toEqual({
      code: 1,
      stdout: "2\t/copies/few.txt\n",
      stderr: "",
    });
  });

  it("SCRIPT-15 nightly.dfs stores two folders at the same time, and fails when one fails", async () => {
    await ann.file("home/a.txt", "of home", new Date().toISOString());
    await ann.file("www/b.txt", "of www", new Date().toISOString());
    const { code, stdout } = await ann.example("nightly.dfs", ["home", "www"]);
    expect({ code, files: /^ *(\d+)$/m.exec(stdout)?.[1] }).toEqual({ code: 0, files: "2" });
    expect(await ben.shell("cat /nightly/home/a.txt /nightly/www/b.txt")).toBe("of homeof www");
    await ann.file("home/a.txt", "later");
    const failed = await ann.example("nightly.dfs", ["home", "no-such-folder"]);
    expect(failed).toMatchObject({ code: 3, stderr: expect.stringContaining("no-such-folder") as string });
    expect(await ben.shell("cat /nightly/home/a.txt")).toBe("later");
  });

  it("SCRIPT-15 deploy-lock.sh lets one machine work at a time", async () => {
    const inside = join(examplesFolder, "deploy-lock.sh");
    const first = await ann.example("deploy-lock.sh", [
      "site",
      "sh",
      "-c",
      `HOST=ben '${inside}' site echo second; exit 7`,
    ]);
    expect(first).toEqual({ code: 7, stdout: "", stderr: "deploy-lock.sh: site: ann has the lock\n" });
    expect(await ben.example("deploy-lock.sh", ["site", "echo", "works"])).toEqual({ ...done, stdout: "works\n" });
    expect(await ann.shell("ls /locks")).toBe("");
  });

  it("SCRIPT-15 move-machine-out.dfs empties a machine and lets it go", async () => {
    const cleo = await machines.add("cleo");
    await cleo.file("own/one.txt", "on the disk of cleo");
    await cleo.shell(`lcd ${cleo.folder}; put -R own /`);
    const { code, stdout, stderr } = await ann.example("move-machine-out.dfs", ["cleo"]);
    expect({ code, stderr: stderr.replace(/[\d.]+/, "N") }).toEqual({ code: 0, stderr: "real N s\n" });
    expect(stdout).toMatch(
      /^moving everything off cleo\ncleo can be switched off; .*\n  ann: up, .*\n  ben: up, .*\n$/,
    );
    expect(await ann.shell("cat /own/one.txt")).toBe("on the disk of cleo");
  });
});

describe("examples with users", { timeout: 2 * minutes }, () => {
  const as = (user: string): { env: Record<string, string> } => ({
    env: { DFS_USER: user, DFS_PASSWORD_FILE: join(ann.folder, "password") },
  });
  beforeAll(async () => {
    await writeFile(join(ann.folder, "password"), "seven blue kites\n", { mode: 0o600 });
    const adding = ["ann", "bob", "cat"].map((user) => `adduser --password-file password ${user}`);
    await ann.shell(`${adding[0]}; login --password-file password ann; ${adding.slice(1).join("; ")}; quota bob 10`);
  }, minutes);

  it("SCRIPT-15 share-with-team.sh shares a folder, and can grow", async () => {
    await ann.shell("mkdir /plans", as("ann"));
    const first = await ann.example("share-with-team.sh", ["/plans", "bob"], as("ann"));
    expect(first).toMatchObject({ code: 0, stdout: expect.stringMatching(/^ann +bob +write .*\/plans$/m) as string });
    expect((await ann.example("share-with-team.sh", ["/plans", "bob", "cat"], as("ann"))).code).toBe(0);
    await ann.shell("mkdir /from/ann/plans/by-cat", as("cat"));
    expect(await ann.shell("ls /from/ann/plans", as("bob"))).toBe("by-cat\n");
  });

  it("SCRIPT-15 quota-report.dfs warns of a quota that is nearly used up", async () => {
    const before = await ann.example("quota-report.dfs");
    expect(before).toMatchObject({ code: 0, stdout: expect.stringMatching(/^bob +0\.0 MiB  0 %$/m) as string });
    await ann.file("ten.txt", "x".repeat(5000));
    await ann.shell("quota bob 5000; quota bob", as("ann"));
    await ann.shell(`lcd ${ann.folder}; put -q password /small`, as("bob"));
    await ann.shell("quota bob 20", as("ann"));
    const { code, stdout } = await ann.example("quota-report.dfs");
    expect({ code, bob: /^bob .*$/m.exec(stdout)?.[0] }).toEqual({
      code: 1,
      bob: expect.stringMatching(/ \d+ % NEARLY FULL$/) as string,
    });
    expect(stdout).toMatch(/^shared .*no quota$/m);
  });
});

describe("the folder of examples", () => {
  const scripts = readdirSync(examplesFolder).filter((name) => name !== "README.md");
  const head = (name: string): readonly string[] => readFileSync(join(examplesFolder, name), "utf8").split("\n");

  it("SCRIPT-16 has a script for each line of its README, and a test for each script", async () => {
    const readme = await readFile(join(examplesFolder, "README.md"), "utf8");
    const listed = Array.from(readme.matchAll(/^\| \[([a-z-]+\.(?:sh|dfs))\]/gm), ([, name = ""]) => name);
    expect(listed.toSorted()).toEqual(scripts.toSorted());
    const tests = await Promise.all(
      (await readdir(import.meta.dirname)).map((name) => readFile(join(import.meta.dirname, name), "utf8")),
    );
    expect(scripts.filter((name) => !tests.some((text) => text.includes(`.example("${name}"`)))).toEqual([]);
    expect(scripts.length).toBeGreaterThanOrEqual(20);
  });

  it.each(scripts)("SCRIPT-16 %s is a program that says what it does, how to run it, and what it needs", (name) => {
    accessSync(join(examplesFolder, name), constants.X_OK);
    const [first, ...lines] = head(name);
    expect(first).toMatch(name.endsWith(".sh") ? /^#!\/bin\/sh$/ : /^#!\/usr\/bin\/env (-S )?dfs-shell/);
    const comment = lines.slice(
      0,
      lines.findIndex((line) => !line.startsWith("#")),
    );
    expect(comment[0]).toMatch(/^# [A-Z]/);
    expect(comment.join("\n")).toContain(`# usage: ${name}`);
    expect(comment.join("\n")).toMatch(/^# Needs: /m);
  });
});
