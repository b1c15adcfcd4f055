import { describe, expect, it } from "vitest";
import { completionsMax } from "../../src/core/limits.ts";
import { parseAlias } from "../../src/shell/aliases.ts";
import { commands } from "../../src/shell/commands/table.ts";
import { commonPrefix, complete } from "../../src/shell/completion.ts";
import type { NameSource } from "../../src/shell/completion.ts";
import { FirstNames } from "../../src/core/name-order.ts";
import { lex } from "../../src/shell/lexer.ts";

const source =
  (tree: Readonly<Record<string, readonly string[]>>): NameSource =>
  async (directory) =>
    (tree[directory] ?? []).map((name) => ({ name: name.replace("/", ""), isDirectory: name.endsWith("/") }));

const environment = {
  commands,
  aliases: new Map([["ll", parseAlias("ll", "ls -l")]]),
  variables: new Map([["D", "photos"]]),
  remote: source({
    ".": ["photos/", "plan.txt", "a b.txt", "it's", ".hidden", "-dash", "#h"],
    "photos/": ["cat.jpg", "cow.jpg"],
  }),
  peers: async () => ["anna", "ben", "bob"],
  users: async () => ["ann", "bea", "bob"],
  invites: async () => ["0a1b2c3d", "0f00f00f", "77777777"],
  local: source({ ".": ["local.txt", "pictures/"] }),
};

/** What Tab gives at `§`: the texts, and the part of the line that they replace. */
async function tab(line: string): Promise<[string[], string]> {
  const cursor = line.indexOf("§");
  const text = line.replace("§", "");
  const { start, end, candidates } = await complete(text, cursor, environment);
  return [candidates.map((candidate) => candidate.text), text.slice(start, end)];
}

