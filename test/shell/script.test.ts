import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { stopMs } from "../../src/core/limits.ts";
import { localFolder, runLines, runProgram } from "./driver.ts";
import { MemoryClient } from "./memory-client.ts";

function filled(): MemoryClient {
  const client = new MemoryClient({ pageEntries: 2 });
  client.add("/a.txt", "one\ntwo\n");
  client.add("/b.txt", "bee\n");
  client.add("/photos/cat.jpg", "meow");
  client.add("/photos/.hidden", "h");
  client.add("/photos/2024/dog.jpg", "woof");
  client.add("/odd/a*b", "star");
  client.add("/odd/aXb", "x");
  return client;
}

/** Lines typed, text expected on stdout, on stderr, and the exit code. */
type Row = readonly [lines: string, out: string, err: string, code: number];

describe("scripts", () => {
  it.each<Row>([
    ["echo a; echo b", "a\nb\n", "", 0],
    ["echo 'a  b' c", "a  b c\n", "", 0],
    ["X=5; echo $X ${X}6 '$X'", "5 56 $X\n", "", 0],
    ["X='a  *'; echo $X", "a  *\n", "", 0],
    ["echo $?; -ls nope; echo $?", "0\n3\n", "ls: nope: no such file or directory\n", 0],
    ["ls nope && echo yes || echo no", "no\n", "ls: nope: no such file or directory\n", 0],
    ["echo a || echo b && echo c", "a\nc\n", "", 0],
    ["- ls nope && echo on", "on\n", "ls: nope: no such file or directory\n", 0],
    ["exit 7; echo never", "", "", 7],
    ["-ls nope; exit", "", "ls: nope: no such file or directory\n", 3],
    ["exit 300", "", "exit: an exit code is at most 255\nusage: exit [CODE]\n", 2],
  ])("SHELL-5 runs %j", async (lines, out, err, code) => {
    expect(await runLines(lines, { client: filled() })).toEqual({ out, err, code });
  });

  it.each<Row>([
    ["rm nope; rm a.txt", "", "rm: nope: no such file or directory\n", 3],
    ["rm photos a.txt; echo on", "", "rm: photos: is a directory (use -r)\n", 4],
    ["mkdir /x/y a.txt; rm a.txt", "", "mkdir: /x/y: no such file or directory\nmkdir: a.txt: exists already\n", 4],
  ])("SHELL-6 stops at the first failing command: %j", async (lines, out, err, code) => {
    expect(await runLines(lines, { client: filled() })).toEqual({ out, err, code });
  });

  it("SHELL-6 goes on with -k, and ends with the worst code", async () => {
    const outcome = await runProgram(["-k", "-c", "ls nope; lss; echo on"], { client: filled() });
    expect(outcome).toEqual({
      out: "on\n",
      err: 'ls: nope: no such file or directory\nlss: no such command; did you mean "ls"?\n',
      code: 127,
    });
  });

  it("SHELL-7 an unset variable is an error, so that nothing is removed by a slip", async () => {
    const client = filled();
    const outcome = await runLines("rm -r $X/photos", { client });
    expect(outcome).toEqual({
      out: "",
      err: "-c:1:7: the variable X is not set\nrm -r $X/photos\n      ^\n",
      code: 2,
    });
    expect((await runLines("ls", { client })).out).toContain("photos");
  });

  it("SHELL-8 a syntax error runs nothing", async () => {
    const client = filled();
    const outcome = await runLines("rm a.txt\nls 'b", { client });
    expect(outcome).toEqual({ out: "", err: "-c:2:4: the quote ' is never closed\nls 'b\n   ^\n", code: 2 });
    expect((await runLines("ls a.txt", { client })).code).toBe(0);
  });

  it.each<Row>([
    ["ls *.txt", "a.txt\nb.txt\n", "", 0],
    ["cd photos; ls *", "cat.jpg\n\n2024:\ndog.jpg\n", "", 0],
    ["ls -d */", "odd/\nphotos/\n", "", 0],
    ["ls **/*.jpg", "photos/2024/dog.jpg\nphotos/cat.jpg\n", "", 0],
    ["ls /p*/2*/d?g.[a-j]pg", "/photos/2024/dog.jpg\n", "", 0],
    ["ls photos/.h*", "photos/.hidden\n", "", 0],
    ["ls odd/a*b", "odd/a*b\nodd/aXb\n", "", 0],
    ["ls 'odd/a*b'", "odd/a*b\n", "", 0],
    ["ls odd/a\\*b", "odd/a*b\n", "", 0],
    ["ls odd/'a*'?", "odd/a*b\n", "", 0],
    ["X='*'; ls odd/a${X}b", "odd/a*b\n", "", 0],
    ["ls *.png", "", "ls: *.png: nothing matches this pattern\n", 3],
    ["find / -name *.jpg -type f", "/photos/cat.jpg\n/photos/2024/dog.jpg\n", "", 0],
  ])("SHELL-9 expands globs against the network: %j", async (lines, out, err, code) => {
    expect(await runLines(lines, { client: filled() })).toEqual({ out, err, code });
  });

  it.each<Row>([
    ["lsx", "", 'lsx: no such command; did you mean "ls"?\n', 127],
    ["qwertyuiop", "", 'qwertyuiop: no such command; "help" lists them\n', 127],
    ["mkdr a", "", 'mkdr: no such command; did you mean "mkdir"?\n', 127],
    ["mkdir", "", "mkdir: an operand is missing\nusage: mkdir [-p] DIR…\n", 2],
    ["pwd a", "", "pwd: too many operands\nusage: pwd [--json]\n", 2],
    [
      "ls --nope 5",
      "",
      "ls: unknown option '--nope'\nusage: ls [-1aldhrtSR] [--at WHEN] [--stale] [--json] [PATH…]\n",
      2,
    ],
    [
      "put --at 3 a",
      "",
      "put: unknown option '--at'\nusage: put [-Rnfcqv] [-P N] [--checksum] [--copies N] [--if-rev N] [--expire SPAN|TIME] [--json] LOCAL… [REMOTE]\n",
      2,
    ],
    [
      "head -n x a.txt",
      "",
      'head: --lines needs a whole number of at least 0, not "x"\nusage: head [-n LINES | -c BYTES] [--at WHEN] [--stale] FILE…\n',
      2,
    ],
    ["mkdir -- -x; ls -- -x", "", "", 0],
    ["mkdir $'a\\tb'", "", "", 0],
  ])("SHELL-10 tells usage errors with a usage line, and unknown commands: %j", async (lines, out, err, code) => {
    expect(await runLines(lines, { client: filled() })).toEqual({ out, err, code });
  });

  it("SHELL-11 redirects and pipes to the local side", async () => {
    const folder = localFolder();
    const client = filled();
    const at = { client };
    expect(await runLines(`lcd ${folder}; ls > names; echo more >> names; !cat names`, at)).toMatchObject({
      out: "a.txt\nb.txt\nodd\nphotos\nmore\n",
      code: 0,
    });
    expect(await runLines("cat a.txt | tr a-z A-Z; echo end", at)).toEqual({
      out: "ONE\nTWO\nend\n",
      err: "",
      code: 0,
    });
    expect(await runLines("ls | exit 3", at)).toMatchObject({ code: 3 });
    expect(await runLines("ls nope | cat", at)).toMatchObject({ code: 3 });
    expect(await runLines("X=from-shell; !echo $X", at)).toMatchObject({ out: "from-shell\n" });
    expect(await runLines("ls > /nowhere/x", at)).toEqual({
      out: "",
      err: "ls: /nowhere/x: no such file or directory\n",
      code: 3,
    });
    expect(await runLines(`lcd ${folder}; put - new.txt < names; cat new.txt | head -1`, at)).toMatchObject({
      out: "a.txt\n",
      code: 0,
    });
  });

  it("SHELL-11 a local command that stops reading is no failure", async () => {
    const client = new MemoryClient();
    client.add("/big", "line\n".repeat(400_000));
    expect(await runLines("cat big | head -1; echo on", { client })).toEqual({ out: "line\non\n", err: "", code: 0 });
  });

  it("SHELL-12 a redirected file is not touched when the command cannot run", async () => {
    const folder = localFolder();
    writeFileSync(join(folder, "keep"), "kept");
    const outcome = await runLines(`lcd ${folder}; lss > keep`, { client: filled() });
    expect(outcome.code).toBe(127);
    expect((await runLines(`lcd ${folder}; ls -Q > keep`, { client: filled() })).code).toBe(2);
    expect(readFileSync(join(folder, "keep"), "utf8")).toBe("kept");
  });
});

