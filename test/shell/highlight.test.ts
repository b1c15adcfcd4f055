import { describe, expect, it } from "vitest";
import { parseAlias } from "../../src/shell/aliases.ts";
import { commands } from "../../src/shell/commands/table.ts";
import { highlight } from "../../src/shell/highlight.ts";

const aliases = new Map([
  ["ll", parseAlias("ll", "ls -l")],
  ["keep", parseAlias("keep", "put -f")],
  ["broken", parseAlias("broken", "nothing")],
]);
const environment = {
  commands,
  aliases,
  variables: new Map([
    ["?", "0"],
    ["D", "photos"],
  ]),
  exists: ({ side, path }: { readonly side: string; readonly path: string }) =>
    ["remote photos", "remote plan a.txt", "local here.txt"].includes(`${side} ${path}`),
};

/** The styled pieces of a line: `command:ls option:-l _photos` with an underscore before what is underlined. */
function pieces(line: string): string {
  const { styles } = highlight(line, environment);
  const named = styles.map(({ start, end, style, isUnderlined }) => {
    const text = line.slice(start, end).replaceAll("\n", "⏎");
    return `${style === undefined ? "" : `${style}:`}${isUnderlined === true ? "_" : ""}${text}`;
  });
  return named.join(" ");
}

describe("the colours of a line", () => {
  it.each([
    ["", ""],
    ["ls", "command:ls"],
    ["lss", "wrong:lss"],
    ["ls -l photos", "command:ls option:-l _photos"],
    ["ls photo", "command:ls photo"],
    ["ls 'plan a.txt'", "command:ls string:_'plan a.txt'"],
    ["ls plan\\ a.txt", "command:ls _plan\\ a.txt"],
    ["ls 'half", "command:ls string:'half"],
    ["ls $D", "command:ls variable:_$D"],
    ["ls ${D}/x", "command:ls variable:${D} /x"],
    ["ls $NONE", "command:ls wrong:$NONE"],
    ['echo "a $D b"', 'command:echo string:"a  variable:$D string: b"'],
    ["echo $?", "command:echo variable:$?"],
    ["echo '$D'", "command:echo string:'$D'"],
    ["echo \\$D", "command:echo \\$D"],
    ["ls # all of it", "command:ls grey:# all of it"],
    ["# all of it", "grey:# all of it"],
    ["ls a#b", "command:ls a#b"],
    ["ls; nope && pwd", "command:ls operator:; wrong:nope operator:&& command:pwd"],
    ["ls | grep x", "command:ls operator:| string:grep x"],
    ["!date -u; ls", "operator:! string:date -u operator:; command:ls"],
    ["-rm photos", "operator:- command:rm _photos"],
    ["ls > here.txt", "command:ls operator:> _here.txt"],
    ["cat < here.txt photos", "command:cat operator:< _here.txt _photos"],
    ["D=photos", "variable:D= photos"],
    ["D=a b", "variable:D= a wrong:b"],
    ["put here.txt photos", "command:put _here.txt _photos"],
    ["put photos", "command:put photos"],
    ["get photos here.txt", "command:get _photos _here.txt"],
    ["put -P 4 here.txt photos", "command:put option:-P 4 _here.txt _photos"],
    ["put --copies=2 here.txt photos", "command:put option:--copies=2 _here.txt _photos"],
    ["ls -- -l photos", "command:ls option:-- -l _photos"],
    ["put - photos", "command:put - _photos"],
    ["ls photo*", "command:ls photo*"],
    ["find photos -name photos", "command:find _photos option:-name photos"],
    ["ll photos", "command:ll _photos"],
    ["keep here.txt photos", "command:keep _here.txt _photos"],
    ["broken x", "wrong:broken x"],
    ["time ls photos", "command:time command:ls _photos"],
    ["time lss", "command:time wrong:lss"],
    ["ls & pwd", "command:ls operator:& command:pwd"],
    ["'ll' photos", "string:'ll' photos"],
    ["ls\nnope", "command:ls operator:⏎ wrong:nope"],
    ["ls \\\n photos", "command:ls _photos"],
    ["ls 日本 photos", "command:ls 日本 _photos"],
  ])("LINE-1 %s", (line, expected) => {
    expect(pieces(line)).toBe(expected);
  });

  it("LINE-1 what is to be looked up are the paths on their sides, globs not among them", () => {
    expect(highlight("put a 'b c' photos/*; get x y; lcd $D; login ann", environment).paths).toEqual([
      { side: "local", path: "a" },
      { side: "local", path: "b c" },
      { side: "remote", path: "x" },
      { side: "local", path: "y" },
      { side: "local", path: "photos" },
    ]);
  });

  it("LINE-1 pieces stand in order and over nothing else, whatever is typed", () => {
    for (const line of ["a'b\"c $D", '"$D', "ls >", "ls > ", "&& ls", "a\\", "'", '"a\\', "${", "$", "ls &", "x=$("]) {
      let last = 0;
      for (const { start, end } of highlight(line, environment).styles) {
        expect([start >= last, end > start, end <= line.length]).toEqual([true, true, true]);
        last = end;
      }
    }
  });
});
