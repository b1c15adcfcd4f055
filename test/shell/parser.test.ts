import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DfsError } from "../../src/core/errors.ts";
import { scriptBytesMax } from "../../src/core/limits.ts";
import { parseScript } from "../../src/shell/parser.ts";
import type { CommandNode, Script, Word } from "../../src/shell/syntax.ts";

const parse = (text: string): Script => parseScript({ name: "s", text });

/** A word with quoted text in «» and variables in {}. */
function wordText({ parts }: Word): string {
  return parts
    .map(({ kind, text, quoted }) =>
      kind === "variable" ? `{${text}${quoted ? "«»" : ""}}` : quoted ? `«${text}»` : text,
    )
    .join("");
}

function commandText(command: CommandNode): string {
  const forgiven = command.forgiven ? "-" : "";
  if (command.kind === "local") return `${forgiven}!${command.text}`;
  if (command.kind === "assignment") return `${command.name}:=${wordText(command.value)}`;
  const redirections = command.redirections.map(({ operator, target }) => `${operator}${wordText(target)}`);
  const pipe = command.pipe === undefined ? [] : [`|${command.pipe}`];
  return forgiven + [...command.words.map(wordText), ...redirections, ...pipe].join(" ");
}

function scriptText(script: Script): string[] {
  return script.statements.map(({ background, first, rest }) => {
    const joined = rest.map(({ operator, command }) => `${operator} ${commandText(command)}`);
    const end = background === undefined ? [] : [`& (${background})`];
    return [commandText(first), ...joined, ...end].join(" ");
  });
}

/** What went wrong: the kind and the message; nothing where the text parses. */
function faultOf(text: string): { readonly kind: string; readonly message: string } | undefined {
  try {
    parse(text);
    return undefined;
  } catch (error) {
    return error instanceof DfsError
      ? { kind: error.kind, message: error.message }
      : { kind: "thrown", message: String(error) };
  }
}

