import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { DfsError } from "../../src/core/errors.ts";
import { localFolder, runLines, runProgram } from "./driver.ts";
import type { Outcome, RunOptions } from "./driver.ts";
import { MemoryClient } from "./memory-client.ts";
import type { MemoryClientOptions } from "./memory-client.ts";

function filled(options: MemoryClientOptions = {}): MemoryClient {
  const client = new MemoryClient(options);
  client.add("/a.txt", "one");
  client.add("/b.txt", "bee");
  return client;
}

const nothing = "dfs-shell: --atomic: nothing was changed\n";

function runAtomic(lines: string, options: RunOptions): Promise<Outcome> {
  return runProgram(["--atomic", "-c", lines], options);
}

async function seen(client: MemoryClient): Promise<string> {
  return (await runLines("ls", { client })).out;
}

describe("--atomic", () => {
  it.each<readonly [lines: string, out: string, after: string]>([
    ["mkdir d; mv a.txt d; ls d", "a.txt\n", "b.txt\nd\n"],
    ["rm a.txt; ls nope || mkdir c", "", "b.txt\nc\n"],
    ["rm a.txt; exit 0; rm b.txt", "", "b.txt\n"],
    ["rm a.txt; -rm nope; cp b.txt c.txt", "", "b.txt\nc.txt\n"],
    ["ls", "a.txt\nb.txt\n", "a.txt\nb.txt\n"],
    ["echo nothing at all", "nothing at all\n", "a.txt\nb.txt\n"],
  ])("SHELL-61 %j changes all, and sees its own changes", async (lines, out, after) => {
    const client = filled();
    expect(await runAtomic(lines, { client })).toMatchObject({ out, code: 0 });
    expect(await seen(client)).toBe(after);
  });

  it.each<readonly [lines: string, code: number]>([
    ["rm a.txt; rm nope; rm b.txt", 3],
    ["rm a.txt; mkdir b.txt", 4],
    ["rm a.txt; exit 7", 7],
    ["rm a.txt; ls nope || lss", 127],
    ["rm a.txt; echo $nope", 2],
    ["rm a.txt; ls 'b", 2],
    ["rm a.txt; !exit 9", 9],
  ])("SHELL-61 %j changes nothing, and says so", async (lines, code) => {
    const client = filled();
    const outcome = await runAtomic(lines, { client });
    expect(outcome.code).toBe(code);
    expect(outcome.err.endsWith(nothing)).toBe(true);
    expect(await seen(client)).toBe("a.txt\nb.txt\n");
  });

  it("SHELL-61 scripts from files and stdin, with -k and with puts, are atomic as well", async () => {
    const folder = localFolder();
    mkdirSync(join(folder, "tree"));
    writeFileSync(join(folder, "tree/new.txt"), "new");
    const script = join(folder, "script");
    writeFileSync(script, `lcd ${folder}; put -R tree; put -f tree/new.txt a.txt\ncat a.txt tree/new.txt; false`);
    const client = filled();
    expect(await runProgram(["--atomic", script], { client })).toMatchObject({ out: "newnew", code: 127 });
    expect(await seen(client)).toBe("a.txt\nb.txt\n");
    expect(await runProgram(["--atomic", "-k"], { client, stdin: "rm nope; rm a.txt" })).toMatchObject({ code: 3 });
    expect(await seen(client)).toBe("a.txt\nb.txt\n");
    writeFileSync(script, `lcd ${folder}; put -R tree; rm a.txt`);
    expect(await runProgram(["-v", "--atomic", script], { client })).toMatchObject({
      code: 0,
      err: "dfs-shell: --atomic: 3 changes committed\n",
    });
    expect(await seen(client)).toBe("b.txt\ntree\n");
    expect(client.isClosed).toBe(true);
  });

  it("SHELL-62 a conflict at the end changes nothing and ends with 4", async () => {
    const client: MemoryClient = filled({ hold: async () => client.add("/a.txt", "theirs") });
    const outcome = await runAtomic("mkdir d; mv a.txt d; cat b.txt", { client });
    const reason = "/a.txt: somebody else changed it: it is at revision 2";
    expect(outcome).toEqual({ out: "bee", err: `dfs-shell: --atomic: ${reason}; nothing was changed\n`, code: 4 });
    expect(await seen(client)).toBe("a.txt\nb.txt\n");
  });

  it.each<DfsError["kind"]>(["timeout", "unreachable", "no-quorum"])(
    "SHELL-62 a commit that ends with %s may have happened, and the message does not say that it did not",
    async (kind) => {
      const client = filled();
      const begin = client.begin.bind(client);
      client.begin = async (options) => {
        const transaction = await begin(options);
        transaction.commit = () => Promise.reject(new DfsError(kind, "no answer"));
        return transaction;
      };
      expect(await runAtomic("rm a.txt", { client })).toEqual({
        out: "",
        err: "dfs-shell: --atomic: no answer; all changes were made or none was: look before you run it again\n",
        code: 5,
      });
    },
  );

  it("SHELL-62 --timeout counts for the commit too", async () => {
    const client = filled();
    const begin = client.begin.bind(client);
    client.begin = async (options) => {
      const transaction = await begin(options);
      transaction.commit = () => new Promise(() => undefined);
      return transaction;
    };
    const outcome = await runProgram(["--timeout", "0.05", "--atomic", "-c", "rm a.txt"], { client });
    expect(outcome).toMatchObject({
      code: 5,
      err: expect.stringContaining("did not end within 0.05 s (--timeout); all"),
    });
  });

  it("SHELL-63 a script that is cut short commits nothing: its reader is gone, or Ctrl-C", async () => {
    const client = filled();
    const unread = await runAtomic("rm a.txt; cat b.txt; rm b.txt", { client, brokenStdout: true });
    expect(unread).toEqual({
      out: "",
      err: "dfs-shell: --atomic: nobody reads the output any more: nothing was changed\n",
      code: 1,
    });
    const listeners = process.listenerCount("SIGINT");
    const interrupting = filled({
      hold: async () => {
        for (const listener of process.listeners("SIGINT").slice(listeners)) listener("SIGINT");
      },
    });
    expect(await runAtomic("rm a.txt; -cat b.txt; rm b.txt", { client: interrupting })).toMatchObject({ code: 130 });
    for (const each of [client, interrupting]) expect(await seen(each)).toBe("a.txt\nb.txt\n");
  });

  it("SHELL-63 there is no atomic prompt, and no atomic join", async () => {
    const usage = { code: 2, err: expect.stringContaining("--atomic needs a script: -c, a file or stdin") };
    expect(await runProgram(["--atomic", "join", "xyz"])).toMatchObject(usage);
    expect(await runProgram(["--atomic"], { answers: [], columns: 80 })).toMatchObject(usage);
  });
});
