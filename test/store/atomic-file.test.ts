import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { removeTemporaryFiles, writeFileAtomic } from "../../src/store/atomic-file.ts";
import { temporaryFolder } from "./store-fixtures.ts";

describe("writeFileAtomic", () => {
  it("DATA-10 writes a file for its owner alone, or with the mode asked for, whatever was there before", async () => {
    const path = join(await temporaryFolder(), "key");
    await writeFile(path, "old", { mode: 0o644 });
    await writeFileAtomic(path, Buffer.from("new"));
    expect(await readFile(path, "utf8")).toBe("new");
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await writeFileAtomic(path, Buffer.from("newer"), { mode: 0o666 });
    expect((await stat(path)).mode & 0o777).toBe(0o666);
  });

  it("DATA-11 leaves the old file and nothing else when it fails", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "target");
    await mkdir(path);
    await writeFile(join(path, "inside"), "x");
    await expect(writeFileAtomic(path, Buffer.from("new"))).rejects.toMatchObject({ kind: "is-directory", path });
    expect(await readdir(folder)).toEqual(["target"]);
    await expect(writeFileAtomic(join(folder, "none", "key"), Buffer.of(1))).rejects.toMatchObject({
      kind: "not-found",
    });
  });

  it("writes at the same time end with one of them, whole", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "config");
    const texts = Array.from({ length: 10 }, (_, at) => String(at).repeat(1000));
    await Promise.all(texts.map((text) => writeFileAtomic(path, Buffer.from(text))));
    expect(texts).toContain(await readFile(path, "utf8"));
    expect(await readdir(folder)).toEqual(["config"]);
  });

  it("only temporary files of ours are removed", async () => {
    const folder = await temporaryFolder();
    for (const name of [".key.0123456789abcdef.tmp", "key.tmp", ".key.tmp"]) await writeFile(join(folder, name), "");
    await removeTemporaryFiles(folder);
    expect((await readdir(folder)).sort()).toEqual([".key.tmp", "key.tmp"]);
  });
});