describe("the grammar", () => {
  it.each<[string, string[]]>([
    ["", []],
    [" \t\n\r\n # only a comment", []],
    ["ls -l /a", ["ls -l /a"]],
    ["ls;cd /a ; pwd", ["ls", "cd /a", "pwd"]],
    ["ls;", ["ls"]],
    ["ls\ncd a\r\npwd", ["ls", "cd a", "pwd"]],
    ["a && b || c", ["a && b || c"]],
    ["a &&\n\n b", ["a && b"]],
    ["ls &", ["ls & (ls)"]],
    ["put -R  a /b& wait", ["put -R a /b & (put -R  a /b)", "wait"]],
    ["a && b & c\nd &", ["a && b & (a && b)", "c", "d & (d)"]],
    ["ls | grep x & pwd", ["ls |grep x & (ls | grep x)", "pwd"]],
    ["!make 2>&1 & pwd", ["!make 2>&1 & (!make 2>&1)", "pwd"]],
    ["!make >&2; !make &> log & a", ["!make >&2", "!make &> log & (!make &> log)", "a"]],
    ["!echo 'a & b' \\& \"&\"", ["!echo 'a & b' \\& \"&\""]],
    ["-rm a &", ["-rm a & (-rm a)"]],
    ["ls 'a & b'", ["ls «a & b»"]],
    ["ls # comment ; cd\npwd", ["ls", "pwd"]],
    ["ls a#b #c", ["ls a#b"]],
    ["ls 'a b' \"c d\" e\\ f", ["ls «a b» «c d» e« »f"]],
    ["ls a'b'\"c\"d", ["ls a«bc»d"]],
    ["ls '' \"\"", ["ls «» «»"]],
    ["ls '*' \"?\" \\* *", ["ls «*» «?» «*» *"]],
    ["ls $A ${B}c \"$C d\" '$D' \\$E $? $", ["ls {A} {B}c «»{C«»}« d» «$D» «$»E {?} $"]],
    ['echo "a\\"b\\\\c\\d\\$x"', ['echo «a"b\\c\\d$x»']],
    ["X=1", ["X:=1"]],
    ["X='a b'$Y", ["X:=«a b»{Y}"]],
    ["X=", ["X:="]],
    ["'X'=1", ["«X»=1"]],
    ["ls > out", ["ls >out"]],
    ["ls>>out", ["ls >>out"]],
    ["put - x < 'in put'", ["put - x <«in put»"]],
    ["ls | sort -r | head -1; pwd", ["ls |sort -r | head -1", "pwd"]],
    ["ls | grep 'a;b' && pwd", ["ls |grep 'a;b' && pwd"]],
    ["!date; ls", ["!date", "ls"]],
    ["-rm x; ls", ["-rm x", "ls"]],
    ["- rm x", ["-rm x"]],
    ["-!false", ["-!false"]],
    ["ls -l -a", ["ls -l -a"]],
    ["ls a\\\n b", ["ls a b"]],
    ["ls \\\n -l", ["ls -l"]],
    ["ls a\\\r\nb", ["ls ab"]],
    ["ls a\u00a0b", ["ls a\u00a0b"]],
  ])("SHELL-1 parses %j", (text, expected) => {
    expect(scriptText(parse(text))).toEqual(expected);
  });

  it.each<[string, string]>([
    ["ls 'a", "s:1:4: the quote ' is never closed\nls 'a\n   ^"],
    ['pwd\nls "a\nb', 's:2:4: the quote " is never closed\nls "a\n   ^'],
    ["ls a\\", "s:1:5: nothing follows the backslash\nls a\\\n    ^"],
    ["& ls", "s:1:1: a command is missing here\n& ls\n^"],
    ["ls & ;", "s:1:6: a command is missing here\nls & ;\n     ^"],
    ["ls && &", "s:1:7: a command is missing here\nls && &\n      ^"],
    ["ls $(pwd)", "s:1:4: $(…) is not supported\nls $(pwd)\n   ^"],
    ["ls ${}", "s:1:4: ${ needs a name and a closing }\nls ${}\n   ^"],
    ["ls ${A", "s:1:4: ${ needs a name and a closing }\nls ${A\n   ^"],
    ["ls ;; pwd", "s:1:5: a command is missing here\nls ;; pwd\n    ^"],
    ["ls &&", "s:1:6: a command is missing here\nls &&\n     ^"],
    ["|| ls", "s:1:1: a command is missing here\n|| ls\n^"],
    ["ls >", "s:1:4: a file name is missing after the redirection\nls >\n   ^"],
    ["ls > a | sort", "s:1:8: the output goes to a file already: choose > or |\nls > a | sort\n       ^"],
    ["ls |", 's:1:4: a local command is missing after "|"\nls |\n   ^'],
    ["X=1 ls", "s:1:1: NAME=value stands alone: put the command on a line of its own\nX=1 ls\n^"],
    ["\tls 猫 'x", "s:1:7: the quote ' is never closed\n\tls 猫 'x\n\t      ^"],
  ])("SHELL-2 a syntax error names file, line and column: %j", (text, expected) => {
    expect(faultOf(text)).toEqual({ kind: "usage", message: expected });
  });

  it("SHELL-2 a script that is too long is refused", () => {
    expect(faultOf("#".repeat(scriptBytesMax + 1))?.message).toContain("cannot be longer");
  });

  it("SHELL-3 any text gives a script or a usage error", () => {
    const pieces = fc.constantFrom(
      "'",
      '"',
      "\\",
      "$",
      "${",
      "}",
      "|",
      "||",
      "&",
      "&&",
      ";",
      "\n",
      "\r",
      " ",
      "#",
      ">",
      ">>",
      "<",
      "-",
      "!",
      "X=",
      "a",
      "*",
      "猫",
      "\u{1f600}",
      "\ud800",
      "\0",
    );
    const texts = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.array(pieces, { maxLength: 30 }).map((parts) => parts.join("")),
    );
    fc.assert(
      fc.property(texts, (text) => {
        expect([undefined, "usage"]).toContain(faultOf(text)?.kind);
      }),
      { numRuns: 500 },
    );
  });
});
