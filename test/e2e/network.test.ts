import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { appendFile, copyFile, mkdir, open, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeBigFile, writeTree } from "./files.ts";
import { type PeerProcess, Processes } from "./processes.ts";

const minutes = 60_000;
const treeFiles = 2000;
const bigMegabytes = 1024;
const residentKiBMax = 300 * 1024;

/** What `put -v` prints. */
interface Counters {
  readonly chunks: number;
  readonly newChunks: number;
  readonly newBytes: number;
  readonly sentChunks: number;
  readonly sentBytes: number;
}

function counters(line: string): Counters {
  const match = /(\d+) chunks, (\d+) new \((\d+) bytes\), (\d+) sent \((\d+) bytes\)/.exec(line);
  if (match === null) throw new Error(`no counters in ${line}`);
  const [chunks = 0, newChunks = 0, newBytes = 0, sentChunks = 0, sentBytes = 0] = match.slice(1).map(Number);
  return { chunks, newChunks, newBytes, sentChunks, sentBytes };
}

/** The most memory that a process ever had, in KiB. */
function residentPeakKiB(pid: number): number {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
}

function local(command: string, args: readonly string[], cwd: string): string {
  return execFileSync(command, args, { cwd, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
}

describe("three peers on one machine", () => {
  const processes = new Processes();
  let peers: PeerProcess[] = [];
  let work = "";
  const on = (index: number, commands: string): Promise<string> => processes.run(peers[index]?.folder ?? "", commands);

  beforeAll(async () => {
    work = await processes.folder();
    await writeTree(join(work, "tree"), treeFiles);
    await writeBigFile(join(work, "big"), 1, bigMegabytes);
    peers = await processes.network([{ name: "ann" }, { name: "ben" }, { name: "cy", args: ["--capacity", "0"] }]);
  }, 5 * minutes);
  afterAll(() => processes.clean(), minutes);

  it(
    "NET-1 a tree that one peer put is the same tree when another gets it, modes and times included",
    { timeout: 5 * minutes },
    async () => {
      await on(0, `put -R ${work}/tree /tree`);
      await on(2, `get -R /tree ${work}/got`);
      // The other way round: onto a shelf that is not the writer's own.
      await on(2, `put -R ${work}/tree/dir-0 /sent; get -R /sent ${work}/sent`);
      expect(local("diff", ["-r", "tree/dir-0", "sent"], work)).toBe("");
      expect(local("diff", ["-r", "tree", "got"], work)).toBe("");
      const listing = (root: string): string =>
        local("find", [".", "-printf", "%P %m %y %T@\\n"], join(work, root)).replaceAll(/\.(\d{3})\d*$/gm, ".$1");
      expect(listing("got").split("\n").sort()).toEqual(listing("tree").split("\n").sort());
    },
  );

  it("NET-2 find and du agree with their local namesakes", { timeout: 2 * minutes }, async () => {
    const found = (await on(2, "find /tree -name '*.md'")).trim().split("\n").sort();
    const expected = local("find", ["tree", "-name", "*.md"], work)
      .trim()
      .split("\n")
      .map((path) => `/${path}`)
      .sort();
    expect(found).toEqual(expected);
    expect(found.length).toBeGreaterThan(400);
    const bytes = local("find", ["tree", "-type", "f", "-printf", "%s\\n"], work)
      .trim()
      .split("\n")
      .map(Number)
      .reduce((sum, size) => sum + size, 0);
    expect(await on(2, "du -s /tree")).toBe(`${Math.ceil(bytes / 1024)}\t/tree\n`);
  });

  it(
    "NET-3 a file of 1 GiB arrives bit for bit, and is sent over the network once",
    { timeout: 10 * minutes },
    async () => {
      const first = counters(await on(2, `put -v ${work}/big /big`));
      expect(first.sentChunks).toBe(first.chunks);
      expect(first.sentBytes).toBeGreaterThan(bigMegabytes * 1024 * 1024);
      await on(0, `get /big ${work}/big.got`);
      local("cmp", ["big", "big.got"], work);
      const second = counters(await on(2, `put -v ${work}/big /big`));
      expect(second).toMatchObject({ newChunks: 0, sentChunks: 0, sentBytes: 0 });
    },
  );

  it(
    "NET-4 after an insertion at its start, under 2 MiB of a 1 GiB file travel",
    { timeout: 10 * minutes },
    async () => {
      const source = await open(join(work, "big"));
      await writeFile(join(work, "big2"), Buffer.alloc(1024, 7));
      await appendStream(source.createReadStream(), join(work, "big2"));
      const counted = counters(await on(2, `put -fv ${work}/big2 /big`));
      expect(counted.sentBytes).toBeGreaterThan(0);
      expect(counted.sentBytes).toBeLessThan(2 * 1024 * 1024);
      expect(await on(0, "stat --json /big")).toContain('"revision":2');
    },
  );

  it("NET-5 a range of a file reads only the chunks that it touches", { timeout: 2 * minutes }, async () => {
    const before = peers[1] === undefined ? 0 : bytesRead(peers[1].pid) + bytesRead(peers[0]?.pid ?? 0);
    const text = await processes.shell(["--data", peers[2]?.folder ?? "", "-c", "cat -r 500000000:1000 /big"]);
    const file = await open(join(work, "big2"));
    const { buffer } = await file.read(Buffer.alloc(1000), 0, 1000, 500_000_000);
    await file.close();
    expect(text.stdout).toBe(buffer.toString());
    const after = peers[1] === undefined ? 0 : bytesRead(peers[1].pid) + bytesRead(peers[0]?.pid ?? 0);
    expect(after - before).toBeLessThan(16 * 1024 * 1024);
  });

  it("NET-6 every process stays under 300 MiB through all of this", () => {
    for (const { name, pid } of peers) expect(residentPeakKiB(pid), name).toBeLessThan(residentKiBMax);
  });

  it(
    "NET-7 a get that was interrupted goes on where it was, after verifying what is there",
    { timeout: 5 * minutes },
    async () => {
      const part = join(work, "resumed.dfs-part");
      await copyFile(join(work, "big2"), part);
      const file = await open(part, "r+");
      await file.truncate(600 * 1024 * 1024);
      await file.write(Buffer.alloc(4096, 1), 0, 4096, 100 * 1024 * 1024);
      await file.close();
      expect((await processes.shell(["--data", peers[0]?.folder ?? "", "-c", `get /big ${work}/resumed`])).code).toBe(
        4,
      );
      await on(0, `get -c /big ${work}/resumed`);
      local("cmp", ["big2", "resumed"], work);
    },
  );

  it("NET-8 what one peer changes, the others see at once", { timeout: minutes }, async () => {
    await mkdir(join(work, "small"), { recursive: true });
    await writeFile(join(work, "small", "one.txt"), "one");
    await on(
      0,
      `mkdir -p /a/b; put ${work}/small/one.txt /a/b; mv /a/b/one.txt /a/two.txt; cp /a/two.txt /a/three.txt`,
    );
    expect(await on(1, "ls /a; cat /a/three.txt")).toBe("b\nthree.txt\ntwo.txt\none");
    await on(2, "rm /a/two.txt; rmdir /a/b");
    expect(await on(0, "ls /a")).toBe("three.txt\n");
    expect((await stat(join(work, "small", "one.txt"))).size).toBe(3);
    await appendFile(join(work, "small", "one.txt"), "!");
    await on(1, `put -f ${work}/small/one.txt /a/three.txt`);
    expect(await on(2, "cat /a/three.txt")).toBe("one!");
    expect(await readFile(join(work, "small", "one.txt"), "utf8")).toBe("one!");
  });
});

/** Bytes that a process has read from files and sockets so far. */
function bytesRead(pid: number): number {
  return Number(/rchar: (\d+)/.exec(readFileSync(`/proc/${pid}/io`, "utf8"))?.[1]);
}

async function appendStream(source: AsyncIterable<Buffer>, target: string): Promise<void> {
  const file = await open(target, "a");
  for await (const bytes of source) await file.write(bytes);
  await file.close();
}
