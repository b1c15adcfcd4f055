/** What scripts are made of: parameters, variables, options of the shell, conditions, other scripts, places of errors. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { toDfsError } from "../../src/core/errors.ts";
import { conditionWordsMax, scriptDepthMax } from "../../src/core/limits.ts";
import { isTrue } from "../../src/shell/conditions.ts";
import type { Sight } from "../../src/shell/conditions.ts";
import { localFolder, runLines, runProgram } from "./driver.ts";
import { MemoryClient } from "./memory-client.ts";

function filled(): MemoryClient {
  const client = new MemoryClient();
  client.add("/a.txt", "one\n");
  client.add("/b.txt", "bee\n");
  client.add("/empty", "");
  client.add("/photos/cat.jpg", "meow");
  return client;
}

function script(folder: string, name: string, ...lines: readonly string[]): string {
  const path = join(folder, name);
  writeFileSync(path, `${lines.join("\n")}\n`);
  return path;
}

type Row = readonly [lines: string, out: string, err: string, code: number];

describe("parameters", () => {
  it("SCRIPT-4 what follows a script's name is its own, options too", async () => {
    const path = script(localFolder(), "s.dfs", 'echo $# $1 ${2} "$3"', "ls $4");
    const outcome = await runProgram(["-k", path, "a b", "-v", "--data", "*.txt"], { client: filled() });
    expect(outcome).toEqual({
      out: "4 a b -v --data\n",
      err: `${path}:2:1: ls: *.txt: no such file or directory\n`,
      code: 3,
    });
    const fromStdin = await runProgram(["-", "--json", "x"], { client: filled(), stdin: "echo $# $2" });
    expect(fromStdin).toEqual({ out: "2 x\n", err: "", code: 0 });
  });

  it("SCRIPT-4 a file as editors of other systems write it is read as it is meant", async () => {
    const path = join(localFolder(), "s.dfs");
    writeFileSync(path, "\ufeffecho a $1\r\n# done\r\necho b\r\n");
    expect(await runProgram([path, "1"], { client: filled() })).toEqual({ out: "a 1\nb\n", err: "", code: 0 });
  });

  it("SCRIPT-4 local commands have the same parameters", async () => {
    const path = script(localFolder(), "s.dfs", '!echo "$# $1 $2"', 'echo | sed "s/^/$2/"');
    expect(await runProgram([path, "a b", "c"], { client: filled() })).toEqual({
      out: "2 a b c\nc\n",
      err: "",
      code: 0,
    });
  });

  it("SCRIPT-4 one that was not given is an error; ten are too many", async () => {
    const path = script(localFolder(), "s.dfs", "echo $#", "rm -r /$1");
    expect(await runProgram([path], { client: filled() })).toEqual({
      out: "0\n",
      err: `${path}:2:8: the script was given no parameter $1\nrm -r /$1\n       ^\n`,
      code: 2,
    });
    const ten = Array.from({ length: 10 }, String);
    expect(await runProgram([path, ...ten], { client: filled() })).toMatchObject({
      out: "",
      err: expect.stringContaining("a script takes at most 9 parameters, not 10"),
      code: 2,
    });
    expect(await runLines("echo $#", { client: filled() })).toMatchObject({ out: "0\n" });
  });
});

describe("variables", () => {
  const env = { SHELL_HOME: "/home/ann", DFS_PASSWORD: "secret password", "odd-name": "x" };

  it.each<Row>([
    ["echo $SHELL_HOME", "/home/ann\n", "", 0],
    ["SHELL_HOME=/x; echo $SHELL_HOME; !echo $SHELL_HOME", "/x\n/x\n", "", 0],
    ["set X 'a b'; set Y ''; set A -1; set", "A=-1\nX='a b'\nY=\n", "", 0],
    ["SHELL_HOME=/x; set; set --json", 'SHELL_HOME=/x\n{"name":"SHELL_HOME","value":"/x"}\n', "", 0],
    ["set", "", "", 0],
    ["X=1; unset X NONE SHELL_HOME; set; !echo [$X$SHELL_HOME]", "[]\n", "", 0],
    [
      "X=1; unset X; echo $X",
      "",
      "-c:1:20: the variable X is not set\nX=1; unset X; echo $X\n                   ^\n",
      2,
    ],
    ["echo $DFS_PASSWORD", "", "-c:1:6: the variable DFS_PASSWORD is not set\necho $DFS_PASSWORD\n     ^\n", 2],
  ])("SCRIPT-5 %j", async (lines, out, err, code) => {
    vi.stubEnv("SHELL_HOME", env.SHELL_HOME);
    expect(await runLines(lines, { client: filled(), env })).toEqual({ out, err, code });
    vi.unstubAllEnvs();
  });

  it.each<readonly [lines: string, err: string]>([
    ["set 1X a", `set: a variable's name has letters, digits and _, and begins with no digit; not "1X"`],
    ["set X", "set: a name and a value are needed"],
    ["set X a b", "set: a name and a value are needed"],
    ["set -z", "set: unknown option '-z'"],
    ["set -o nope", "set: unknown option 'nope'"],
    ["set -x +u", "set: nounset cannot be switched off"],
    ["unset", "unset: an operand is missing"],
    ["unset ?", "unset: a variable's name"],
  ])("SCRIPT-6 refuses %j", async (lines, err) => {
    const outcome = await runLines(lines, { client: filled() });
    expect(outcome).toMatchObject({ out: "", code: 2 });
    expect(outcome.err).toContain(err);
    expect(outcome.err).toContain("usage: ");
  });

  it.each<Row>([
    ["set -k; ls nope; echo on", "on\n", "ls: nope: no such file or directory\n", 3],
    ["set +e; ls nope; set -e; ls nope; echo never", "", "ls: nope: no such file or directory\n".repeat(2), 3],
    ["set -x; echo a; set +x; echo b", "a\nb\n", "+ echo a\n+ set +x\n", 0],
    ["set -o json; pwd; set +o json; pwd", '{"path":"/"}\n/\n', "", 0],
    ["set -euo pipefail; echo on", "on\n", "", 0],
    [
      "set -kvo stale; set -o",
      [
        "set +o errexit",
        "set +o json",
        "set -o keep-going",
        "set -o nounset",
        "set -o pipefail",
        "set +o quiet",
        "set -o stale",
        "set +o trace",
        "set -o verbose",
        "",
      ].join("\n"),
      "",
      0,
    ],
    ["set -qx; set -o --json | head -1", '{"option":"errexit","on":true}\n', "+ set -o --json | head -1\n", 0],
  ])("SCRIPT-6 set changes how the shell goes on: %j", async (lines, out, err, code) => {
    const outcome = await runLines(lines, { client: filled() });
    expect(outcome).toEqual({ out, err, code });
  });
});

describe("source", () => {
  it("SCRIPT-7 runs a local file here: its variables, directory and options stay", async () => {
    const folder = localFolder();
    script(folder, "inner.dfs", "NAME=$1; cd photos; set -k; echo $# $1");
    const lines = `lcd ${folder}; source inner.dfs deep 2; echo $NAME $#; pwd; ls nope; echo on`;
    expect(await runLines(lines, { client: filled() })).toEqual({
      out: "2 deep\ndeep 0\n/photos\non\n",
      err: "ls: nope: no such file or directory\n",
      code: 3,
    });
  });

  it("SCRIPT-7 its parameters end with it; without any it has those of its caller", async () => {
    const folder = localFolder();
    script(folder, "inner.dfs", "echo inner $# $1");
    const path = script(folder, "outer.dfs", `lcd ${folder}`, "source inner.dfs x y", "source inner.dfs", "echo $# $1");
    expect(await runProgram([path, "own"], { client: filled() })).toMatchObject({
      out: "inner 2 x\ninner 1 own\n1 own\n",
      code: 0,
    });
  });

  it("SCRIPT-7 stops at its first failing command, ends with exit, and goes where it is redirected to", async () => {
    const folder = localFolder();
    script(folder, "fails.dfs", "echo before; ls nope; echo never");
    script(folder, "exits.dfs", "echo out; exit 7");
    script(folder, "prints.dfs", "echo one; !echo two; echo three | tr a-z A-Z; put - x; cat x");
    const at = { client: filled() };
    expect(await runLines(`lcd ${folder}; -source fails.dfs; echo $?`, at)).toEqual({
      out: "before\n3\n",
      err: "fails.dfs:1:14: ls: nope: no such file or directory\n",
      code: 0,
    });
    expect(await runLines(`lcd ${folder}; source exits.dfs; echo never`, at)).toEqual({
      out: "out\n",
      err: "",
      code: 7,
    });
    expect(
      await runLines(`lcd ${folder}; source prints.dfs > all < fails.dfs; echo --; !cat all | head -4`, at),
    ).toEqual({ out: "--\none\ntwo\nTHREE\necho before; ls nope; echo never\n", err: "", code: 0 });
    expect(await runLines(`lcd ${folder}; source prints.dfs < fails.dfs | head -1`, at)).toMatchObject({
      out: "one\n",
      code: 0,
    });
  });

  it("SCRIPT-7 a syntax error runs nothing of it; one that runs itself ends", async () => {
    const folder = localFolder();
    script(folder, "broken.dfs", "echo never", "ls 'x");
    script(folder, "endless.dfs", "source endless.dfs");
    const at = { client: filled() };
    expect(await runLines(`lcd ${folder}; source broken.dfs`, at)).toEqual({
      out: "",
      err: "broken.dfs:2:4: the quote ' is never closed\nls 'x\n   ^\n",
      code: 2,
    });
    expect(await runLines(`lcd ${folder}; source endless.dfs`, at)).toMatchObject({
      err: expect.stringContaining(`source: scripts are nested ${scriptDepthMax} deep: does one run itself?`),
      code: 2,
    });
    expect(await runLines("source /nowhere/x", at)).toEqual({
      out: "",
      err: "source: /nowhere/x: no such file or directory\n",
      code: 3,
    });
    expect(await runLines("source", at)).toMatchObject({ code: 2 });
  });

  it("SCRIPT-7 Ctrl-C ends it, and what it stands in", async () => {
    const path = script(localFolder(), "slow.dfs", "-cat a.txt; echo never");
    const before = process.listenerCount("SIGINT");
    const hold = (signal: AbortSignal | undefined): Promise<void> =>
      new Promise((resolve) => {
        signal?.addEventListener("abort", () => resolve());
        for (const listener of process.listeners("SIGINT").slice(before)) listener("SIGINT");
      });
    const client = new MemoryClient({ hold });
    client.add("/a.txt", "x");
    const outcome = await runProgram(["-k", "-c", `-source ${path}; echo never`], { client });
    expect(outcome).toEqual({ out: "", err: `${path}:1:1: cat: interrupted\n`, code: 130 });
  });

  it("SCRIPT-7 --timeout bounds it, with the code of what had no time left", async () => {
    for (const lines of ["sleep 60; echo never", "sleep 0.06; sleep 0.06; echo never"]) {
      const path = script(localFolder(), "slow.dfs", lines);
      const outcome = await runProgram(["--timeout", "0.1", "-c", `source ${path}; echo never`], { client: filled() });
      expect(outcome).toEqual({
        out: "",
        err: expect.stringContaining("sleep: did not end within 0.1 s (--timeout)"),
        code: 5,
      });
    }
  });
});

describe("conditions", () => {
  it.each<readonly [expression: string, code: number]>([
    ["-e a.txt", 0],
    ["-e nope", 1],
    ["-e a.txt/x", 1],
    ["-f a.txt", 0],
    ["-f photos", 1],
    ["-d photos", 0],
    ["-d a.txt", 1],
    ["-s a.txt", 0],
    ["-s empty", 1],
    ["-e ''", 1],
    ["-e *a.txt", 0],
    ["-n x", 0],
    ["-n ''", 1],
    ["-z ''", 0],
    ["-z x", 1],
    ["", 1],
    ["x", 0],
    ["''", 1],
    ["-e", 0],
    ["!", 0],
    ["a = a", 0],
    ["a = b", 1],
    ["a != b", 0],
    ["-n = -n", 0],
    ["! = !", 0],
    ["-7 -eq -007", 0],
    ["2 -ne 2", 1],
    ["9 -lt 10", 0],
    ["10 -le 10", 0],
    ["10 -gt 9", 0],
    ["9 -ge 10", 1],
    ["! -e nope", 0],
    ["! ! -e a.txt", 0],
    ["-e a.txt -a -e nope", 1],
    ["-e a.txt -o -e nope", 0],
    ["-e nope -a -e nope -o x", 0],
    ["-e nope -a ( -e nope -o x )", 1],
    ["! ( a = b )", 0],
    ["x -o 1 -eq nonsense", 0],
    ["a b", 2],
    ["a = ", 2],
    ["( a = a", 2],
    ["a -eq 1", 2],
    ["-n x -a", 2],
  ])("SCRIPT-8 test %s gives %i", async (expression, code) => {
    const at = { client: filled() };
    expect(await runLines(`test ${expression}`, at)).toMatchObject({ out: "", code });
    expect(await runLines(`[ ${expression} ]`, at)).toMatchObject({ out: "", code });
  });

  it("SCRIPT-8 ltest looks at local files, test and [ at remote ones", async () => {
    const folder = localFolder();
    script(folder, "here", "x");
    const at = { client: filled() };
    const lines = `lcd ${folder}; ltest -s here -a -d . -a ! -e a.txt && test -e a.txt -a ! -e here && echo both`;
    expect(await runLines(lines, at)).toEqual({ out: "both\n", err: "", code: 0 });
    expect(await runLines("[ a", at)).toMatchObject({
      err: expect.stringContaining("[: a ] is missing at the end"),
      code: 2,
    });
    const long = Array.from({ length: conditionWordsMax + 1 }, () => "!").join(" ");
    expect(await runLines(`test ${long}`, at)).toMatchObject({ err: expect.stringContaining("words"), code: 2 });
  });

  it("SCRIPT-8 any words are an answer or a usage error", async () => {
    const words = fc.constantFrom(..."-e -f -d -s -n -z = != -eq -lt ! ( ) -a -o a 1".split(" "), "");
    const look = async (path: string): Promise<Sight | undefined> =>
      path.length > 1 ? { kind: "file", sizeBytes: 1 } : undefined;
    await fc.assert(
      fc.asyncProperty(fc.array(words, { maxLength: 12 }), async (typed) => {
        const outcome = await isTrue(typed, look).catch((error: unknown) => toDfsError(error).kind);
        expect([true, false, "usage"]).toContain(outcome);
      }),
      { numRuns: 2000 },
    );
    const deep = [...Array.from({ length: conditionWordsMax - 1 }, () => "("), "x"];
    await expect(isTrue(deep, look)).rejects.toMatchObject({ kind: "usage" });
  });

  it("SCRIPT-8 what cannot be known is no answer", async () => {
    const client = filled();
    const { DfsError } = await import("../../src/core/errors.ts");
    client.stat = () => Promise.reject(new DfsError("unreachable", "nobody answers"));
    expect(await runLines("test -e a.txt || echo no; echo never", { client })).toEqual({
      out: "no\nnever\n",
      err: "test: a.txt: nobody answers\n",
      code: 0,
    });
    expect(await runLines("test -e a.txt && echo yes; echo never", { client })).toEqual({
      out: "",
      err: "test: a.txt: nobody answers\n",
      code: 5,
    });
  });
});

describe("time and sleep", () => {
  it.each<readonly [lines: string, out: string, err: RegExp, code: number]>([
    ["time echo a *.txt", "a a.txt b.txt\n", /^real \d+\.\d{3} s\n$/, 0],
    ["time cat a.txt | tr a-z A-Z", "ONE\n", /^real \d+\.\d{3} s\n$/, 0],
    ["-time ls nope; echo $?", "3\n", /^ls: nope: no such file or directory\nreal \d+\.\d{3} s\n$/, 0],
    ["time time echo a", "a\n", /^(real \d+\.\d{3} s\n){2}$/, 0],
    ["time", "", /^time: an operand is missing\nusage: time /, 2],
    ["time lss", "", /^lss: no such command; did you mean "ls"\?\n$/, 127],
    ["sleep 0.001; sleep 0s; sleep 0m; sleep 0h; echo on", "on\n", /^$/, 0],
    ["sleep", "", /^sleep: an operand is missing\nusage: sleep N\[s\|m\|h\]\n$/, 2],
    ["sleep -1", "", /^sleep: unknown option '-1'/, 2],
    ["sleep 1d", "", /^sleep: a time as 5, 1.5m or 2h is needed, at most 24 days, not "1d"\n/, 2],
    ["sleep 600h", "", /^sleep: a time as 5/, 2],
  ])("SCRIPT-9 %j", async (lines, out, err, code) => {
    const outcome = await runLines(lines, { client: filled() });
    expect(outcome).toEqual({ out, err: expect.stringMatching(err), code });
  });

  it("SCRIPT-9 time tells the time that the command took, sleep takes its time", async () => {
    const started = performance.now();
    const { err } = await runLines("time sleep 0.05", { client: filled() });
    expect(performance.now() - started).toBeGreaterThan(45);
    expect(Number(/real (\S+) s/.exec(err)?.[1])).toBeGreaterThan(0.045);
  });

  it("SCRIPT-9 a command that cannot run touches no file, also behind time", async () => {
    const folder = localFolder();
    script(folder, "keep", "kept");
    const outcome = await runLines(`lcd ${folder}; -time lss > keep; -time ls -Q > keep; !cat keep`, {
      client: filled(),
    });
    expect(outcome).toMatchObject({ out: "kept\n", code: 0 });
  });
});

describe("errors in script files", () => {
  const lines = [
    "#!/usr/bin/env dfs-shell",
    "  -ls nope nada; -lss",
    "-put /nowhere/x /nowhere/y .",
    "\t-echo a > /nowhere/x",
    "-mkdir",
    "-test 猫 -eq 1; -time cat photos",
  ];
  const told = (path: string): string =>
    [
      `${path}:2:3: ls: nope: no such file or directory`,
      `${path}:2:3: ls: nada: no such file or directory`,
      `${path}:2:18: lss: no such command; did you mean "ls"?`,
      `${path}:3:1: put: /nowhere/x: no such file or directory`,
      `${path}:3:1: put: /nowhere/y: no such file or directory`,
      `${path}:4:2: echo: /nowhere/x: no such file or directory`,
      `${path}:5:1: mkdir: an operand is missing`,
      "usage: mkdir [-p] DIR…",
      `${path}:6:1: test: "猫" is no whole number`,
      `${path}:6:16: cat: photos: is a directory`,
    ].join("\n");
  const withoutTimes = (err: string): string => err.replace(/^usage: test.*\n|^real .*\n/gm, "").trimEnd();

  it("SCRIPT-10 name file, line and column, also of a file that another one runs", async () => {
    const path = script(localFolder(), "s.dfs", ...lines);
    const own = await runProgram([path], { client: filled() });
    expect(withoutTimes(own.err)).toBe(told(path));
    const sourced = await runLines(`source ${path}; ls nope`, { client: filled() });
    expect(withoutTimes(sourced.err)).toBe(`${told(path)}\nls: nope: no such file or directory`);
  });

  it("SCRIPT-10 elsewhere they name the command first", async () => {
    const path = script(localFolder(), "s.dfs", ...lines);
    const expected = told(path).replaceAll(/^.*?\.dfs:\d+:\d+: /gm, "");
    expect(withoutTimes((await runLines(lines.join("\n"), { client: filled() })).err)).toBe(expected);
    const fromStdin = await runProgram([], { client: filled(), stdin: lines.join("\n") });
    expect(withoutTimes(fromStdin.err)).toBe(expected);
  });
});
