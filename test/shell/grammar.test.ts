/** The shell's grammar, sentence by sentence: lines typed, text expected. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { expandWord } from "../../src/shell/expand.ts";
import type { Argument } from "../../src/shell/expand.ts";
import { parseScript } from "../../src/shell/parser.ts";
import { commandTrace } from "../../src/shell/trace.ts";
import { localFolder, runLines, runProgram } from "./driver.ts";
import { MemoryClient } from "./memory-client.ts";

function filled(): MemoryClient {
  const client = new MemoryClient();
  client.add("/a.txt", "one\ntwo\n");
  client.add("/b.txt", "bee\n");
  client.add("/empty", "");
  client.add("/photos/cat.jpg", "meow");
  client.add("/photos/2024/dog.jpg", "woof");
  client.add("/odd/a b", "blank");
  client.add("/odd/it's", "quote");
  client.add("/odd/#x", "hash");
  client.add("/odd/$X", "dollar");
  client.add("/odd/[x]", "brackets");
  return client;
}

/** Lines typed, text expected on stdout, on stderr, and the exit code. */
type Row = readonly [lines: string, out: string, err: string, code: number];

const unset = (name: string, line: string, column: number): string =>
  `-c:1:${column}: the variable ${name} is not set\n${line}\n${" ".repeat(column - 1)}^\n`;