describe("the program", () => {
  it("SHELL-13 reads scripts from a file, from stdin and from -", async () => {
    const folder = localFolder();
    const script = join(folder, "script");
    writeFileSync(script, "#!/usr/bin/env dfs-shell\necho from file\n");
    const client = filled();
    expect(await runProgram([script], { client })).toEqual({ out: "from file\n", err: "", code: 0 });
    expect(await runProgram([], { client, stdin: "echo a\necho b" })).toEqual({ out: "a\nb\n", err: "", code: 0 });
    expect(await runProgram(["-"], { client, stdin: "echo 'c" })).toMatchObject({
      err: expect.stringMatching(/^stdin:1:6: /),
      code: 2,
    });
    expect(await runProgram([join(folder, "nope")])).toMatchObject({
      code: 3,
      err: expect.stringContaining("no such file"),
    });
  });

  it("SHELL-14 help and version start nothing", async () => {
    const openClient = (): never => {
      throw new Error("opened");
    };
    for (const argv of [["--help"], ["--version"], ["-c", "help; help ls; ls --help; pwd; lpwd; X=1; echo $X"]]) {
      const client = undefined;
      const outcome = await runProgram(argv, { client, openClient });
      expect(outcome).toMatchObject({ code: 0, err: "" });
    }
  });

  it("SHELL-14 help names every command and option that there is", async () => {
    const { out } = await runProgram(["--help"]);
    for (const text of [
      "-c, --command CMDS",
      "--timeout SECONDS",
      "--atomic",
      "--stale",
      "join INVITE",
      "ls ",
      "find ",
    ])
      expect(out).toContain(text);
    const find = await runLines("help find");
    for (const text of ["-name GLOB", "-maxdepth N", "-print0"]) expect(find.out).toContain(text);
  });

  it.each<[string[], string, number]>([
    [["--nope"], "unknown option '--nope'", 2],
    [["join", "a", "b"], "too many operands", 2],
    [["--color=red", "-c", "ls"], '--color is auto, always or never, not "red"', 2],
    [["--timeout", "0", "-c", "ls"], "--timeout needs a number of seconds", 2],
    [["join"], "join needs an invite", 2],
    [["-c", "ls", "x"], "-c and a script exclude each other", 2],
  ])("SHELL-15 refuses %j", async (argv, message, code) => {
    const outcome = await runProgram(argv);
    expect(outcome.code).toBe(code);
    expect(outcome.err).toContain(message);
    expect(outcome.err).toContain("usage: dfs-shell");
  });

  it("SHELL-15 joins a network", async () => {
    expect(await runProgram(["join", "xyz"])).toEqual({
      out: "joined network network of xyz as ben\n",
      err: "",
      code: 0,
    });
    expect(await runProgram(["join", "-"], { stdin: "abc\n" })).toMatchObject({
      out: "joined network network of abc as ben\n",
    });
  });

  it("SHELL-16 -n parses only, -x traces", async () => {
    const client = filled();
    expect(await runProgram(["-n", "-c", "rm a.txt"], { client })).toEqual({ out: "", err: "", code: 0 });
    expect(await runProgram(["-n", "-c", "rm 'a"], { client })).toMatchObject({ code: 2 });
    const traced = await runProgram(["-x", "-c", "X='a b'; echo $X a.txt"], { client });
    expect(traced).toEqual({ out: "a b a.txt\n", err: "+ X='a b'\n+ echo 'a b' a.txt\n", code: 0 });
  });

  it("SHELL-17 --timeout ends a command that takes too long, with a temporary code", async () => {
    const hold = (signal: AbortSignal | undefined): Promise<void> =>
      new Promise((resolve) => signal?.addEventListener("abort", () => resolve()));
    const client = new MemoryClient({ hold });
    client.add("/a", "x");
    const outcome = await runProgram(["--timeout", "0.05", "-c", "cat a; echo never"], { client });
    expect(outcome).toEqual({ out: "", err: "cat: did not end within 0.05 s (--timeout)\n", code: 5 });
  });

  it.concurrent.each<[string, string]>([
    ["cat /a", "cat: "],
    ["cat /a | cat", "cat: "],
    ["get /a -", "get: "],
    ["put - new", "put: "],
    ["ls *", "ls: "],
    ["cd photos", "cd: "],
    ["!sleep 60", ""],
    ["echo a | sleep 60", "echo: "],
  ])("SHELL-17 --timeout ends %j even when nothing hears its signal", async (lines, name) => {
    const never = (): Promise<never> => new Promise(() => undefined);
    const client = new MemoryClient({ hold: never });
    client.add("/a", "x");
    client.list = never;
    client.stat = never;
    const outcome = await runProgram(["--timeout", "0.05", "-c", `${lines}; echo never`], { client, stdin: "typed" });
    expect(outcome).toMatchObject({ err: `${name}did not end within 0.05 s (--timeout)\n`, code: 5 });
    expect(outcome.out).not.toContain("never");
  });

  it.concurrent("SHELL-17 --timeout ends a command whose client never opens", async () => {
    const openClient = (): Promise<MemoryClient> => new Promise(() => undefined);
    const started = performance.now();
    const outcome = await runProgram(["--timeout", "0.05", "-c", "ls"], { openClient });
    expect(outcome).toEqual({ out: "", err: "ls: did not end within 0.05 s (--timeout)\n", code: 5 });
    expect(performance.now() - started).toBeLessThan(stopMs);
  });

  it("SHELL-18 Ctrl-C cancels the running command and ends a script with 130", async () => {
    const listenersBefore = process.listenerCount("SIGINT");
    const hold = (signal: AbortSignal | undefined): Promise<void> =>
      new Promise((resolve) => {
        signal?.addEventListener("abort", () => resolve());
        for (const listener of process.listeners("SIGINT").slice(listenersBefore)) listener("SIGINT");
      });
    const client = new MemoryClient({ hold });
    client.add("/a", "x");
    const outcome = await runProgram(["-k", "-c", "-cat a; echo never"], { client });
    expect(outcome).toEqual({ out: "", err: "cat: interrupted\n", code: 130 });
    expect(process.listenerCount("SIGINT")).toBe(listenersBefore);
  });

  it("SHELL-19 a reader that goes away ends the script quietly", async () => {
    const folder = localFolder();
    const outcome = await runProgram(["-c", `cat big; !touch ${folder}/reached`], {
      client: filledBig(),
      brokenStdout: true,
    });
    expect(outcome).toMatchObject({ code: 0, err: "" });
    expect(existsSync(join(folder, "reached"))).toBe(false);
  });

  it("SHELL-20 closes the client at the end, and tells when it cannot be opened", async () => {
    const client = filled();
    await runLines("ls", { client });
    expect(client.isClosed).toBe(true);
    const { DfsError } = await import("../../src/core/errors.ts");
    const openClient = (): Promise<MemoryClient> =>
      Promise.reject(new DfsError("locked", "another process holds the data folder"));
    expect(await runProgram(["-c", "ls"], { openClient })).toEqual({
      out: "",
      err: "ls: another process holds the data folder\n",
      code: 5,
    });
  });
});

function filledBig(): MemoryClient {
  const client = new MemoryClient();
  client.add("/big", "line\n".repeat(100_000));
  return client;
}
