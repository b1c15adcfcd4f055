import { execFileSync } from "node:child_process";
import { readdirSync, renameSync, symlinkSync } from "node:fs";
import { chmod, link, mkdir, mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { GetRequest, TransferEvent, TransferSummary } from "../../src/core/client.ts";
import { nameBytesMax, packFileBytesMax } from "../../src/core/limits.ts";
import { printable } from "../../src/core/names.ts";
import { GetTransfer } from "../../src/peer/get-transfer.ts";
import { partName } from "../../src/peer/local-target.ts";
import { runLines } from "../shell/driver.ts";
import { at, putText } from "./file-space.ts";
import { hostileNames, writtenOnWindowsToo } from "./hostile-names.ts";
import { HostileSpace, snapshot } from "./hostile-space.ts";

/** What no terminal may be sent: all that is not a line feed or a character that one sees where it stands. */
const unseen = /[^\P{Cc}\n]|[\u200b\u2028\u202a-\u202e\u2066-\u2069\ufeff]/u;

describe("names that a hostile catalogue gives to get", () => {
  let space: HostileSpace;
  let work: string;
  let target: string;

  beforeEach(async () => {
    space = new HostileSpace();
    await space.start();
    work = await mkdtemp(join(tmpdir(), "names-"));
    target = join(work, "around/target");
    await mkdir(target, { recursive: true });
    await mkdir(join(work, "around/outside"));
    await writeFile(join(work, "around/outside/victim"), "untouched");
    await mkdir(join(work, "outside"));
    await writeFile(join(work, "outside/victim"), "untouched");
  });
  afterEach(async () => {
    await space.stop();
    await rm(work, { recursive: true });
  });

  interface Outcome {
    readonly summary: TransferSummary;
    readonly failures: readonly { readonly path: string; readonly kind: string; readonly message: string }[];
  }

  async function get(
    source: string,
    request: Partial<GetRequest> = {},
    { platform, onEvent }: { platform?: NodeJS.Platform; onEvent?: (event: TransferEvent) => void } = {},
  ): Promise<Outcome> {
    const failures: { path: string; kind: string; message: string }[] = [];
    const events = (event: TransferEvent): void => {
      onEvent?.(event);
      if (event.type !== "failed") return;
      const { kind, message } = event.error;
      failures.push({ path: event.path, kind, message });
    };
    const { pool, namespace, content } = space;
    const whole = { sources: [at(source)], target, recursive: true, ...request };
    const transfer = new GetTransfer({ namespace, pool, content, platform }, whole, { onEvent: events });
    return { summary: await transfer.run(), failures };
  }

  /** What is in `work`, but not in the target. */
  async function outside(): Promise<Record<string, string>> {
    const all = Object.entries(await snapshot(work));
    return Object.fromEntries(all.filter(([path]) => !path.startsWith("/around/target/")));
  }

  async function namesIn(folder: string): Promise<string[]> {
    return (await readdir(folder, { encoding: "buffer" })).map((name) => name.toString("latin1")).toSorted();
  }

  const latin = (name: string): string => Buffer.from(name).toString("latin1");

  /** Every hostile name as a file in /files and as a directory in /folders, with good files beside them. */
  async function plantAll(): Promise<void> {
    for (const [folder, kind] of [
      ["/files", "file"],
      ["/folders", "directory"],
    ] as const) {
      await space.client.mkdir(at(folder));
      for (const name of ["first", "good.txt", "zz"]) await putText(space.client, `${folder}/${name}`, "good");
      for (const { bytes } of hostileNames) await space.plant(folder, bytes, kind);
    }
  }

  it("NAME-1 nothing is written outside the target or under a hostile name, and everything else is", async () => {
    expect(hostileNames.length).toBeGreaterThanOrEqual(60);
    await plantAll();
    const before = await outside();
    const outcome = await get("/");
    expect(await outside()).toEqual(before);
    const good = ["first", "good.txt", "zz"];
    const written = hostileNames.filter(({ isWritten }) => isWritten);
    const names = [...written.map(({ bytes }) => bytes.toString("latin1")), ...good].toSorted();
    expect(await namesIn(join(target, "files"))).toEqual(names);
    expect(await namesIn(join(target, "folders"))).toEqual(names);
    for (const { bytes } of written) {
      const folder = Buffer.concat([Buffer.from(`${target}/folders/`), bytes, Buffer.from("/inside")]);
      expect(await readFile(folder, "utf8")).toBe("inside");
    }
    const refused = hostileNames.filter(({ isWritten }) => !isWritten);
    expect(outcome.summary).toMatchObject({ failed: 2 * refused.length, files: 2 * written.length + 2 * good.length });
    expect(new Set(outcome.failures.map(({ kind }) => kind))).toEqual(new Set(["invalid-name"]));
    expect(new Set(outcome.failures.map(({ path }) => path)).size).toBe(2 * refused.length);
    for (const { path, message } of outcome.failures) {
      expect(path.startsWith(`${target}/files/`) || path.startsWith(`${target}/folders/`)).toBe(true);
      expect(printable(path)).not.toMatch(unseen);
      expect(message).not.toMatch(unseen);
    }
  });

  it("NAME-2 on Windows, what means something else there is refused as well, and no name is rewritten", async () => {
    await plantAll();
    const before = await outside();
    const { failures } = await get("/files", {}, { platform: "win32" });
    expect(await outside()).toEqual(before);
    const written = hostileNames.filter(
      ({ isWritten, bytes }) => isWritten && writtenOnWindowsToo(bytes.toString("utf8")),
    );
    // In capitals it is another file's name there; which of the two comes first depends on their seals.
    const names = await namesIn(join(target, "files"));
    const folded = (list: readonly string[]): string[] =>
      [...new Set(list.map((name) => name.toLowerCase()))].toSorted();
    expect(folded(names)).toEqual(
      folded([...written.map(({ bytes }) => bytes.toString("latin1")), "first", "good.txt", "zz"]),
    );
    for (const name of ["CON", "nul", "C:", "a\\b", "good.txt.", "good.txt::$DATA", "LPT\u00b9"])
      expect(failures.find(({ path }) => path.endsWith(`/${name}`))).toMatchObject({ kind: "invalid-name" });
  });

  it("NAME-3 the shell tells each refusal with its reason, escaped, and ends with 1", async () => {
    await plantAll();
    const { dfsClient: client } = space;
    const refused = hostileNames.filter(({ isWritten }) => !isWritten);
    const { code, out, err } = await runLines(`get -qR /files ${target}`, { client, columns: 200 });
    expect({ code, out }).toEqual({ code: 1, out: "" });
    const lines = err.trimEnd().split("\n");
    expect(lines).toHaveLength(refused.length);
    expect(lines.filter((line) => !/^get: \/.*\/target\/files\/.*: \S/.test(line))).toEqual([]);
    expect(err).not.toMatch(unseen);
    expect(err).toContain(String.raw`files/\x1b]52;c;cm0gLXJmIH4=\x07: a name cannot contain control characters`);
    expect(err).toContain("files/..: ");
  });

  it("NAME-4 what looks into a directory shows the other names, and tells which it left out", async () => {
    await plantAll();
    const { dfsClient: client } = space;
    for (const command of ["ls /files", "ls -l /files", "tree /files", "find /files", "du -a /files", "ls -R /"]) {
      const { code, out, err } = await runLines(`-${command}; echo`, { client, columns: 200 });
      expect(out, command).toContain("good.txt");
      expect(out, command).toContain("zz");
      expect(out.replaceAll(/\u001b\[(1;34|0)m|\t/g, "") + err, command).not.toMatch(unseen);
      expect(err, command).toMatch(/\/files\/.*: .*(cannot|must be)/);
      expect(code, command).toBe(0);
      expect((await runLines(command, { client })).code, command).toBeGreaterThan(0);
    }
    expect((await runLines("ls /files/g*.txt", { client })).out).toContain("/files/good.txt\n");
  });

  it("NAME-5 a tree with such names can be removed", async () => {
    await plantAll();
    const { code, err } = await runLines("rm -r /files /folders; ls /", { client: space.dfsClient });
    expect({ code, err }).toEqual({ code: 0, err: "" });
  });

  it("NAME-6 nothing is written through links that stand in the target, nor into files with another name", async () => {
    await space.client.mkdir(at("/tree/sub"), { parents: true });
    for (const name of ["file", "resumed", "linked", "sub/inner"]) await putText(space.client, `/tree/${name}`, name);
    const tree = join(target, "tree");
    const victim = join(work, "outside/victim");
    const before = await outside();
    for (const [force, resume] of [
      [false, false],
      [true, false],
      [false, true],
      [true, true],
    ] as const) {
      await rm(tree, { recursive: true, force: true });
      await mkdir(tree);
      await symlink(join(work, "outside"), join(tree, "sub"));
      await symlink(victim, join(tree, "file"));
      await symlink(victim, join(tree, partName("resumed")));
      await link(victim, join(tree, partName("linked")));
      const { failures } = await get("/tree", { force, resume });
      expect(await outside()).toEqual(before);
      expect(failures.find(({ path }) => path.endsWith("/sub"))).toMatchObject({ kind: "not-directory" });
      if (force) expect(await readFile(join(tree, "file"), "utf8")).toBe("file");
      else expect(failures.find(({ path }) => path.endsWith("/file"))).toMatchObject({ kind: "exists" });
      const linked = failures.filter(({ path }) => path.includes("/linked"));
      expect(linked.map(({ kind }) => kind)).toEqual(resume ? ["permission"] : force ? [] : ["exists"]);
    }
  });

  it("NAME-6 a link that is the target itself is replaced by force, and never followed", async () => {
    await putText(space.client, "/file", "new");
    const path = join(target, "link");
    await symlink(join(work, "outside/victim"), path);
    const before = await outside();
    await expect(get("/file", { target: path })).rejects.toMatchObject({ kind: "exists" });
    await get("/file", { target: path, force: true });
    expect(await outside()).toEqual(before);
    expect(await readFile(path, "utf8")).toBe("new");
  });

  for (const platform of ["linux", "darwin"] as const) {
    it(`NAME-7 a folder that a link replaces while get runs takes nothing elsewhere (${platform})`, async () => {
      await space.client.mkdir(at("/tree/a/b"), { parents: true });
      for (let index = 0; index < 8; index++) {
        await putText(space.client, `/tree/a/f${index}`, `f${index}`);
        await putText(space.client, `/tree/a/b/g${index}`, `g${index}`);
      }
      // Larger than what goes in a pack, where files are not told of by name.
      for (const path of ["/tree/a/large", "/tree/a/b/large"])
        await putText(space.client, path, path.repeat(Math.ceil((packFileBytesMax + 1) / path.length)));
      const before = await outside();
      // Elsewhere folders cannot be held open, and nothing goes in packs.
      const moments = ["found", "started", "done", ...(platform === "linux" ? ["packed"] : [])];
      const writePack = space.pool.writePack.bind(space.pool);
      for (const when of moments) {
        for (const replaced of ["tree/a", "tree/a/b", "tree"]) {
          await rm(target, { recursive: true });
          await mkdir(target);
          const stolen = join(target, "stolen");
          let isDone = false;
          const replace = (now: string): void => {
            const folder = join(target, replaced);
            if (isDone || now !== when || !isFolder(folder)) return;
            isDone = true;
            renameSync(folder, stolen);
            symlinkSync(join(work, "outside"), folder);
          };
          const onEvent = (event: TransferEvent): void => replace(event.type);
          vi.spyOn(space.pool, "writePack").mockImplementation((...work) => {
            replace("packed");
            return writePack(...work);
          });
          const { summary, failures } = await get("/tree", { parallel: 1 }, { platform, onEvent });
          expect(isDone).toBe(true);
          expect(await outside(), `${when} ${replaced}`).toEqual(before);
          expect(summary.files + summary.failed).toBeGreaterThan(0);
          if (platform === "linux") expect(failures.filter(({ kind }) => kind !== "not-directory")).toEqual([]);
        }
      }
    });
  }

  it("NAME-8 names that the file system takes for one are not written over each other", async () => {
    const folder = "/2024";
    await space.client.mkdir(at(folder));
    for (const name of ["Readme", "README", "caf\u00e9", "cafe\u0301", "zero\u200b", "zero", "other"])
      await putText(space.client, `${folder}/${name}`, name);
    for (const name of ["Sub", "SUB"]) {
      await space.client.mkdir(at(`${folder}/${name}`));
      await putText(space.client, `${folder}/${name}/${name}`, name);
    }
    for (const request of [{}, { force: true }, { resume: true }]) {
      await rm(target, { recursive: true });
      await mkdir(target);
      const { summary, failures } = await get(folder, request, { platform: "darwin" });
      expect(failures.map(({ kind }) => kind)).toEqual(["exists", "exists", "exists", "exists"]);
      expect(summary).toMatchObject({ files: 5, failed: 4 });
      expect(await readdir(join(target, "2024"))).toHaveLength(5);
    }
    expect((await get(folder, { target: join(work, "around/target/all") }, { platform: "linux" })).failures).toEqual(
      [],
    );
  });

  it("NAME-9 unfinished files have names of their own, whatever the files beside them are called", async () => {
    await space.client.mkdir(at("/tree"));
    const long = "n".repeat(nameBytesMax);
    const names = ["x", "x.part", "x.part.part", long, `${long.slice(1)}m`, `${"é".repeat(127)}n`];
    for (const name of names) await putText(space.client, `/tree/${name}`, name);
    expect(new Set(names.map(partName)).size).toBe(names.length);
    for (const name of names) expect(Buffer.byteLength(partName(name))).toBeLessThanOrEqual(nameBytesMax);
    for (const request of [{}, { force: true }, { resume: true }, { force: true }]) {
      expect((await get("/tree", request)).failures).toEqual([]);
      for (const name of names) expect(await readFile(join(target, "tree", name), "utf8")).toBe(name);
      expect(await namesIn(join(target, "tree"))).toEqual(names.map(latin).toSorted());
    }
    await expect(space.plant("/tree", Buffer.alloc(nameBytesMax + 1, 110))).rejects.toThrow("1 to 271 bytes expected");
  });

  it("NAME-10 paths longer than the system takes in one call are written, and what stands in the way is told", async () => {
    const deep = `/deep${`/${"d".repeat(200)}`.repeat(30)}`;
    await space.client.mkdir(at(deep), { parents: true });
    await putText(space.client, `${deep}/bottom`, "bottom");
    expect(await get("/deep")).toMatchObject({ summary: { files: 1, failed: 0 }, failures: [] });
    const found = execFileSync("find", [join(target, "deep"), "-name", "bottom"], { maxBuffer: 1 << 20 });
    expect(found.toString().endsWith("/bottom\n")).toBe(true);
    execFileSync("rm", ["-rf", join(target, "deep")]);

    await space.client.mkdir(at("/way/folder"), { parents: true });
    await putText(space.client, "/way/folder/inside", "inside");
    for (const name of ["file", "pipe", "good"]) await putText(space.client, `/way/${name}`, name);
    const way = join(target, "way");
    await mkdir(join(way, "file"), { recursive: true });
    await writeFile(join(way, "folder"), "a file");
    execFileSync("mkfifo", [join(way, "pipe")]);
    const { failures } = await get("/way", { force: true });
    expect(Object.fromEntries(failures.map(({ path, kind }) => [path.slice(way.length), kind]))).toEqual({
      "/file": "is-directory",
      "/folder": "not-directory",
      "/pipe": "exists",
    });
    expect((await stat(join(way, "pipe"))).isFIFO()).toBe(true);
    expect(await readFile(join(way, "good"), "utf8")).toBe("good");
  });

  it("NAME-11 a file does not take on the rights of who gets it", async () => {
    const local = join(work, "around/target/program");
    await writeFile(local, "#!/bin/sh\n");
    await chmod(local, 0o6755);
    await space.client.put({ sources: [{ kind: "path", path: local }], target: at("/program") });
    await rm(local);
    await get("/program");
    expect((await stat(local)).mode & 0o7777).toBe(0o755);
  });

  it("NAME-12 put tells which local names it cannot store, and stores the others", async () => {
    const folder = join(target, "local");
    await mkdir(folder);
    const bad = ["a\u001b[2Jb", "line\nfeed", "\u0085"].map((name) => Buffer.from(name));
    for (const name of [...bad, Buffer.from([0x63, 0xe9]), Buffer.from("good"), Buffer.from("\ufffd")])
      await writeFile(Buffer.concat([Buffer.from(`${folder}/`), name]), name);
    const { dfsClient: client } = space;
    const { code, err } = await runLines(`put -qR ${folder} /put; ls /put`, { client, columns: 200 });
    expect(code).toBe(1);
    expect(err).not.toMatch(unseen);
    expect(err.split("\n").filter((line) => line.startsWith("put: "))).toHaveLength(4);
    expect(err).toContain(String.raw`local/c\xe9: a name must be valid UTF-8`);
    expect(err).toContain(String.raw`local/a\x1b[2Jb: a name cannot contain control characters`);
    expect((await runLines("ls -1 /put", { client })).out).toBe("good\n\ufffd\n");
  });
});

function isFolder(path: string): boolean {
  try {
    return readdirSync(path, { withFileTypes: true }).length >= 0;
  } catch {
    return false;
  }
}
