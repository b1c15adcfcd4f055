/** Every command that knows `--json`: what it prints is what docs/json says. */
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { DfsError } from "../../src/core/errors.ts";
import { parseUserName } from "../../src/core/ids.ts";
import { jsonShapes } from "../../src/shell/json-shapes.ts";
import { localFolder, runLines, runProgram } from "./driver.ts";
import { jsonLines } from "./json-lines.ts";
import { MemoryClient } from "./memory-client.ts";

const password = "seven blue kites";

/** Three peers, two users with a share, damage, a drain, files that expire: something for every field. */
async function everything(): Promise<MemoryClient> {
  const client = new MemoryClient({ peers: 3 });
  const ann = parseUserName("ann");
  await client.addUser({ name: ann, password, quotaBytes: 1_000_000 });
  await client.login({ name: ann, password, rememberMs: 60_000 });
  await client.addUser({ name: parseUserName("bob"), password });
  client.add("/docs/plan.txt", "the plan");
  client.add("/docs/2026/old.txt", "old");
  client.add("/a.txt", "one\n");
  return client;
}

const fields = (objects: readonly Record<string, unknown>[]): string[] => [
  ...new Set(objects.flatMap((object) => Object.keys(object))),
];

/** A command, lines of which it alone prints something, how many lines of JSON that gives, and fields that are in them. */
type Row = readonly [command: string, lines: string, count: number | "some", fields: readonly string[]];

const rows: readonly Row[] = [
  ["ls", "ls -l", 2, ["path", "sizeBytes", "modified"]],
  ["ls", "ls -Ra docs nope *.txt", 4, []],
  ["ls", "put --expire 2h one.txt /gone.txt; ls gone.txt", 1, ["expires"]],
  ["find", "find / -type f", 3, ["fileKey"]],
  ["tree", "tree -L 1 /", 3, ["kind"]],
  ["tree", "tree -d docs a.txt", 3, []],
  ["stat", "stat a.txt docs", 2, ["revision", "copies"]],
  ["pwd", "cd docs; pwd", 1, ["path"]],
  ["lpwd", "lpwd", 1, ["path"]],
  ["lls", "lls -a", 4, ["kind", "modified"]],
  ["lls", "lls one.txt sub", 2, []],
  ["du", "du -ac docs", 5, ["total", "path", "historyBytes"]],
  ["df", "df", 4, ["capacityBytes", "total", "user"]],
  ["put", "put one.txt", 1, ["copiesWanted", "elapsedMs"]],
  ["put", "put -n one.txt", 2, ["would", "files"]],
  ["get", "get a.txt", 1, ["files"]],
  ["get", "get -n a.txt", 2, ["would"]],
  ["why", "why a.txt", 1, ["chain", "holders"]],
  ["status", "status", 1, ["safety", "self"]],
  ["peers", "peers", 3, ["silentMs"]],
  ["coordinator", "coordinator", 1, ["members", "ageMs"]],
  ["backup", "backup", 3, ["links"]],
  ["peer", "peer drain ben; peer", 1, ["order", "reason"]],
  ["doctor", "doctor", "some", ["area", "outcome"]],
  ["fsck", "fsck", 3, ["mended"]],
  ["policy", "policy", 1, ["retainMs"]],
  ["retain", "retain", 1, ["copies"]],
  ["fingers", "fingers", 1, ["sample"]],
  ["invite", "invite", 1, ["invite", "expires"]],
  ["invite", "invite > /dev/null; invite list", 1, ["usesLeft"]],
  ["whoami", "whoami", 1, ["rememberedUntil"]],
  ["users", "users", 3, ["quotaBytes"]],
  ["quota", "quota bob", 1, ["quotaBytes"]],
  ["shares", "share docs bob; shares", 1, ["since"]],
  ["set", "X=1; Y='a b'; set", 2, ["name", "value"]],
  ["set", "set -o", 9, ["option", "on"]],
  ["revisions", "revisions a.txt", 1, ["revision", "current", "committed"]],
  ["diff", "diff a.txt docs/plan.txt", 1, ["old", "hunks"]],
  ["diff", "!printf 'a\\0b' > bin\nput bin; diff bin a.txt", 1, ["firstByte"]],
  ["diff", "diff a.txt a.txt", 1, ["isSame"]],
  ["undo", "mkdir x; undo", 1, ["change", "steps", "shown"]],
  ["undo", "mv a.txt docs; put -f one.txt b.txt; undo -n", 1, ["shown"]],
  ["undo", "mkdir x; mkdir y; undo > /dev/null; undo --list", 2, ["command", "state"]],
  ["jobs", "put one.txt & wait; jobs", "some", ["command", "state"]],
  ["alias", "alias ll='ls -l' la='ls -a'; alias", 2, ["name", "text"]],
];

