/** A directory of 20,000 files beside a daemon: when its listing begins, what the shell needs for it, and that it is whole. */
import { spawn } from "node:child_process";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { withManyFiles } from "../../bench/many-files.ts";
import { Processes } from "./processes.ts";

const shell = resolve(import.meta.dirname, "../../bin/dfs-shell.js");
const files = 20_000;
const peakMiBMax = 150;
const processes = new Processes();
let folder: string;

const label = (place: number): string => `img_${String(place).padStart(6, "0")}.jpg`;
const names = Array.from({ length: files }, (_, place) => label(place));

beforeAll(async () => {
  folder = await processes.folder();
  await processes.run(folder, "mkdir /small");
  await withManyFiles(folder, async (tree) => {
    const directory = tree.newDirectory(tree.root, "large");
    // Neither the order of their making nor that of their tokens is that of their names.
    await tree.add(directory, [...names].reverse());
  });
  await processes.peer(folder);
  // What is made once is made now: the index of the names.
  await processes.run(folder, "find / -name nothing");
}, 120_000);

afterAll(() => processes.clean());

/** Tells on stderr the most memory that its process had, in KiB. */
const tellPeak =
  "data:text/javascript,process.on('exit',()=>process.stderr.write('peak '+process.resourceUsage().maxRSS))";

/** Runs a command: what it wrote, after what part of its time it began to, and the most memory that it had. */
async function timed(command: string): Promise<{ out: string; begun: number; peakMiB: number }> {
  const args = [`--import=${tellPeak}`, shell, "--data", folder, "-c", command];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  const startedMs = performance.now();
  let begunMs: number | undefined;
  let [out, err] = ["", ""];
  child.stdout.on("data", (bytes: Buffer) => {
    begunMs ??= performance.now();
    out += bytes.toString();
  });
  child.stderr.on("data", (bytes: Buffer) => (err += bytes.toString()));
  expect(await new Promise((ended) => child.once("close", ended))).toBe(0);
  const peakKiB = /^peak (\d+)$/.exec(err)?.[1];
  expect(err).toBe(`peak ${peakKiB}`);
  const begun = ((begunMs ?? Infinity) - startedMs) / (performance.now() - startedMs);
  return { out, begun, peakMiB: Number(peakKiB) / 1024 };
}

it("DIR-11 ls -l begins long before it ends, and holds little of it", { timeout: 120_000 }, async () => {
  const { out, begun, peakMiB } = await timed("ls -l /large");
  const lines = out.trimEnd().split("\n");
  expect(lines.map((line) => line.split(/\s+/).at(-1))).toEqual(names);
  expect(begun).toBeLessThan(0.6);
  expect(peakMiB).toBeLessThan(peakMiBMax);
});

it("DIR-11 ls of all names, and of those that a glob leaves", { timeout: 120_000 }, async () => {
  const all = await timed("ls /large");
  expect(all.out.trimEnd().split("\n")).toEqual(names);
  expect(all.peakMiB).toBeLessThan(peakMiBMax);
  const some = await timed(`echo ${join("/large", "img_0199*5.jpg")}`);
  expect(some.out.trim().split(" ")).toEqual(
    names.filter((name) => /^img_0199.5/.test(name)).map((name) => `/large/${name}`),
  );
});

it("DIR-11 a name is listed as soon as it was made, and no more once it is gone", { timeout: 120_000 }, async () => {
  await processes.run(folder, `mkdir /large/img_000000; rm /large/${label(1)}`);
  const { out } = await timed("ls /large");
  expect(out.split("\n").slice(0, 4)).toEqual(["img_000000", label(0), label(2), label(3)]);
});
