import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { parseUserName } from "../../src/core/ids.ts";
import { Keyboard, runProgram } from "./driver.ts";
import type { Outcome, RunOptions } from "./driver.ts";
import { MemoryClient } from "./memory-client.ts";

const ann = parseUserName("ann");
const password = "seven blue kites";
const other = "eight red wagons";
const pasted = (text: string): string => `\u001b[200~${text}\u001b[201~`;

async function network(): Promise<MemoryClient> {
  const client = new MemoryClient();
  await client.addUser({ name: ann, password });
  return client;
}

/** Runs lines at a terminal on which `keys` are typed. */
async function typing(
  lines: string,
  keys: string,
  options: RunOptions = {},
): Promise<Outcome & { keyboard: Keyboard }> {
  const keyboard = new Keyboard();
  keyboard.write(keys);
  const run = runProgram(["-x", "-c", lines], { columns: 80, keyboard, ...options });
  const outcome = await run;
  expect(outcome.out + outcome.err).not.toMatch(/\b(seven|blue|kites|eight|red|wagons)\b/);
  expect(keyboard.isRaw).toBe(false);
  expect(keyboard.listenerCount("keypress")).toBe(0);
  return { ...outcome, keyboard };
}

describe("a password at a terminal", () => {
  it.each<readonly [what: string, keys: string]>([
    ["typed", `${password}\r`],
    ["with corrections", `sevem\u007fn blux\u0008e kitesXX\u0001\u0005\u007f\u007f\r`],
    ["begun anew", `something else\u0015${password}\r`],
    ["pasted", `${pasted(password)}\r`],
    ["pasted with its line end", `${pasted(`${password}\r\n`)}\r`],
    ["with a search that finds nothing", `seven\u0012 blue kites\r`],
  ])("ACC-29 is read unseen: %s", async (_what, keys) => {
    const { out, err, code, keyboard } = await typing("login ann; whoami", keys, { client: await network() });
    expect({ out, code }).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^logged in as ann\nann \(admin/) as string,
    });
    expect(err).toBe("+ login ann\n\u001b[?2004hpassword of ann: \u001b[?2004l\n+ whoami\n");
    expect(keyboard.wasRaw).toBe(true);
  });

  it("ACC-29 a dumb terminal gets no escape codes", async () => {
    const { err } = await typing("login ann", `${password}\r`, { client: await network(), env: { TERM: "dumb" } });
    expect(err).toBe("+ login ann\npassword of ann: \n");
  });

  it("ACC-29 a new one is typed twice, and once more where the two differ", async () => {
    const client = await network();
    await client.login({ name: ann, password });
    const made = await typing("adduser bob", `${other}\r${other}\r`, { client });
    expect(made.err).toContain("new password of bob: ");
    expect(made.err).toContain("the same again: ");
    expect(made.code).toBe(0);
    await client.login({ name: parseUserName("bob"), password: other });
    const changed = await typing("passwd", `${other}\r${password}\r${password}x\r${password}\r${password}\r`, {
      client,
    });
    expect(changed.err).toContain("\nthe two passwords differ: once more\n");
    expect(changed).toMatchObject({ code: 0, out: "the new password counts from now on\n" });
    const never = await typing("passwd", `${password}\r${"a\rb\r".repeat(3)}`, { client });
    expect(never.code).toBe(2);
    expect(never.err).toContain("passwd: the two passwords differ: nothing was changed\n");
    await expect(client.login({ name: parseUserName("bob"), password })).resolves.toBeTruthy();
  });

  it.each<readonly [what: string, keys: string, reason: string, code: number]>([
    ["nothing", "\r", "no password was given: nothing was changed", 2],
    ["Ctrl-D", "\u0004", "no password was given: nothing was changed", 2],
    ["two lines", `${pasted("one\ntwo")}\r`, "a password is one line, and this was more", 2],
    ["another one", `${other}\r`, "wrong user or password", 4],
    ["Ctrl-C", `seven\u0003`, "interrupted", 130],
  ])("ACC-29 %s instead of it ends the command and gives the terminal back", async (_what, keys, reason, code) => {
    const outcome = await typing("login ann; echo never", keys, { client: await network() });
    expect(outcome.err).toContain(`login: ${reason}\n`);
    expect(outcome).toMatchObject({ out: "", code });
  });

  it("ACC-29 Ctrl-C ends the script even with -k; the end of input and --timeout end the question", async () => {
    const keyboard = new Keyboard();
    keyboard.write("\u0003");
    const options = { client: await network(), columns: 80 };
    const cancelled = await runProgram(["-k", "-c", "login ann; echo never"], { ...options, keyboard });
    expect(cancelled).toMatchObject({ out: "", code: 130 });
    const ended = new Keyboard();
    ended.end("seven");
    expect(await runProgram(["-c", "login ann"], { ...options, keyboard: ended })).toMatchObject({ out: "", code: 2 });
    const silent = new Keyboard();
    const late = await runProgram(["--timeout", "0.05", "-c", "login ann"], { ...options, keyboard: silent });
    expect(late.code).toBe(5);
    expect([keyboard.isRaw, ended.isRaw, silent.isRaw, silent.wasRaw]).toEqual([false, false, false, true]);
  });

  it("ACC-29 the user is asked for where none is named, in plain sight", async () => {
    const keyboard = new Keyboard();
    const run = runProgram(["-c", "login; whoami"], { client: await network(), columns: 80, keyboard });
    keyboard.write("ann\n");
    while (!keyboard.isRaw) await delay(1);
    keyboard.write(`${password}\r`);
    expect(await run).toMatchObject({ code: 0, out: expect.stringContaining("logged in as ann\n") as string });
  });

  it("ACC-25 DFS_USER without a password is asked for it at a terminal", async () => {
    const options = { client: await network(), env: { DFS_USER: "ann", TERM: "dumb" } };
    const { err, out, code } = await typing("whoami | cat", `${password}\r`, options);
    expect({ err, out, code }).toEqual({ err: "+ whoami | cat\npassword of ann: \n", out: "ann\n", code: 0 });
  });
});

describe("the README", () => {
  it("ACC-34 its lines on users work as typed", async () => {
    const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
    const section = /^## Users and sharing$([^]*?)^## /m.exec(readme)?.[1] ?? "";
    const lines = /^```$([^]*?)^```$/m.exec(section)?.[1] ?? "";
    const keys = [password, password, password, other, other, other].map((each) => `${each}\r`).join("");
    const { out, err, code } = await typing(lines, keys, { client: new MemoryClient() });
    const complaints = err.split("\n").filter((line) => !/^(\+ .*|.*(password of|the same again).*|)$/.test(line));
    expect({ code, complaints }).toEqual({ code: 0, complaints: [] });
    expect(out).toContain("\nann    bob   read ");
    expect(out).toMatch(/plans[^]*\nbob\nuses /);
  });
});