describe("completion", () => {
  it.each<[string, string[], string]>([
    ["l§", ["lcd", "ll", "lls", "lmkdir", "login", "logout", "lpwd", "ls", "ltest"], "l"],
    ["ls; pe§", ["peer", "peers"], "pe"],
    ["ls && s§", ["set", "share", "shares", "sleep", "source", "stat", "status"], "s"],
    ["login §", ["ann", "bea", "bob"], ""],
    ["login --remember b§", ["bea", "bob"], "b"],
    ["login --re§", ["--remember"], "--re"],
    ["userdel a§", ["ann"], "a"],
    ["adduser a§", [], "a"],
    ["admin §", ["add", "remove"], ""],
    ["admin add be§", ["bea"], "be"],
    ["quota an§", ["ann"], "an"],
    ["quota ann §", ["none"], ""],
    ["share ph§", ["photos/"], "ph"],
    ["share --write photos b§", ["bea", "bob"], "b"],
    ["unshare photos §", ["ann", "bea", "bob"], ""],
    ["invite §", ["list", "revoke"], ""],
    ["invite revoke 0§", ["0a1b2c3d", "0f00f00f"], "0"],
    ["-rm§", ["rm", "rmdir"], "rm"],
    ["ls p§", ["photos/", "plan.txt"], "p"],
    ["ls §", ["\\#h", "./-dash", "a\\ b.txt", "it\\'s", "photos/", "plan.txt"], ""],
    ["ls .§", [".hidden"], "."],
    ["ls photos/c§", ["photos/cat.jpg", "photos/cow.jpg"], "photos/c"],
    ["ls $D/ca§", ["photos/cat.jpg"], "$D/ca"],
    ["cat a§", ["a\\ b.txt"], "a"],
    ["cat a\\ §", ["a\\ b.txt"], "a\\ "],
    ["cat 'a §", ["'a b.txt'"], "'a "],
    ['cat "a§', ['"a b.txt"'], '"a'],
    ["ls p§ x", ["photos/", "plan.txt"], "p"],
    ["ls --j§", ["--json"], "--j"],
    ["ls -la§", ["-la", "-la1", "-lad", "-lah", "-lar", "-lat", "-laS", "-laR"], "-la"],
    ["rm -§", ["-r", "-f", "-i", "--help"], "-"],
    ["ls -lX§", [], "-lX"],
    ["ll -§", ["-1", "-a", "-l", "-d", "-h", "-r", "-t", "-S", "-R", "--at", "--stale", "--json", "--help"], "-"],
    ["ll ph§", ["photos/"], "ph"],
    ["unalias §", ["ll"], ""],
    ["cd p§", ["photos/"], "p"],
    ["lcd §", ["pictures/"], ""],
    ["login --password-file l§", ["local.txt"], "l"],
    ["login -u §", ["ann", "bea", "bob"], ""],
    ["get --rev 2 pl§", ["plan.txt"], "pl"],
    ["put -P §", [], ""],
    ["put -P 4 l§", ["local.txt"], "l"],
    ["put -fP 4 local.txt pl§", ["plan.txt"], "pl"],
    ["find photos/ -newer pl§", ["plan.txt"], "pl"],
    ["find photos/ -name §", [], ""],
    ["time ls ph§", ["photos/"], "ph"],
    ["invite --role §", ["storage", "client"], ""],
    ["invite --role=c§", ["--role=client"], "--role=c"],
    ["find . -type §", ["f", "d"], ""],
    ["ls $§", ["$D"], "$"],
    ["ls a${D§", ["${D}"], "${D"],
    ["ls '$§", [], "'$"],
    ["ls \\$D§", [], "\\$D"],
    ["find . -max§", ["-maxdepth"], "-max"],
    ["find pl§", ["plan.txt"], "pl"],
    ["put l§", ["local.txt"], "l"],
    ["time put l§", ["local.txt"], "l"],
    ["time time pu§", ["put"], "pu"],
    ["source l§", ["local.txt"], "l"],
    ["test -e p§", ["photos/", "plan.txt"], "p"],
    ["ltest -e pi§", ["pictures/"], "pi"],
    ["put local.txt p§", ["photos/", "plan.txt"], "p"],
    ["put local.txt l§", ["local.txt"], "l"],
    ["get plan.txt l§", ["local.txt"], "l"],
    ["lcd p§", ["pictures/"], "p"],
    ["ls > l§", ["local.txt"], "l"],
    ["help pe§", ["peer", "peers"], "pe"],
    ["coordinator §", ["add", "remove", "transfer"], ""],
    ["coordinator re§", ["remove"], "re"],
    ["coordinator add b§", ["ben", "bob"], "b"],
    ["coordinator -f remove §", ["anna", "ben", "bob"], ""],
    ["peer §", ["drain", "remove", "undrain"], ""],
    ["peer remove --force b§", ["ben", "bob"], "b"],
    ["peer remove --f§", ["--force"], "--f"],
    ["fsck ben b§", ["ben", "bob"], "b"],
    ["policy m§", ["min-copies"], "m"],
    ["policy copies §", [], ""],
    ["retain --d§", ["--days"], "--d"],
    ["ba§", ["backup"], "ba"],
    ["put --co§", ["--copies"], "--co"],
    ["put --if§", ["--if-rev"], "--if"],
    ["ls --st§", ["--stale"], "--st"],
    ["find . -st§", ["-stale"], "-st"],
    ["ls | so§", [], ""],
    ["!da§", [], ""],
    ["nope p§", [], "p"],
    ["ls & pw§", ["pwd"], "pw"],
    ["# l§", [], ""],
  ])("SHELL-43 %s", async (line, texts, replaced) => {
    const [found, part] = await tab(line);
    expect([found.toSorted(), part]).toEqual([texts.toSorted(), replaced]);
  });

  it("SHELL-43 what is offered for a path reads back as that path", async () => {
    const { candidates } = await complete("ls ", 3, environment);
    for (const { text, label } of candidates) {
      const [token] = lex({ name: "", text });
      const read = token?.kind === "word" ? token.word.parts.map((part) => part.text).join("") : "";
      expect(read.replace(/^\.\//, "")).toBe(label);
    }
  });

  it("SHELL-43 a directory is asked for what may be offered only", async () => {
    const asked: unknown[] = [];
    const remote: NameSource = async (directory, wanted) => {
      asked.push([directory, wanted]);
      return [];
    };
    for (const line of ["ls ", "ls photos/ca"]) await complete(line, line.length, { ...environment, remote });
    // One more tells that there are more.
    const namesMax = completionsMax + 1;
    expect(asked).toEqual([
      [".", { prefix: "", namesMax }],
      ["photos/", { prefix: "ca", namesMax }],
    ]);
  });

  it("SHELL-43 the first names of many are those that come first in their order", () => {
    const names = ["ä", "b", "\u{1f600}", "\uffee", "a", "c", "aa"];
    const first = new FirstNames<{ name: string }>(3);
    for (const name of [...names, ...names]) first.add({ name });
    expect(first.items.map(({ name }) => name)).toEqual(["a", "aa", "b"]);
    const all = new FirstNames<{ name: string }>(7);
    for (const name of names) all.add({ name });
    expect(all.items.map(({ name }) => name)).toEqual(["a", "aa", "b", "c", "ä", "\uffee", "\u{1f600}"]);
  });

  it("SHELL-43 several candidates give what they have in common", () => {
    const candidate = (text: string): { text: string; label: string; isWhole: boolean } => ({
      text,
      label: text,
      isWhole: true,
    });
    expect(commonPrefix(["photo", "phone"].map(candidate))).toBe("pho");
    expect(commonPrefix(["\u{1f600}", "\u{1f601}"].map(candidate))).toBe("");
    expect(commonPrefix([])).toBe("");
  });
});