describe("the grammar", () => {
  it.each<Row>([
    // ; newline && || #
    ["echo a;echo b", "a\nb\n", "", 0],
    ["echo a\necho b\r\necho c", "a\nb\nc\n", "", 0],
    ["echo a && echo b", "a\nb\n", "", 0],
    ["-ls nope && echo forgiven", "forgiven\n", "ls: nope: no such file or directory\n", 0],
    ["ls nope || echo b", "b\n", "ls: nope: no such file or directory\n", 0],
    ["echo a || echo b; echo c", "a\nc\n", "", 0],
    ["echo a # ; echo b", "a\n", "", 0],
    ["echo a#b c# #d", "a#b c#\n", "", 0],
    ["# only this", "", "", 0],
    // quotes and backslashes
    ["echo 'a  \"b\" $X \\ *'", 'a  "b" $X \\ *\n', "", 0],
    ["X=5; echo \"a  'b' $X \\$X \\\\ *\"", "a  'b' 5 $X \\ *\n", "", 0],
    ["echo a\\ b \\; \\# \\$X \\* \\'", "a b ; # $X * '\n", "", 0],
    ["echo a \\\n  b", "a b\n", "", 0],
    ["echo 'a\nb'", "a\nb\n", "", 0],
    ["cat odd/'a b' \"odd/it's\" odd/\\#x 'odd/$X' odd/\\[x]", "blankquotehashdollarbrackets", "", 0],
    // globs
    ["echo *.txt", "a.txt b.txt\n", "", 0],
    ["echo ?.txt [ab].txt [!b].txt [a-z].txt", "a.txt b.txt a.txt b.txt a.txt a.txt b.txt\n", "", 0],
    ["echo **/*.jpg", "photos/cat.jpg photos/2024/dog.jpg\n", "", 0],
    ["echo '*' \\* \"*\"", "* * *\n", "", 0],
    ["echo - *.txt", "- a.txt b.txt\n", "", 0],
    // variables
    ["NAME='a  b'; echo $NAME ${NAME}c \"$NAME\"", "a  b a  bc a  b\n", "", 0],
    ["X=a; Y=$X/b; echo $Y", "a/b\n", "", 0],
    ["X='odd/a b'; cat $X", "blank", "", 0],
    ["X='*.txt'; echo $X", "*.txt\n", "", 0],
    ["X=; echo [$X]", "[]\n", "", 0],
    ["-ls nope; echo $? ${?}", "3 3\n", "ls: nope: no such file or directory\n", 0],
    ["echo $ a$ $/", "$ a$ $/\n", "", 0],
    // | and !
    ["cat a.txt | tr a-z A-Z | head -1; echo end", "ONE\nend\n", "", 0],
    ["cat a.txt | grep -c 'o;n\\|o' && echo found", "2\nfound\n", "", 0],
    ["X='a b'; !echo \"$X\" | tr a-z A-Z", "A B\n", "", 0],
    ["!exit 3", "", "", 3],
    ["-!exit 3; echo $?", "3\n", "", 0],
    ["echo for if { } do; X=while; -'for'", "for if { } do\n", 'for: no such command; "help" lists them\n', 0],
  ])("SCRIPT-1 runs %j", async (lines, out, err, code) => {
    expect(await runLines(lines, { client: filled() })).toEqual({ out, err, code });
  });

  it("SCRIPT-1 > >> and < are local files", async () => {
    const folder = localFolder();
    mkdirSync(join(folder, "one"));
    writeFileSync(join(folder, "one", "only.log"), "");
    const at = { client: filled() };
    const lines = [
      `lcd ${folder}`,
      "ls *.txt > 'the names'",
      "> more echo first",
      "echo second >>more",
      "put - copy < more",
      "cat copy",
      "echo matched > one/*.log",
      "N=two; echo $N > $N.log",
    ];
    expect(await runLines(lines.join("\n"), at)).toEqual({ out: "first\nsecond\n", err: "", code: 0 });
    const texts = ["the names", "one/only.log", "two.log"].map((name) => readFileSync(join(folder, name), "utf8"));
    expect(texts).toEqual(["a.txt\nb.txt\n", "matched\n", "two\n"]);
    expect(await runLines(`lcd ${folder}; echo a > *o*`, at)).toMatchObject({
      err: "echo: *o*: several files match, and a redirection goes to one\n",
      code: 2,
    });
  });

  it.each<Row>([
    ["rm -r $X/", "", unset("X", "rm -r $X/", 7), 2],
    ["echo ok; rm -r ${X}/*", "ok\n", unset("X", "echo ok; rm -r ${X}/*", 16), 2],
    ["Y=$X", "", unset("X", "Y=$X", 3), 2],
    ["echo a > $X", "", unset("X", "echo a > $X", 10), 2],
    ["-rm *.png; echo on", "on\n", "rm: *.png: nothing matches this pattern\n", 0],
    ["rm a.txt *.png", "", "rm: *.png: nothing matches this pattern\n", 3],
    ["test -e *.png || echo no", "no\n", "test: *.png: nothing matches this pattern\n", 0],
    ["echo a > *.png", "", "echo: *.png: nothing matches this pattern\n", 3],
    ["lls *.png", "", "lls: *.png: nothing matches this pattern\n", 3],
  ])("SCRIPT-2 what matches nothing and what is not set are errors: %j", async (lines, out, err, code) => {
    const client = filled();
    expect(await runLines(lines, { client })).toEqual({ out, err, code });
    expect((await runLines("ls a.txt photos/cat.jpg", { client })).code).toBe(0);
  });

  it.each<readonly [string, string]>([
    ["echo 'a", "the quote ' is never closed"],
    ["echo $(pwd)", "$(…) is not supported"],
    ["echo ${X", "${ needs a name and a closing }"],
    ["echo $@", "$@ is not supported: there are $1 to $9, $#, $? and names"],
    ['echo "$*"', "$* is not supported"],
    ["echo $0", "$0 is not supported"],
    ["echo $10", "$10 is not supported"],
    ["echo $$", "$$ is not supported"],
    ["ls nope 2> errors", "a number before > is not supported"],
    ["ls > a > ", "a file name is missing after the redirection"],
    ["ls > a | sort", "the output goes to a file already"],
    ["ls |", "a local command is missing"],
    ["&& ls", "a command is missing here"],
    ["X=1 ls", "NAME=value stands alone"],
    ["for x in a b", '"for" is not supported: there are no loops, functions or if; see help grammar'],
    ["if test -e a.txt; then echo yes; fi", '"if" is not supported'],
    ["-while test x; do ls; done", '"while" is not supported'],
    ["backup() { ls; }", '"backup()" is not supported'],
    ["ls || { echo no; }", '"{" is not supported'],
  ])("SCRIPT-1 refuses %j before anything runs", async (line, message) => {
    const client = filled();
    const outcome = await runLines(`rm a.txt\n${line}`, { client });
    expect(outcome.code).toBe(2);
    expect(outcome.err).toMatch(/^-c:2:\d+: /);
    expect(outcome.err).toContain(message);
    expect((await runLines("ls a.txt", { client })).code).toBe(0);
  });

  it.each<Row>([
    ["test -e nope && echo yes; echo on", "on\n", "", 0],
    ["test -e nope && echo yes", "", "", 1],
    ["test -e a.txt && test -e nope; echo never", "", "", 1],
    ["test -e nope; echo never", "", "", 1],
    ["[ a = b ] && echo yes; ltest a = b && echo yes; echo $?", "1\n", "", 0],
    ["test -e nope && echo yes || echo no", "no\n", "", 0],
    ["ls nope && echo yes; echo never", "", "ls: nope: no such file or directory\n", 3],
    ["test a -eq 1 && echo yes; echo never", "", 'test: "a" is no whole number\n', 2],
  ])("SCRIPT-3 a condition before && is an answer, a failing command is not: %j", async (lines, out, err, code) => {
    const { err: told, ...outcome } = await runLines(lines, { client: filled() });
    expect({ ...outcome, err: told.replace(/usage: .*\n/, "") }).toEqual({ out, err, code });
  });

  it("SCRIPT-3 with -k a condition does not become the script's code", async () => {
    const lines = "test -e nope && echo yes; ls nope; echo on";
    expect(await runProgram(["-k", "-c", lines], { client: filled() })).toMatchObject({ out: "on\n", code: 3 });
    expect(await runProgram(["-k", "-c", "test -e nope && echo yes; echo on"], { client: filled() })).toMatchObject({
      code: 0,
    });
  });
});

