import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { localFolder, runLines, runProgram } from "./driver.ts";
import type { Outcome } from "./driver.ts";
import { MemoryClient } from "./memory-client.ts";
import type { MemoryClientOptions } from "./memory-client.ts";

/** A local folder with some files, `big` of several pieces. */
function folder(): string {
  const path = localFolder();
  mkdirSync(join(path, "tree"));
  writeFileSync(join(path, "a.txt"), "a\n");
  writeFileSync(join(path, "big"), Buffer.alloc(1024 * 1024, "x"));
  writeFileSync(join(path, "tree/b.txt"), "b\n");
  return path;
}

/** Runs lines in a folder; `{}` stands for it. What takes time is shown as `…`. */
async function run(lines: string, client = new MemoryClient(), local = folder()): Promise<Outcome> {
  const { code, out, err } = await runLines(`lcd ${local}; ${lines}`, { client });
  const plain = (text: string): string => text.replaceAll(local, "{}").replace(/\d+ ms \([^)]*\/s\)/g, "… ms");
  return { code, out: plain(out), err: plain(err) };
}

/** Holds each transfer until it is let go, or cancelled. */
function held(): {
  readonly options: MemoryClientOptions;
  readonly release: () => void;
  readonly began: Promise<void>;
} {
  let release = (): void => undefined;
  let begin = (): void => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const began = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const hold = async (signal: AbortSignal | undefined): Promise<void> => {
    begin();
    const aborted = new Promise<void>((resolve) => {
      signal?.addEventListener("abort", () => resolve(), { once: true });
    });
    await Promise.race([released, aborted]);
  };
  return { options: { hold }, release, began };
}

