/** What people type: scripts, words and their expansion, globs, completion, command lines, names, sizes and times. */
import {
  baseName,
  checkName,
  childPath,
  isWithin,
  nameFault,
  parentPath,
  pathParts,
  printable,
  resolvePath,
} from "../../../src/core/names.ts";
import { parseDurationMs, parseSizeBytes } from "../../../src/peer/quantities.ts";
import { parseOptions } from "../../../src/shell/arguments.ts";
import { parseArguments } from "../../../src/shell/command.ts";
import { parseAlias } from "../../../src/shell/aliases.ts";
import { commands } from "../../../src/shell/commands/table.ts";
import { type CompletionEnvironment, complete } from "../../../src/shell/completion.ts";
import { type GlobSource, expandGlob, expandWord } from "../../../src/shell/expand.ts";
import { compileGlob, escapeGlob, hasGlob, unescapeGlob } from "../../../src/core/glob.ts";
import { highlight } from "../../../src/shell/highlight.ts";
import { parseLaunch } from "../../../src/shell/launch.ts";
import { lex } from "../../../src/shell/lexer.ts";
import { parseScript } from "../../../src/shell/parser.ts";
import { daysMs, expiryMs, spanMs } from "../../../src/shell/spans.ts";
import type { CommandNode, Word } from "../../../src/shell/syntax.ts";
import { isUnfinished } from "../../../src/shell/unfinished.ts";
import { type FuzzTarget, caseInput, chosen, decodedLater, decodedOr, expectSame, expectTrue } from "../target.ts";

const aliases = new Map([["all", parseAlias("all", "ls -a")]]);
const nowMs = 1_700_000_000_000;
const variables = new Map([
  ["A", "x y"],
  ["B", "*?[a]"],
  ["?", "0"],
  ["#", "1"],
  ["1", "first"],
]);
const tree: Readonly<Record<string, readonly string[]>> = {
  ".": ["a/", "b.txt", "-c", ".hidden/", "*", "[x]"],
  "a/": ["b/", "c.txt", "é"],
  "a/b/": ["c/", "d"],
};
const globSource: GlobSource = {
  list: (directory) =>
    Promise.resolve(
      (tree[directory] ?? []).map((name) => ({ name: name.replace(/\/$/, ""), isDirectory: name.endsWith("/") })),
    ),
  exists: (path) => Promise.resolve(path.length % 2 === 0),
};

