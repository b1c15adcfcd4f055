import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { jsonLines } from "../shell/json-lines.ts";
import { Processes } from "./processes.ts";

const minutes = 60_000;

/** A command that prints JSON, and what is typed for it where that is more than its name. */
const commands: readonly (readonly [command: string, line?: string])[] = [
  ["ls", "ls -la /"],
  ["find", "find /"],
  ["tree", "tree /"],
  ["stat", "stat /docs /docs/one.txt"],
  ["pwd"],
  ["lpwd"],
  ["lls"],
  ["du", "du -ac /"],
  ["df"],
  ["put", "put -f one.txt two.txt /docs"],
  ["get", "get -f /docs/one.txt /docs/two.txt ."],
  ["why", "why /docs/one.txt"],
  ["status"],
  ["peers"],
  ["coordinator"],
  ["backup"],
  ["peer"],
  ["doctor"],
  ["fsck"],
  ["policy"],
  ["retain"],
  ["fingers"],
  ["invite"],
  ["whoami"],
  ["users"],
  ["quota", "quota ann"],
  ["shares"],
  ["revisions", "revisions /docs/one.txt"],
  ["jobs"],
  ["undo", "undo --list"],
  ["diff", "diff /docs/one.txt /docs/two.txt"],
];

describe("JSON of a running network", () => {
  const processes = new Processes();
  let folder = "";
  let local = "";
  beforeAll(async () => {
    const [peer] = await processes.network([{ name: "ann" }, { name: "ben" }]);
    folder = peer?.folder ?? "";
    local = await processes.folder();
    for (const name of ["one.txt", "two.txt"]) await writeFile(join(local, name), name);
    await writeFile(join(local, "password"), "seven blue kites\n", { mode: 0o600 });
    const lines = [
      "adduser --password-file password ann",
      "login --remember --password-file password ann",
      "adduser --password-file password bob",
      "mkdir /docs",
      "put one.txt /docs",
      "put two.txt /docs & wait",
      "share /docs bob",
    ];
    await processes.run(folder, [`lcd ${local}`, ...lines].join("\n"));
  }, 2 * minutes);
  afterAll(() => processes.clean());

  it("SCRIPT-14 is what docs/json says", { timeout: 2 * minutes }, async () => {
    const lines = commands.map(([command, line = command]) => `-${line} --json > ${command}.json`);
    await processes.run(folder, [`lcd ${local}`, ...lines].join("\n"));
    for (const [command] of commands) {
      const objects = jsonLines(command, await readFile(join(local, `${command}.json`), "utf8"));
      // Nothing is to be drained or removed.
      expect(objects.length > 0, command).toBe(command !== "peer");
    }
  });
});