describe("several operands", () => {
  const missing = "no such file or directory";

  /** Of three operands the middle one fails: what is said of it, and what shows that the others were done. */
  it.each<readonly [lines: string, err: string, code: number, after: string, shown: string]>([
    ["ls -d a.txt nope photos", `ls: nope: ${missing}`, 3, "", "a.txt\nphotos\n"],
    ["cat a.txt nope b.txt", `cat: nope: ${missing}`, 3, "", "one\ntwo\nbee\n"],
    [
      "head -n 1 a.txt nope empty b.txt",
      `head: nope: ${missing}`,
      3,
      "",
      "==> a.txt <==\none\n\n==> empty <==\n\n==> b.txt <==\nbee\n",
    ],
    ["stat --json a.txt nope b.txt | wc -l", `stat: nope: ${missing}`, 3, "", "2\n"],
    ["find a.txt nope b.txt", `find: nope: ${missing}`, 3, "", "a.txt\nb.txt\n"],
    ["tree -d photos nope odd", `tree: nope: ${missing}`, 3, "", "photos\n└── 2024\nodd\n\n1 directory\n"],
    ["du -s a.txt nope b.txt", `du: nope: ${missing}`, 3, "", "1\ta.txt\n1\tb.txt\n"],
    ["why --json a.txt nope b.txt | wc -l", `why: nope: ${missing}`, 3, "", "2\n"],
    ["rm a.txt photos b.txt", "rm: photos: is a directory", 4, "ls", "empty\nodd\nphotos\n"],
    ["mkdir x photos y", "mkdir: photos: exists already", 4, "ls -d x y", "x\ny\n"],
    [
      "mkdir x y; rmdir x photos y",
      "rmdir: photos: directory is not empty",
      4,
      "ls",
      "a.txt\nb.txt\nempty\nodd\nphotos\n",
    ],
    ["mv a.txt nope b.txt photos", `mv: nope: ${missing}`, 3, "ls photos", "2024\na.txt\nb.txt\ncat.jpg\n"],
    ["cp a.txt nope b.txt photos", `cp: nope: ${missing}`, 3, "ls photos", "2024\na.txt\nb.txt\ncat.jpg\n"],
    ["put one nope two /photos", `put: nope: ${missing}`, 3, "ls photos", "2024\ncat.jpg\none\ntwo\n"],
    ["get a.txt nope b.txt .", `get: nope: ${missing}`, 3, "lls", "a.txt\nb.txt\none\ntwo\n"],
    ["get a.txt nope new", `get: new: ${missing}`, 3, "lls", "one\ntwo\n"],
    ["get a.txt nope one", "get: one: not a directory", 4, "lls", "one\ntwo\n"],
    ["lls one nope two", `lls: nope: ${missing}`, 3, "", "one\ntwo\n"],
    ["lmkdir d one e", "lmkdir: one: exists already", 4, "lls", "d\ne\none\ntwo\n"],
  ])("SCRIPT-17 %j carries on, and gives the worst code", async (lines, err, code, after, shown) => {
    const folder = localFolder();
    for (const name of ["one", "two"]) writeFileSync(join(folder, name), name);
    const client = filled();
    const first = await runLines(`lcd ${folder}; ${lines}`, { client });
    const { out } = after === "" ? first : await runLines(`lcd ${folder}; ${after}`, { client });
    const [told] = first.err.split("\n");
    expect({ told, code: first.code, out: out.replaceAll(/^ +(?=\d)/gm, "") }).toEqual({
      told: expect.stringContaining(err) as string,
      code,
      out: shown,
    });
  });
});

