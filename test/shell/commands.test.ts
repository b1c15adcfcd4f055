import { chmodSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { localFolder, runLines, runProgram } from "./driver.ts";
import { MemoryClient } from "./memory-client.ts";

beforeAll(() => {
  process.env["TZ"] = "UTC";
});

const year2024 = Date.UTC(2024, 0, 2, 3, 4, 5);

function filled(): MemoryClient {
  const client = new MemoryClient({ pageEntries: 2 });
  client.add("/b.txt", "x".repeat(1500), year2024 + 60_000);
  client.add("/a.txt", "one\n", year2024);
  client.add("/a.txt", "one\ntwo\n", year2024 + 120_000);
  client.add("/photos/cat.jpg", "m".repeat(3000), year2024);
  client.add("/photos/2024/dog.jpg", "woof", year2024);
  client.add("/photos/.hidden", "h", year2024);
  return client;
}

type Row = readonly [lines: string, out: string];
type FailingRow = readonly [lines: string, err: string, code: number];

describe("looking", () => {
  it.each<Row>([
    ["ls", "a.txt\nb.txt\nphotos\n"],
    ["ls -a photos", ".hidden\n2024\ncat.jpg\n"],
    ["ls -r", "photos\nb.txt\na.txt\n"],
    ["ls -t", "a.txt\nb.txt\nphotos\n"],
    ["ls -S", "b.txt\na.txt\nphotos\n"],
    ["ls -d photos", "photos\n"],
    ["ls b.txt a.txt photos/2024", "a.txt\nb.txt\n\nphotos/2024:\ndog.jpg\n"],
    ["ls -R photos", "photos:\n2024\ncat.jpg\n\nphotos/2024:\ndog.jpg\n"],
    [
      "ls -l",
      "-rw-r--r--  2  2     8  2024-01-02 03:06  a.txt\n" +
        "-rw-r--r--  2  1  1500  2024-01-02 03:05  b.txt\n" +
        "drwxr-xr-x  -  -     -  2024-01-02 03:04  photos\n",
    ],
    ["ls -lh b.txt", "-rw-r--r--  2  1  1.5K  2024-01-02 03:05  b.txt\n"],
    ["cd photos; pwd; ls ..; cd -; pwd; cd photos/2024; cd; pwd", "/photos\na.txt\nb.txt\nphotos\n/\n/\n/\n"],
    [
      "find",
      ".\n./b.txt\n./a.txt\n./photos\n./photos/cat.jpg\n./photos/2024\n./photos/2024/dog.jpg\n./photos/.hidden\n",
    ],
    ["find / -maxdepth 1", "/\n/b.txt\n/a.txt\n/photos\n"],
    ["find photos/ -type d", "photos/\nphotos/2024\n"],
    ["cd photos; find .. -name '*.TXT'; find .. -iname '*.TXT'", "../b.txt\n../a.txt\n"],
    ["find a.txt photos -mindepth 1 -type f -size -2c", "photos/.hidden\n"],
    ["find . -size +2k", "./photos/cat.jpg\n"],
    ["find . -size 2k", "./b.txt\n"],
    ["find . -size 3", "./b.txt\n"],
    ["find . -type f -mtime -1", ""],
    ["find . -type f -mtime +1 -maxdepth 1", "./b.txt\n./a.txt\n"],
    ["find . -newer b.txt -print0", "./a.txt\0"],
    ["du", "1\t./photos/2024\n3\t./photos\n5\t.\n"],
    ["du -a photos", "3\tphotos/cat.jpg\n1\tphotos/2024/dog.jpg\n1\tphotos/2024\n1\tphotos/.hidden\n3\tphotos\n"],
    ["du -s /", "5\t/\n"],
    ["du -sch photos a.txt", "3.0K\tphotos\n8\ta.txt\n3.0K\ttotal\n"],
    ["du -d 1 photos", "1\tphotos/2024\n3\tphotos\n"],
    ["du -sl a.txt", "LOGICAL\tUNIQUE\tHISTORY\tREPLICATED\tPATH\n1\t1\t1\t1\ta.txt\n"],
    ["tree photos", "photos\n├── 2024\n│   └── dog.jpg\n└── cat.jpg\n\n1 directory, 2 files\n"],
    ["tree -ad -L 1", ".\n└── photos\n\n1 directory\n"],
    [
      "tree -ah photos",
      "photos\n├── [    1]  .hidden\n├── [    0]  2024\n│   └── [    4]  dog.jpg\n└── [ 3.0K]  cat.jpg\n\n1 directory, 3 files\n",
    ],
    ["cat a.txt photos/2024/dog.jpg", "one\ntwo\nwoof"],
    ["cat --rev 1 a.txt", "one\n"],
    ["cat -r 4:3 a.txt; cat -r -4 a.txt", "twotwo\n"],
    ["head -n 1 a.txt", "one\n"],
    ["head -c 2 a.txt photos/2024/dog.jpg", "==> a.txt <==\non\n==> photos/2024/dog.jpg <==\nwo"],
    ["head -n 0 a.txt", ""],
    [
      "df",
      "PEER   KIB  USED  FREE  USE%\nanna     4     1     3   25%\nben      4     1     3   25%\ntotal    8     2     6   25%\n\n" +
        "files now                   5\none copy, with history      5\nown disk, live              5\n" +
        "own disk, to be given back  1\nown disk, in all            6\n",
    ],
    ["invite", "dfs1-invite-text\n"],
  ])("SHELL-21 %j prints as expected", async (lines, out) => {
    expect(await runLines(lines, { client: filled() })).toEqual({ out, err: "", code: 0 });
  });

  it.each<FailingRow>([
    ["ls nope", "ls: nope: no such file or directory\n", 3],
    ["ls nope a.txt", "ls: nope: no such file or directory\n", 3],
    ["cat photos nope", "cat: photos: is a directory\ncat: nope: no such file or directory\n", 4],
    ["cd a.txt", "cd: a.txt: not a directory\n", 4],
    ["cd -", "cd: there is no directory to go back to\nusage: cd [--stale] [DIR|-]\n", 2],
    ["why photos", "why: photos: is a directory\n", 4],
    ["cat --rev 9 a.txt", "cat: a.txt: has no revision 9; kept: 1 to 2\n", 3],
    ["stat ''", "stat: a path cannot be empty\n", 2],
    ["help nonesuch", 'help: nonesuch: no such command or topic; "help" lists them\n', 3],
    ["lcd /nope-nope", "lcd: /nope-nope: no such file or directory\n", 3],
  ])("SHELL-22 %j tells what failed, and with which code", async (lines, err, code) => {
    expect(await runLines(lines, { client: filled() })).toMatchObject({ err, code });
  });

  it.each(["-size x", "-type x", "-mtime x", "-maxdepth x", "-nope", "-name"])(
    "SHELL-22 find refuses %s",
    async (test) => {
      const outcome = await runLines(`find . ${test}`, { client: filled() });
      expect(outcome).toMatchObject({ out: "", code: 2 });
      expect(outcome.err).toContain("usage: find ");
    },
  );

  it("SHELL-23 --json gives one object a line, with RFC 3339 times and integer sizes", async () => {
    const { out } = await runLines("ls --json a.txt photos", { client: filled() });
    const [file, ...rest] = out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(file).toMatchObject({
      path: "/a.txt",
      kind: "file",
      sizeBytes: 8,
      revision: 2,
      modified: "2024-01-02T03:06:05.000Z",
    });
    expect(rest.map((entry) => entry["name"])).toEqual(["2024", "cat.jpg"]);
    const whole = await runProgram(
      ["--json", "-c", "stat /; find a.txt; du -s /; status; peers; df; fingers; why a.txt"],
      { client: filled() },
    );
    expect(whole.code).toBe(0);
    const lines = whole.out.trimEnd().split("\n");
    expect(lines).toHaveLength(11);
    for (const line of lines) expect(JSON.parse(line)).toBeTypeOf("object");
  });

  it("SHELL-24 status says in one word how the network is, then why, then what to do", async () => {
    const alone = await runLines("status", { client: new MemoryClient({ peers: 1 }) });
    expect(alone.out.split("\n").slice(0, 2)).toEqual([
      "degraded: one peer only: every file has one copy",
      'add a machine: "invite" makes an invite',
    ]);
    const verbose = await runLines("status -v", { client: filled() });
    expect(verbose.out).toContain("healthy: every file has 2 copies\n");
    expect(verbose.out).toContain("own disk:      1.0 GiB free\n");
  });

  it("SHELL-24 why tells the chain, the holders and how many failures are left", async () => {
    const { out } = await runLines("why a.txt", { client: filled() });
    expect(out).toContain("chain:         anna (owner) → ben (full)\n");
    expect(out).toContain("safety:        2 of 2 wanted disks have it: any one of them may be lost\n");
    expect((await runLines("why a.txt", { client: aloneWithFile() })).out).toContain(
      "safety:        1 disk has it: losing anna loses the file; see backup\n",
    );
  });
});

function aloneWithFile(): MemoryClient {
  const client = new MemoryClient({ peers: 1 });
  client.add("/a.txt", "x");
  return client;
}

describe("changing", () => {
  it.each<Row>([
    ["mkdir x; mkdir -p y/z y; ls", "a.txt\nb.txt\nphotos\nx\ny\n"],
    ["mkdir x; rmdir x; ls", "a.txt\nb.txt\nphotos\n"],
    ["rm a.txt b.txt; ls", "photos\n"],
    ["rm -r photos; ls", "a.txt\nb.txt\n"],
    ["rm -f nope; rm -rf nope photos; ls", "a.txt\nb.txt\n"],
    ["mv a.txt c.txt; ls; cat c.txt", "b.txt\nc.txt\nphotos\none\ntwo\n"],
    ["mv a.txt b.txt photos; ls photos", "2024\na.txt\nb.txt\ncat.jpg\n"],
    ["mv -f a.txt b.txt; cat b.txt", "one\ntwo\n"],
    ["mv -n a.txt b.txt; ls", "a.txt\nb.txt\nphotos\n"],
    ["cp a.txt c.txt; mv photos p; ls", "a.txt\nb.txt\nc.txt\np\n"],
    ["cp -r photos p; find p -type f", "p/cat.jpg\np/2024/dog.jpg\np/.hidden\n"],
    ["cp *.txt photos/; ls photos/*.txt", "photos/a.txt\nphotos/b.txt\n"],
  ])("SHELL-25 %j", async (lines, out) => {
    expect(await runLines(lines, { client: filled() })).toEqual({ out, err: "", code: 0 });
  });

  it.each<FailingRow>([
    ["mkdir photos", "mkdir: photos: exists already\n", 4],
    ["rmdir photos", "rmdir: photos: directory is not empty\n", 4],
    ["rm photos", "rm: photos: is a directory (use -r)\n", 4],
    ["rm -rf /", "rm: /: the root cannot be removed; name what is in it\n", 4],
    ["rm -rf photos/../..", "rm: photos/../..: the root cannot be removed; name what is in it\n", 4],
    ["rm -i a.txt", "rm: a.txt: -i needs a terminal to ask on\n", 2],
    ["mv a.txt b.txt", "mv: a.txt: /b.txt exists already (use -f)\n", 4],
    ["mv a.txt b.txt nope", "mv: nope: no such directory\n", 3],
    ["mv a.txt photos b.txt", "mv: b.txt: not a directory\n", 4],
    ["mv photos photos/2024", "mv: photos: a directory cannot move into itself\n", 2],
    ["cp photos p", "cp: photos: is a directory (use -r)\n", 4],
    ["mkdir $(x)", "-c:1:7: $(…) is not supported\nmkdir $(x)\n      ^\n", 2],
  ])("SHELL-26 refuses %j", async (lines, err, code) => {
    expect(await runLines(lines, { client: filled() })).toEqual({ out: "", err, code });
  });

  it("SHELL-27 on a terminal rm asks before it removes a tree or many files", async () => {
    const client = filled();
    const refused = await runLines("rm -r photos", { client, columns: 80, answers: ["n"] });
    expect(refused.code).toBe(1);
    expect(refused.err).toContain("rm: remove photos with all that is in it? [y/N] ");
    expect(
      (await runLines("rm a.txt b.txt photos/cat.jpg photos/.hidden", { client, columns: 80, answers: [""] })).code,
    ).toBe(1);
    expect((await runLines("rm -r photos", { client, columns: 80, answers: [] })).code).toBe(1);
    expect((await runLines("ls photos", { client })).code).toBe(0);
    expect((await runLines("rm -r photos", { client, columns: 80, answers: ["y"] })).code).toBe(0);
    expect((await runLines("rm -i a.txt", { client, columns: 80, answers: ["yes"] })).code).toBe(0);
    expect((await runLines("rm -f b.txt", { client, columns: 80, answers: [] })).code).toBe(0);
    expect((await runLines("ls", { client })).out).toBe("");
  });
});

describe("put and get", () => {
  function folderWithFiles(): string {
    const folder = localFolder();
    writeFileSync(join(folder, "one.txt"), "one");
    writeFileSync(join(folder, "two.txt"), "two");
    mkdirSync(join(folder, "dir/sub"), { recursive: true });
    writeFileSync(join(folder, "dir/sub/three.txt"), "three");
    return folder;
  }

  it("SHELL-28 puts to the current directory, to a directory, and under a new name", async () => {
    const folder = folderWithFiles();
    const client = filled();
    const lines = `lcd ${folder}; cd photos; put one.txt; put *.txt 2024; put one.txt 2024/uno.txt; find . -name '*.txt'`;
    const { out, ...rest } = await runLines(lines, { client });
    expect(rest).toEqual({ err: "", code: 0 });
    expect(out.split("\n").toSorted()).toEqual(["", "./2024/one.txt", "./2024/two.txt", "./2024/uno.txt", "./one.txt"]);
    expect((await runLines("cat photos/2024/two.txt photos/2024/uno.txt", { client })).out).toBe("twoone");
  });

  it("SHELL-29 -v prints the counters in a form that scripts can read", async () => {
    const folder = folderWithFiles();
    const client = new MemoryClient();
    const at = { client };
    expect((await runLines(`lcd ${folder}; put -Rv dir one.txt two.txt /`, at)).out).toBe(
      "put: 3 files, 11 bytes; 3 chunks, 3 new (11 bytes), 3 sent (11 bytes); 2 copies\n",
    );
    expect((await runProgram(["-v", "-c", `lcd ${folder}; put one.txt /`], at)).out).toBe(
      "put: 1 files, 3 bytes; 0 chunks, 0 new (0 bytes), 0 sent (0 bytes); 2 copies\n",
    );
    expect((await runLines(`lcd ${folder}; put one.txt`, at)).out).toBe("");
    const json = JSON.parse((await runLines(`lcd ${folder}; put --json one.txt`, at)).out) as Record<string, unknown>;
    expect(json).toMatchObject({ files: 1, unchanged: 1, copies: 2 });
  });

  it.each([
    ["put one.txt", false],
    ["put --checksum one.txt", true],
  ])("KNOWN-10 %s: every file is read: %s", async (line, checksum) => {
    const client = new MemoryClient();
    const put = vi.spyOn(client, "put");
    expect(await runLines(`lcd ${folderWithFiles()}; ${line}`, { client })).toMatchObject({ err: "", code: 0 });
    expect(put.mock.calls.map(([request]) => request.checksum)).toEqual([checksum]);
  });

  it("SHELL-30 failures are listed by path; one file's own kind gives the code, some of several give 1", async () => {
    const folder = folderWithFiles();
    const client = new MemoryClient();
    client.add("/one.txt", "other");
    const at = { client };
    expect(await runLines(`lcd ${folder}; put one.txt`, at)).toEqual({
      out: "",
      err: `put: ${folder}/one.txt: exists already (use -f)\n`,
      code: 4,
    });
    expect(await runLines(`lcd ${folder}; put one.txt two.txt /`, at)).toMatchObject({
      err: `put: ${folder}/one.txt: exists already (use -f)\n`,
      code: 1,
    });
    expect(await runLines(`lcd ${folder}; put -f one.txt; cat one.txt`, at)).toEqual({ out: "one", err: "", code: 0 });
    expect(await runLines(`lcd ${folder}; put nope.txt`, at)).toEqual({
      out: "",
      err: "put: nope.txt: no such file or directory\n",
      code: 3,
    });
    expect(await runLines(`lcd ${folder}; put nope.txt two.txt /`, at)).toMatchObject({
      err: "put: nope.txt: no such file or directory\n",
      code: 3,
    });
    expect(await runLines(`lcd ${folder}; put dir`, at)).toMatchObject({
      err: `put: ${folder}/dir: is a directory (use -R)\n`,
      code: 4,
    });
    expect(await runLines(`lcd ${folder}; put *.nope`, at)).toMatchObject({
      err: "put: *.nope: nothing matches this pattern\n",
      code: 3,
    });
    expect(await runLines(`lcd ${folder}; put one.txt nope/`, at)).toMatchObject({
      err: "put: nope/: no such directory\n",
      code: 3,
    });
    expect(await runLines(`lcd ${folder}; put one.txt two.txt nope`, at)).toMatchObject({
      err: "put: nope: no such directory\n",
      code: 3,
    });
  });

  it("SHELL-31 -n says what would be done and does nothing", async () => {
    const folder = folderWithFiles();
    const client = new MemoryClient();
    expect(await runLines(`lcd ${folder}; put -n one.txt; ls`, { client })).toEqual({
      out: `would put ${folder}/one.txt\n`,
      err: "",
      code: 0,
    });
  });

  it("SHELL-32 put - reads stdin, get - writes stdout", async () => {
    const client = new MemoryClient();
    expect(await runLines("put - notes/a.txt", { client, stdin: "x" })).toMatchObject({ code: 3 });
    expect(await runLines("put - a.txt; get a.txt -; cat a.txt", { client, stdin: "typed" })).toEqual({
      out: "typedtyped",
      err: "",
      code: 0,
    });
    expect(await runLines("put -", { client, stdin: "x" })).toMatchObject({
      code: 2,
      err: expect.stringContaining("stdin has no name"),
    });
    expect(await runProgram([], { client, stdin: "put - b.txt" })).toMatchObject({
      code: 2,
      err: expect.stringContaining("the script itself is stdin"),
    });
  });

  it("SHELL-33 gets to the local directory, to a directory, and under a new name, and replaces only with -f", async () => {
    const folder = localFolder();
    const client = filled();
    const at = { client };
    chmodSync(folder, 0o700);
    expect(await runLines(`lcd ${folder}; get a.txt; get a.txt b.txt ${folder}; get *.txt other`, at)).toMatchObject({
      code: 1,
    });
    expect(await runLines(`lcd ${folder}; get a.txt copy; get -R photos; lls`, at)).toMatchObject({
      code: 0,
      out: "a.txt\nb.txt\ncopy\nphotos\n",
    });
    expect(readFileSync(join(folder, "photos/2024/dog.jpg"), "utf8")).toBe("woof");
    expect(await runLines(`lcd ${folder}; get a.txt`, at)).toEqual({
      out: "",
      err: "get: /a.txt: exists already (use -f)\n",
      code: 4,
    });
    expect(await runLines(`lcd ${folder}; get --rev 1 -f a.txt`, at)).toMatchObject({ code: 0 });
    expect(readFileSync(join(folder, "a.txt"), "utf8")).toBe("one\n");
    expect(await runLines(`lcd ${folder}; get nope`, at)).toEqual({
      out: "",
      err: "get: nope: no such file or directory\n",
      code: 3,
    });
  });

  it("SHELL-34 the local side: lcd, lpwd, lls, lmkdir", async () => {
    const folder = folderWithFiles();
    utimesSync(join(folder, "one.txt"), year2024 / 1000, year2024 / 1000);
    chmodSync(join(folder, "one.txt"), 0o640);
    expect(await runLines(`lcd ${folder}; lmkdir -p x/y; lcd x; lpwd; lls ..; lls -l ../one.txt`)).toEqual({
      out: `${folder}/x\ndir\none.txt\ntwo.txt\nx\n-rw-r-----  3  2024-01-02 03:04  ../one.txt\n`,
      err: "",
      code: 0,
    });
  });
});

describe("on a terminal", () => {
  const terminal = { columns: 20, env: { TERM: "xterm" } };

  it("SHELL-35 ls fills columns and marks directories; --color=never and NO_COLOR do not", async () => {
    const client = filled();
    client.add("/日本語", "wide");
    expect((await runLines("ls", { ...terminal, client })).out).toBe(
      "a.txt  \u001b[1;34mphotos\u001b[0m\nb.txt  日本語\n",
    );
    for (const argv of [["--color=never", "-c", "ls"]])
      expect((await runProgram(argv, { ...terminal, client })).out).toBe("a.txt  photos\nb.txt  日本語\n");
    expect((await runLines("ls", { ...terminal, client, env: { NO_COLOR: "1" } })).out).not.toContain("\u001b");
    expect((await runProgram(["--color=always", "-c", "ls -d photos"], { client })).out).toBe(
      "\u001b[1;34mphotos\u001b[0m\n",
    );
  });

  it("SHELL-36 control characters are escaped on a terminal, and raw elsewhere", async () => {
    const folder = localFolder();
    writeFileSync(join(folder, "a\u001b[2Jb"), "");
    expect((await runLines(`lcd ${folder}; lls`, { columns: 60 })).out).toBe("a\\x1b[2Jb\n");
    expect((await runLines(`lcd ${folder}; lls`)).out).toBe("a\u001b[2Jb\n");
    expect((await runLines("ls 'a\u001bb'", { columns: 60 })).err).toBe(
      "ls: a\\x1bb: a name cannot contain control characters\n",
    );
  });

  it("SHELL-37 put sums up in one line, and -q in none; bars are wiped", async () => {
    const folder = localFolder();
    writeFileSync(join(folder, "f"), "x".repeat(2048));
    const client = new MemoryClient();
    const { out, err } = await runLines(`lcd ${folder}; put f`, { client, columns: 80 });
    expect(out).toMatch(/^1 file, 2\.0 KiB in \S+ ms \(.*\/s\), 2 copies\n$/);
    expect(err).toBe("");
    expect((await runLines(`lcd ${folder}; put -qf f`, { client, columns: 80 })).out).toBe("");
  });
});