const cases = [
  /** A script: places are in it and in order, and every word of it expands or is refused. */
  async (body: Uint8Array): Promise<void> => {
    const source = { name: "script", text: Buffer.from(body).toString() };
    const script = decodedOr(["usage"], () => parseScript(source));
    if (script === undefined) return;
    let last = -1;
    for (const node of script.statements.flatMap(({ first, rest }) => [first, ...rest.map(({ command }) => command)])) {
      expectTrue(
        `a command at ${node.start} behind one at ${last}`,
        node.start > last && node.start < source.text.length,
      );
      last = node.start;
      for (const word of wordsOf(node)) {
        expectTrue(
          "a word that begins nowhere",
          word.start >= node.start && word.end > word.start && word.end <= source.text.length,
        );
        const argument = decodedOr(["usage"], () => expandWord(word, variables, source));
        if (argument !== undefined && argument.text.length < 200)
          await decodedLater(["usage", "not-found"], () => expandGlob(argument, globSource));
      }
      checkArguments(node, source.text);
    }
    expectSame("tokens of what parses, read as half a line", lex(source, { tolerant: true }), lex(source));
  },
  /** Half a line: its cursor, then its text. What is offered reads back as what it stands for. */
  async (body: Uint8Array): Promise<void> => {
    const text = Buffer.from(body.subarray(1)).toString();
    await complete(text, Math.min(body[0] ?? 0, text.length), environmentOf(["a b", "c"]));
    isUnfinished(text);
    let end = 0;
    for (const style of highlight(text, { commands, aliases, variables, exists: () => true }).styles) {
      expectTrue("colours that overlap", style.start >= end && style.end > style.start && style.end <= text.length);
      end = style.end;
    }
    const alias = decodedOr(["usage"], () => parseAlias("some", text));
    expectTrue("an alias without a command", alias === undefined || alias.words.length > 0);
  },
  /** A name of a file, offered behind a beginning of one: typed, it is this name. */
  async (body: Uint8Array): Promise<void> => {
    const name = Buffer.from(body).toString();
    if (nameFault(name) !== undefined) return;
    for (const quote of ["", "'", '"']) {
      const line = `ls ${quote}`;
      const { start, end, candidates } = await complete(line, line.length, environmentOf([name]));
      for (const { text } of candidates) {
        const typed = line.slice(0, start) + text + line.slice(end);
        const word = decodedOr([], () => parseScript({ name: "line", text: typed }))?.statements[0]?.first;
        const [, operand] = word?.kind === "simple" ? word.words : [];
        const argument = operand && expandWord(operand, new Map(), { name: "line", text: typed });
        expectSame("the name that is offered", argument, { text: name.startsWith("-") ? `./${name}` : name });
      }
    }
  },
  /** A pattern and a name, with a zero between them. */
  (body: Uint8Array): void => {
    const [pattern = "", name = ""] = Buffer.from(body).toString().split("\0");
    const isMatch = compileGlob(pattern, { matchHidden: true })(name);
    compileGlob(pattern, { ignoreCase: true })(name);
    expectTrue("an escaped text does not match itself", compileGlob(escapeGlob(name), { matchHidden: true })(name));
    expectSame("an escaped text", unescapeGlob(escapeGlob(name)), name);
    expectTrue("an escaped text is a pattern", !hasGlob(escapeGlob(name)));
    if (!hasGlob(pattern)) expectSame("a pattern without wildcards", isMatch, unescapeGlob(pattern) === name);
    if (!/[[\\]/.test(pattern) && pattern.length < 40 && name.length < 40)
      expectSame("a pattern of stars", isMatch, simpleMatch(Array.from(pattern), Array.from(name)));
  },
  (body: Uint8Array): void => {
    const text = Buffer.from(body).toString();
    const argv = text.split("\0");
    const launch = decodedOr(["usage"], () => parseLaunch(argv));
    expectTrue("a timeout", launch?.timeoutMs === undefined || Number.isSafeInteger(launch.timeoutMs));
    const parsed = decodedOr(["usage"], () => parseOptions(argv, commands[0]?.options ?? []));
    for (const index of parsed?.operandIndexes ?? []) expectTrue("an operand that was not given", index in argv);
  },
  (body: Uint8Array): void => {
    const text = Buffer.from(body).toString();
    const size = decodedOr(["usage"], () => parseSizeBytes(text));
    const times = [
      () => parseDurationMs(text),
      () => spanMs(text, "x"),
      () => daysMs(text, "x"),
      () => expiryMs(text, nowMs),
    ];
    for (const parse of times) {
      const time = decodedOr(["usage"], parse);
      expectTrue(`a time of ${time}`, time === undefined || (time >= 0 && time <= Number.MAX_SAFE_INTEGER));
    }
    expectTrue(`a size of ${size}`, size === undefined || (Number.isSafeInteger(size) && size >= 0));
  },
  /** Two paths, with a zero between them. */
  (body: Uint8Array): void => {
    const [first = "", second = ""] = Buffer.from(body).toString().split("\0");
    const base = decodedOr(["invalid-name"], () => resolvePath(first));
    if (base === undefined) return;
    expectSame("a path resolved again", resolvePath(base), base);
    const path = decodedOr(["invalid-name"], () => resolvePath(second, base));
    if (path === undefined) return;
    expectSame("a path resolved again", resolvePath(path, base), path);
    expectTrue("a path outside its parent", isWithin(path, parentPath(path)));
    for (const name of pathParts(path)) expectSame("a name of a path", checkName(name), name);
    if (path !== "/") expectSame("parent and name", childPath(parentPath(path), baseName(path)), path);
    expectTrue("a name that drives a terminal", !/[\u0000-\u001f\u007f-\u009f]/u.test(printable(first)));
  },
];

/** What a command's words are as options and operands; variables and globs stay as they are. */
function checkArguments(node: CommandNode, text: string): void {
  if (node.kind !== "simple") return;
  const [name, ...words] = node.words.map((word) => ({ text: text.slice(word.start, word.end) }));
  const command = commands.find((each) => each.name === name?.text);
  const parsed = command && decodedOr(["usage"], () => parseArguments(command, words));
  for (const operand of parsed?.operands ?? []) expectTrue("an operand that was not given", words.includes(operand));
}

function wordsOf(node: CommandNode): readonly Word[] {
  if (node.kind === "local") return [];
  return node.kind === "assignment" ? [] : [...node.words, ...node.redirections.map(({ target }) => target)];
}

function environmentOf(names: readonly string[]): CompletionEnvironment {
  const source = (): ReturnType<CompletionEnvironment["remote"]> =>
    Promise.resolve(names.map((name) => ({ name, isDirectory: false })));
  const named =
    (...texts: string[]) =>
    () =>
      Promise.resolve(texts);
  return {
    commands,
    aliases,
    variables,
    remote: source,
    local: source,
    peers: named("first", "second"),
    users: named("ann", "bob"),
    invites: named("0badcafe"),
  };
}

/** Stars and question marks, tried out one after the other: exponential, and plainly right. */
function simpleMatch(pattern: readonly string[], name: readonly string[]): boolean {
  const reached = new Set<number>([0]);
  for (const character of pattern) {
    const before = [...reached];
    reached.clear();
    for (const at of before) {
      if (character === "*") for (let next = at; next <= name.length; next += 1) reached.add(next);
      else if (at < name.length && (character === "?" || character === name[at])) reached.add(at + 1);
    }
  }
  return reached.has(name.length);
}

const scripts = [
  "put -r a b; ls -l /x && cat 'a b' || -rm \"$A/c\" # no\n",
  "NAME=value\necho ${NAME} $? \\$ > out.txt\n!date | wc\nls | sort ; find / -name '*.txt' -o -size +5\n",
  "ls *.txt **/b [a-c]?* a/**/ >> x < y\\\n z",
];

export const script: FuzzTarget = {
  name: "script",
  decoders: [
    "src/shell/lexer.ts lex",
    "src/shell/parser.ts parseScript",
    "src/shell/expand.ts expandWord",
    "src/shell/expand.ts expandGlob",
    "src/core/glob.ts compileGlob",
    "src/shell/completion.ts complete",
    "src/shell/arguments.ts parseOptions",
    "src/shell/command.ts parseArguments",
    "src/shell/launch.ts parseLaunch",
    "src/shell/aliases.ts parseAlias",
    "src/shell/spans.ts spanMs",
    "src/shell/spans.ts expiryMs",
    "src/shell/spans.ts daysMs",
    "src/peer/quantities.ts parseSizeBytes",
    "src/peer/quantities.ts parseDurationMs",
    "src/core/names.ts resolvePath",
    "src/core/names.ts checkName",
  ],
  seeds: () => [
    ...scripts.map((text) => caseInput(0, text)),
    ...["ls a", "get 'a", 'put "$A" ', "ls -", "cd ../x | s"].map((text) => caseInput(1, `\xff${text}`)),
    ...["a b", "-x", "it's", 'say "hi"', "a$B", "#x", "*.[a]"].map((text) => caseInput(2, text)),
    ...["*.t?t\0a.txt", "[!a-c]*\0d", "\\*\0*", "a**b\0acb"].map((text) => caseInput(3, text)),
    ...["-q\0-c\0ls; pwd", "--timeout\x005\0-", "join\0dfs1-x", "--data=x\0script.dfs"].map((text) =>
      caseInput(4, text),
    ),
    ...["1.5T", "500G", "10m", "2h", "0.5", "2030-01-31T18:00", "2030-01-31"].map((text) => caseInput(5, text)),
    ...["/a/b\0../c", "x//./y\0/z", "\0é"].map((text) => caseInput(6, text)),
  ],
  bytesMax: 16_384,
  tokens: [
    "&&",
    "||",
    ">>",
    "'",
    '"',
    "\\",
    "\\\n",
    "\r\n",
    "$A",
    "${A}",
    "${",
    "$?",
    "$#",
    "$1",
    "${1}",
    "$10",
    "2>",
    "for ",
    "$(",
    "**",
    "[!",
    "]",
    "#",
    "!",
    "|",
    "-",
    "\0",
    "--",
    "--json",
    "-r",
    "..",
    "/",
    "\x07",
    "\u2028",
    "😀",
    "1e9",
    "ls ",
    "find ",
    "put ",
  ],
  run: (input) => chosen(cases, input),
};
