import { describe, expect, it } from "vitest";
import { aliasCharactersMax, aliasesMax } from "../../src/core/limits.ts";
import { runLines, runProgram } from "./driver.ts";
import { MemoryClient } from "./memory-client.ts";

function filled(): MemoryClient {
  const client = new MemoryClient();
  client.add("/photos/cat.jpg", "meow\n");
  client.add("/plan.txt", "plan\n");
  return client;
}

describe("aliases", () => {
  it.each<[string, string]>([
    ["alias l='ls -1'; l photos", "cat.jpg\n"],
    ["alias l=ls; l", "photos\nplan.txt\n"],
    ["alias ls='ls -1'; ls photos", "cat.jpg\n"],
    ["alias a=b b='echo x'; a y", "x y\n"],
    ["alias a='b 1' b='a 2'; -a; echo $?", "127\n"],
    ["alias p='echo $D'; D=one; p; D=two; p", "one\ntwo\n"],
    ["alias e='echo \"a  b\"'; e 'c  d' e", "a  b c  d e\n"],
    ["alias pwd=ls; \\pwd; 'pwd'; \"pwd\"", "/\n/\n/\n"],
    ["A=alias; alias l='echo x'; l; $A", "x\nalias l='echo x'\n"],
    ["alias l=pwd; unalias l; -l; echo $?", "127\n"],
    ["alias a=pwd b=pwd; unalias -a; alias", ""],
    ['alias b="echo it\\\'s" a=pwd; alias; b', "alias a=pwd\nalias b='echo it\\'\\''s'\nit's\n"],
    ["alias l='ls -1'; alias --json; alias --json l", '{"name":"l","text":"ls -1"}\n'.repeat(2)],
    ["alias größe=pwd; größe", "/\n"],
  ])("LINE-11 %s", async (lines, out) => {
    expect(await runLines(lines, { client: filled() })).toMatchObject({ out, code: 0 });
  });

  it.each<[string, number, string]>([
    ["alias 'a b=ls'", 2, 'alias: a b=ls: "a b" cannot be an alias: use letters, digits, _ . and -\n'],
    ["alias l='ls; pwd'", 2, "an alias stands for a command and its first words"],
    ["alias l='ls > out'", 2, "an alias stands for a command and its first words"],
    ["alias l='ls | sort'", 2, "an alias stands for a command and its first words"],
    ["alias l='!date'", 2, "an alias stands for a command and its first words"],
    ["alias l='D=1'", 2, "an alias stands for a command and its first words"],
    ["alias l=", 2, "an alias stands for a command and its first words"],
    [`alias l=${"x".repeat(aliasCharactersMax + 1)}`, 2, "an alias cannot be longer"],
    ['alias l="ls \'x"', 2, "alias l:1:4: the quote ' is never closed"],
    ["alias nope", 3, "alias: nope: no such alias\n"],
    ["unalias nope", 3, "unalias: nope: no such alias\n"],
    ["unalias", 2, "give the names, or -a"],
    ["alias listing=ls; listin", 127, 'listin: no such command; did you mean "listing"?\n'],
    ["alias l='ls $X'; l", 2, "alias l:1:4: the variable X is not set\nls $X\n   ^\n"],
    ["alias l='ls -l'; l $X", 2, "-c:1:20: the variable X is not set\n"],
  ])("LINE-11 %s fails", async (lines, code, err) => {
    const outcome = await runLines(lines, { client: filled() });
    expect(outcome.err).toContain(err);
    expect(outcome.code).toBe(code);
  });

  it("LINE-11 there is a bound on their number", async () => {
    const names = Array.from({ length: aliasesMax + 1 }, (_, index) => `a${index}=pwd`).join(" ");
    expect(await runLines(`alias ${names}`)).toMatchObject({
      code: 2,
      err: expect.stringContaining("unalias removes"),
    });
    expect(await runLines(`alias ${names.slice(0, names.lastIndexOf(" "))}; alias a0=ls`)).toMatchObject({ code: 0 });
  });

  it("LINE-11 -x shows the words that an alias stands for", async () => {
    const outcome = await runProgram(["-x", "-c", "alias l='ls -1'; l photos"], { client: filled() });
    expect(outcome.err).toContain("+ ls -1 photos\n");
  });
});