describe("jobs in scripts", () => {
  it.each<[lines: string, outcome: Partial<Outcome>]>([
    ["put a.txt / & wait; cat a.txt", { code: 0, out: "a\n", err: "" }],
    ["put -R tree & put a.txt & wait; ls -R", { code: 0, out: ".:\na.txt\ntree\n\n./tree:\nb.txt\n" }],
    ["put a.txt & wait %1; jobs", { out: "[1]  done  put a.txt  1 file, 2 B in … ms, 2 copies\n" }],
    ["put nope & wait", { code: 3, out: "", err: "put: nope: no such file or directory\n" }],
    ["put tree & -wait %1", { code: 0, err: "[1] failed: put tree: {}/tree: is a directory (use -R)\n" }],
    ["put tree & wait; echo no", { code: 4, out: "" }],
    ["put a.txt & wait; lmkdir d; get a.txt d & wait; !cat d/a.txt", { code: 0, out: "a\n" }],
    ["X=tree; put -R $X & wait; jobs", { out: "[1]  done  put -R $X  1 file, 2 B in … ms, 2 copies\n" }],
    ["put -n a.txt & wait; ls; jobs", { code: 0, out: "would put {}/a.txt\n" }],
    ["put - x < a.txt & wait; cat x; jobs", { out: "a\n[s1]  done  put - x < a.txt  a job of this shell\n" }],
    ["mkdir d & wait %s1; ls", { code: 0, out: "d\n" }],
    ["mkdir a && mkdir b & wait; ls", { code: 0, out: "a\nb\n" }],
    ["cat nope & wait", { code: 3, out: "", err: "cat: nope: no such file or directory\n" }],
    ["cat nope & wait; jobs", { code: 3 }],
    ["cat nope & -wait; jobs", { out: "[s1]  failed  cat nope  a job of this shell: exit code 3\n" }],
    ["mkdir d; cd d & wait; pwd", { code: 0, out: "/\n" }],
    ["X=1; X=2 & wait; echo $X", { code: 0, out: "1\n" }],
    ["!echo hi & wait", { code: 0, out: "hi\n" }],
    ["!exit 3 & wait", { code: 3 }],
    ["echo a | cat & wait", { code: 0, out: "a\n" }],
    ["exit 3 & wait; echo here", { code: 3, out: "" }],
    ["wait; jobs", { code: 0, out: "" }],
    ["wait %7", { code: 3, err: "wait: %7: there is no such job: see jobs\n" }],
    ["wait %s7", { code: 3, err: "wait: %s7: there is no such job: see jobs\n" }],
    ["kill 7", { code: 3, err: "kill: 7: there is no such job: see jobs\n" }],
    ["kill x", { code: 2, err: 'kill: x: a job is %N or %sN, as jobs lists them, not "x"\n' }],
    ["pause %s1", { code: 2, err: "pause: %s1: only a transfer can be paused, not a job of the shell\n" }],
    ["fg", { code: 3, err: "fg: no transfer goes on: see jobs\n" }],
    ["fg 4", { code: 3, err: "fg: %4: there is no such job: see jobs\n" }],
    ["put a.txt & wait; kill 1", { code: 2, err: "kill: 1: job 1 has ended already: it is done\n" }],
    ["put a.txt & wait; fg 1; jobs", { code: 0, out: "" }],
    ["mkdir d & wait; kill %s1", { code: 2, err: "kill: %s1: job s1 has ended already\n" }],
  ])("JOB-14 %s", async (lines, outcome) => {
    expect(await run(lines)).toMatchObject(outcome);
  });

  it("JOB-14 jobs are paused, resumed and killed by another shell of the user, and wait ends with 130 then", async () => {
    const { options, release, began } = held();
    const client = new MemoryClient(options);
    const local = folder();
    const waiting = run("put big & wait", client.another(), local);
    await began;
    expect(await run("pause 1; jobs", client.another())).toMatchObject({
      out: "[1]  paused  put big  0/1 file, 0% of 1.0 MiB\n",
    });
    release();
    expect(await run("resume %1; wait %1; ls", client.another())).toMatchObject({ code: 0 });
    expect((await waiting).code).toBe(0);
    const again = held();
    const other = new MemoryClient(again.options);
    const killed = run("put big & wait", other.another(), local);
    await again.began;
    expect(await run("kill 1; jobs", other.another())).toMatchObject({
      code: 0,
      out: "[1]  cancelled  put big  nothing is through\n",
    });
    expect(await killed).toMatchObject({ code: 130, err: "[1] cancelled: put big: nothing is through\n" });
    expect(await run("ls", other.another())).toMatchObject({ out: "" });
  });

  it("JOB-14 --json gives one object a job", async () => {
    const { out } = await run("put a.txt & mkdir d & wait; jobs --json");
    const [transfer, own] = out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(transfer).toMatchObject({
      id: "1",
      kind: "put",
      command: "put a.txt",
      state: "done",
      endedFiles: 1,
      bytes: 2,
    });
    expect(transfer?.["summary"]).toMatchObject({ files: 1, failed: 0 });
    expect(own).toMatchObject({ id: "s1", kind: "shell", command: "mkdir d", state: "done", exitCode: 0 });
    for (const job of [transfer, own]) {
      expect(job?.["started"]).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
      expect(job?.["ended"]).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
    }
  });

  it("JOB-15 the end of a script leaves transfers to a daemon, and waits for those of a peer in its own process", async () => {
    const { options, release, began } = held();
    const client = new MemoryClient(options);
    const local = folder();
    expect(await run("put big &", client.another(), local)).toEqual({ code: 0, out: "", err: "" });
    await began;
    expect(await run("jobs", client.another())).toMatchObject({
      out: "[1]  running  put big  0/1 file, 0% of 1.0 MiB\n",
    });
    release();
    await client.followJob((await client.jobs())[0]!.id);
    const alone = held();
    const own = new MemoryClient(alone.options);
    own.hasDaemon = false;
    let hasEnded = false;
    const ended = run("put big &", own, local).then((outcome) => {
      hasEnded = true;
      return outcome;
    });
    await alone.began;
    await new Promise(setImmediate);
    expect([hasEnded, own.isClosed]).toEqual([false, false]);
    alone.release();
    expect(await ended).toEqual({ code: 0, out: "", err: "" });
    expect((await own.jobs())[0]?.state).toBe("done");
  });

  it("JOB-15 the end of a script stops the shell's own jobs that nobody waited for, and says so", async () => {
    const { options } = held();
    expect(await run("cat big &", Object.assign(filled(options)))).toEqual({
      code: 0,
      out: "",
      err: "[s1] stopped with the script, which did not wait for it: cat big\ncat: interrupted\n",
    });
  });

  it("JOB-15 a script in the foreground still ends with its transfer when the client does", async () => {
    const client = new MemoryClient();
    expect((await run("put a.txt; jobs", client)).out).toBe("");
  });

  it("JOB-16 an atomic script has nothing in the background", async () => {
    const outcome = await runProgram(["--atomic", "-c", "mkdir a\nput x &"], { client: new MemoryClient() });
    expect(outcome).toEqual({
      code: 2,
      out: "",
      err: "-c:2:1: with --atomic nothing runs in the background: all changes are to happen as one\nput x &\n^\ndfs-shell: --atomic: nothing was changed\n",
    });
  });

  it("JOB-17 logout stops the user's transfers", async () => {
    const { options, began } = held();
    const client = new MemoryClient(options);
    const local = folder();
    const password = join(local, "password");
    writeFileSync(password, "seven blue kites\n", { mode: 0o600 });
    const running = run(
      `adduser --password-file password ann; login --password-file password ann; put big & wait`,
      client,
      local,
    );
    await began;
    expect(existsSync(password) && readFileSync(password, "utf8")).toContain("kites");
    const hers = client.another();
    expect(await run("login --password-file password ann; logout", hers, local)).toMatchObject({
      code: 0,
      err: "logout: note: 1 of your transfers stopped\n",
    });
    expect(await running).toMatchObject({ code: 6, err: "[1] cancelled: put big: ann has logged out\n" });
  });
});

function filled(options: MemoryClientOptions): MemoryClient {
  const client = new MemoryClient(options);
  client.add("/big", "big\n");
  return client;
}
