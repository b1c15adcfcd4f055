import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { openDataFolder } from "../../src/store/data-folder.ts";
import { temporaryFolder } from "./store-fixtures.ts";

const holder = fileURLToPath(new URL("./hold-data-folder.ts", import.meta.url));

async function modeOf(path: string): Promise<number> {
  return (await stat(path)).mode & 0o777;
}

describe("openDataFolder", () => {
  it("DATA-1 creates a folder for its owner alone, and repairs one that lets others in", async () => {
    const path = join(await temporaryFolder(), "deep", "data");
    const folder = await openDataFolder(path);
    expect(await modeOf(path)).toBe(0o700);
    expect(await modeOf(join(path, "holder.json"))).toBe(0o600);
    await folder.release();
    await chmod(path, 0o755);
    await (await openDataFolder(path)).release();
    expect(await modeOf(path)).toBe(0o700);
  });

  it("DATA-2 a folder is held by one at a time; the second is told by whom, until it is released", async () => {
    const path = join(await temporaryFolder(), "data");
    const first = await openDataFolder(path, { program: "dfs-peer 1.2.3" });
    await expect(openDataFolder(path)).rejects.toMatchObject({
      kind: "locked",
      message: expect.stringMatching(`held by process ${process.pid} \\(dfs-peer 1.2.3 since 20`) as string,
    });
    await first.release();
    const second = await openDataFolder(path);
    await first.release();
    expect(await readdir(path)).toContain("holder.json");
    await second.release();
    expect(await readdir(path)).not.toContain("holder.json");
  });

  it("DATA-3 the lock ends with its process, even by kill -9", async () => {
    const path = join(await temporaryFolder(), "data");
    const child = spawn(process.execPath, ["--import", "tsx", holder, path], { stdio: ["ignore", "pipe", "inherit"] });
    onTestFinished(() => void child.kill("SIGKILL"));
    await once(child.stdout, "data");
    await expect(openDataFolder(path)).rejects.toMatchObject({
      kind: "locked",
      message: expect.stringMatching(`process ${child.pid} \\(dfs-peer 9.9.9 since`) as string,
    });
    child.kill("SIGKILL");
    await once(child, "exit");
    const folder = await openDataFolder(path);
    expect(await readFile(join(path, "holder.json"), "utf8")).toContain(`"pid":${process.pid}`);
    await folder.release();
  });

  it("a note of a holder that is gone is not believed", async () => {
    const path = join(await temporaryFolder(), "data");
    const folder = await openDataFolder(path);
    const gone = spawn(process.execPath, ["-e", ""]);
    await once(gone, "exit");
    await writeFile(join(path, "holder.json"), JSON.stringify({ pid: gone.pid, startedMs: 1, name: "old" }));
    await expect(openDataFolder(path)).rejects.toMatchObject({
      message: expect.stringContaining("another process") as string,
    });
    await writeFile(join(path, "holder.json"), "{");
    await expect(openDataFolder(path)).rejects.toMatchObject({ kind: "locked" });
    await folder.release();
  });

  it("DATA-4 links and relative paths lead to the same folder", async () => {
    const parent = await temporaryFolder();
    const path = join(parent, "data");
    const folder = await openDataFolder(relative(process.cwd(), path));
    expect(folder.path).toBe(path);
    await symlink(path, join(parent, "link"));
    await expect(openDataFolder(join(parent, "link"))).rejects.toMatchObject({ kind: "locked" });
    await folder.release();
  });

  it("DATA-5 a folder with something else in it, a file, or a planted link is refused and left as it was", async () => {
    const parent = await temporaryFolder();
    await writeFile(join(parent, "letter.txt"), "dear");
    await expect(openDataFolder(parent)).rejects.toMatchObject({ kind: "not-empty" });
    expect(await readdir(parent)).toEqual(["letter.txt"]);
    await expect(openDataFolder(join(parent, "letter.txt"))).rejects.toMatchObject({ kind: "not-directory" });
    const path = join(parent, "data");
    await mkdir(path);
    await symlink(join(parent, "letter.txt"), join(path, "lock.db"));
    await expect(openDataFolder(path)).rejects.toMatchObject({ kind: "permission" });
    expect(await readFile(join(parent, "letter.txt"), "utf8")).toBe("dear");
  });

  it.skipIf(process.getuid?.() !== 0)("a folder of another user is refused (needs root, to make one)", async () => {
    const path = join(await temporaryFolder(), "data");
    await mkdir(path);
    await chown(path, 12345, 12345);
    await expect(openDataFolder(path)).rejects.toMatchObject({ kind: "permission" });
  });

  it("DATA-6 a folder of another version says which program wrote it, and a damaged note is told apart", async () => {
    const path = join(await temporaryFolder(), "data");
    await (await openDataFolder(path)).release();
    const format = join(path, "format");
    const known = await readFile(format, "utf8");
    expect(JSON.parse(known)).toEqual({ format: "dfs-shell data folder", version: 1, program: "dfs-shell" });
    await writeFile(format, JSON.stringify({ format: "dfs-shell data folder", version: 2, program: "dfs-peer 7.0.0" }));
    await expect(openDataFolder(path)).rejects.toMatchObject({
      kind: "version",
      message: expect.stringContaining("use dfs-peer 7.0.0") as string,
    });
    await writeFile(format, "x");
    await expect(openDataFolder(path)).rejects.toMatchObject({ kind: "integrity" });
    await writeFile(format, known);
    await (await openDataFolder(path)).release();
  });

  it("what crashed writes left behind is removed", async () => {
    const path = join(await temporaryFolder(), "data");
    await (await openDataFolder(path)).release();
    await writeFile(join(path, ".config.json.0123456789abcdef.tmp"), "half");
    await writeFile(join(path, ".mine.tmp"), "whole");
    const folder = await openDataFolder(path);
    expect((await readdir(path)).filter((name) => name.endsWith(".tmp"))).toEqual([".mine.tmp"]);
    await folder.release();
    // A folder that crashed while it was made has no format yet, and is still ours.
    await rm(join(path, "format"));
    await rm(join(path, ".mine.tmp"));
    await writeFile(join(path, ".format.0123456789abcdef.tmp"), "half");
    await (await openDataFolder(path)).release();
  });
});