async function run(lines: string, isGlobal: boolean): Promise<string> {
  const folder = localFolder();
  writeFileSync(join(folder, "one.txt"), "one");
  mkdirSync(join(folder, "sub"));
  writeFileSync(join(folder, "sub", "two.txt"), "two");
  symlinkSync("/nowhere/at/all", join(folder, "dangling"));
  symlinkSync("/dev/null", join(folder, "device"));
  const client = await everything();
  const prepared = lines.replace(/(; |^)(?=[^;]*$)/, `$1-`);
  const text = isGlobal ? prepared : `${prepared} --json`;
  const { out } = await runProgram([...(isGlobal ? ["--json"] : []), "-c", `lcd ${folder}; ${text}`], { client });
  return out;
}

describe("JSON", () => {
  it.each(rows)("SCRIPT-14 %s: %j prints lines of its schema", async (command, lines, lineCount, present) => {
    const own = jsonLines(command, await run(lines, false));
    expect(own.length > 0 && (lineCount === "some" || own.length === lineCount), `${own.length} lines`).toBe(true);
    expect(fields(own)).toEqual(expect.arrayContaining([...present]));
    const isGlobal = jsonLines(command, lastOf(await run(lines, true), own.length));
    expect(fields(isGlobal)).toEqual(fields(own));
  });

  it("SCRIPT-14 every shape is printed by a row", () => {
    expect(Object.keys(jsonShapes).filter((name) => name !== "join")).toEqual(
      expect.arrayContaining([...new Set(rows.map(([command]) => command))]),
    );
    const unprinted = Object.keys(jsonShapes).filter((name) => !rows.some(([command]) => command === name));
    expect(unprinted).toEqual(["join"]);
  });

  it("SCRIPT-14 also what is wrong has its shape", async () => {
    const client = await everything();
    client.network.damage("ben", 3, 1);
    client.network.setPeer("cleo", { state: "down", lastSeenMs: 20_000.5 });
    client.network.setLink("anna", "ben", { standing: "filling", filledBytes: 1, fillBytes: 2, verifiedMs: 1.5 });
    client.loseQuorum(1234.5);
    for (const command of ["status", "coordinator"])
      expect(jsonLines(command, (await runLines(`${command} --json`, { client })).out)).toHaveLength(1);
    for (const command of ["fsck", "backup", "peers"])
      expect(jsonLines(command, (await runLines(`${command} --json`, { client })).out)).toHaveLength(3);
    const away = (): Promise<MemoryClient> => Promise.reject(new DfsError("unreachable", "no answer"));
    const { out } = await runLines("doctor --json", { openClient: away });
    expect(jsonLines("doctor", out).length).toBeGreaterThan(0);
  });

  it("SCRIPT-14 dfs-shell join prints what it joined", async () => {
    const { out } = await runProgram(["--json", "join", "xyz"]);
    expect(jsonLines("join", out)).toEqual([{ networkId: "network of xyz", peerName: "ben" }]);
  });
});

/** What earlier commands of the lines printed is left out. */
function lastOf(out: string, count: number): string {
  return out
    .split(/(?<=\n)/)
    .slice(-count)
    .join("");
}