describe("traces", () => {
  it.each<readonly [lines: string, err: string]>([
    ["X='a b'; echo $X 'it'\\''s'", "+ X='a b'\n+ echo 'a b' 'it'\\''s'\n"],
    ["echo *.txt 'a*' odd/*\\ b", "+ echo *.txt 'a*' odd/*\\ b\n"],
    ["-echo a", "+ -echo a\n"],
    ["X=; !true", "+ X=\n+ !true\n"],
    ["echo a | tr a b && echo ''", "+ echo a | tr a b\n+ echo ''\n"],
    ["time echo a", "+ time echo a\n"],
  ])("SCRIPT-11 -x writes %j as it could be typed", async (lines, err) => {
    const outcome = await runProgram(["-x", "-c", lines], { client: filled() });
    expect(outcome).toMatchObject({ err: expect.stringContaining(err), code: 0 });
  });

  it("SCRIPT-11 redirections stand where they stood, and every command before what it prints", async () => {
    const folder = localFolder();
    const lines = `lcd ${folder}; > 'an out' echo a; put - < 'an out' x; ls nope`;
    const { err } = await runProgram(["-x", "-c", lines], { client: filled() });
    expect(err.split("\n").slice(1)).toEqual([
      "+ > 'an out' echo a",
      "+ put - < 'an out' x",
      "+ ls nope",
      "ls: nope: no such file or directory",
      "",
    ]);
  });

  it("SCRIPT-11 what a trace says is what was meant", () => {
    const source = { name: "s", text: "" };
    const texts = fc.oneof(
      fc.constantFrom("a=b", "-x", "!x"),
      fc.string({ unit: fc.constantFrom(...Array.from("ab *?[]!-#$'\"\\;&|<>=\n\t/~猫")) }),
    );
    const words = fc.array(fc.record({ text: texts, isPattern: fc.boolean() }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(words, (typed) => {
        const parts = typed.map(({ text, isPattern }, start) => {
          const pieces = isPattern
            ? [
                { kind: "text" as const, text, quoted: true, start },
                { kind: "text" as const, text: "*", quoted: false, start },
              ]
            : [{ kind: "text" as const, text, quoted: true, start }];
          return { start, argument: expandWord({ parts: pieces, start, end: start }, new Map(), source) };
        });
        const text = commandTrace(parts, undefined);
        const [statement, ...more] = parseScript({ name: "s", text }).statements;
        const node = statement?.first;
        const read = node?.kind === "simple" ? node.words.map((word) => expandWord(word, new Map(), source)) : [];
        const meant = parts.map(({ argument }, index): Argument => (index === 0 ? { text: argument.text } : argument));
        expect({ read, more }).toEqual({ read: meant, more: [] });
      }),
      { numRuns: 1000 },
    );
  });
});
