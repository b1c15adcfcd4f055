/** Scripts as real programs: started by their first line, and every exit code in every form. */
import { type ChildProcess, spawn } from "node:child_process";
import { chmod, symlink, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { flipBits } from "../faults/bit-flips.ts";
import { Prng } from "../sim/prng.ts";
import { Processes } from "./processes.ts";
import type { ShellResult } from "./processes.ts";

const program = resolve(import.meta.dirname, "../../bin/dfs-shell.js");
const minute = 60_000;
const processes = new Processes();
/** Has the data folder as the environment names it, and a `dfs-shell` on the path. */
let home = "";
let env: NodeJS.ProcessEnv = {};

beforeAll(async () => {
  home = await processes.folder();
  const peer = await processes.peer(join(home, "dfs-shell"), ["--name", "ann"]);
  const bin = await processes.folder();
  await symlink(program, join(bin, "dfs-shell"));
  env = { XDG_DATA_HOME: home, PATH: `${bin}:${process.env["PATH"]}` };
  await writeFile(join(home, "one.txt"), "one");
  await writeFile(join(home, "two.txt"), "two");
  await processes.run(peer.folder, `lcd ${home}; mkdir /there; put one.txt /damaged`);
  await flipBits([peer.folder], 1, new Prng(1));
  await processes.run(peer.folder, `lcd ${home}; put two.txt /there/one.txt`);
}, minute);
afterAll(() => processes.clean());

/** Runs a program of this name or path to its end, in `home`. `onTrace` is called when it has traced its first command. */
async function run(
  name: string,
  args: readonly string[],
  input = "",
  onTrace?: (child: ChildProcess) => void,
): Promise<ShellResult> {
  const child = spawn(name, args, { cwd: home, env: { ...process.env, ...env }, stdio: "pipe" });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (bytes: Buffer) => (stdout += bytes.toString()));
  child.stderr.on("data", (bytes: Buffer) => {
    if (stderr === "") onTrace?.(child);
    stderr += bytes.toString();
  });
  child.stdin.end(input);
  const code = await new Promise<number | null>((done, failed) => {
    child.once("error", failed);
    child.once("close", done);
  });
  return { code: code ?? -1, stdout, stderr };
}

describe("a script file with a first line for the system", () => {
  it("SCRIPT-12 is a program: with parameters, stdin, stdout and an exit code", async () => {
    const path = join(home, "store.dfs");
    const lines = [
      "#!/usr/bin/env dfs-shell",
      "# Stores stdin as /there/NAME.",
      "put -qf - /there/$1",
      "cat /there/$1",
      "test $# -eq 1",
      "ls nope",
    ];
    await writeFile(path, `${lines.join("\n")}\n`);
    await chmod(path, 0o755);
    expect(await run(path, ["a name"], "typed")).toEqual({
      code: 3,
      stdout: "typed",
      stderr: `${path}:6:1: ls: nope: no such file or directory\n`,
    });
    expect(await run(path, ["-k", "--data"], "x")).toMatchObject({ code: 1, stdout: "x", stderr: "" });
    expect(await run(path, [])).toMatchObject({ code: 2, stderr: expect.stringContaining(`${path}:3:18: `) as string });
  });

  it("SCRIPT-12 takes options of the shell where the system can hand several on", async () => {
    const path = join(home, "traced.dfs");
    await writeFile(path, "#!/usr/bin/env -S dfs-shell -kx\nls nope\necho $1\n");
    await chmod(path, 0o755);
    expect(await run(path, ["on"])).toEqual({
      code: 3,
      stdout: "on\n",
      stderr: `+ ls nope\n${path}:2:1: ls: nope: no such file or directory\n+ echo on\n`,
    });
  });
});

/** Options of the shell, commands, exit code. */
const rows: readonly (readonly [code: number, commands: string, options: readonly string[]])[] = [
  [0, "mkdir -p /there; cat /there/one.txt", []],
  [1, "put one.txt two.txt /there", []],
  [2, "ls --nope", []],
  [2, "echo 'never closed", []],
  [3, "cat /nope", []],
  [4, "mkdir /there", []],
  [5, "sleep 60", ["--timeout", "0.05"]],
  [6, "share /there nobody", []],
  [7, "fsck", []],
  [127, "nope", []],
  [130, "sleep 60", ["-x"]],
];

describe("exit codes", () => {
  it.each<(typeof rows)[number]>(rows)(
    "SCRIPT-13 %i by %j, in -c, a file and on stdin",
    async (code, commands, options) => {
      const path = join(home, `code-${code}.dfs`);
      await writeFile(path, `${commands}\necho never >> ${path}.reached\n`);
      const onTrace = options.includes("-x") ? (child: ChildProcess) => child.kill("SIGINT") : undefined;
      const codes = [
        await run("dfs-shell", [...options, "-c", commands], "", onTrace),
        await run("dfs-shell", [...options, path], "", onTrace),
        await run("dfs-shell", options, commands, onTrace),
        await run("dfs-shell", [...options, "-"], `${commands}\necho never\n`, onTrace),
      ];
      expect(codes.map((result) => result.code)).toEqual([code, code, code, code]);
      if (code !== 0) expect(codes.map(({ stdout }) => stdout).join("")).not.toContain("never");
    },
  );
});
