/** Directories of many pages: what the shell asks for, when it writes, and that it looks the same however pages come. */
import { describe, expect, it } from "vitest";
import type { NamesOptions, NamesPage } from "../../src/core/directory-names.ts";
import { resolvePath } from "../../src/core/names.ts";
import type { DfsPath } from "../../src/core/names.ts";
import { firstNames } from "../../src/shell/listing.ts";
import { runLines } from "./driver.ts";
import { MemoryClient, type MemoryClientOptions } from "./memory-client.ts";

/** Tells what names were asked for. */
class WatchedClient extends MemoryClient {
  readonly asked: NamesOptions[] = [];
  beforeNames: () => void = () => undefined;

  override names(path: DfsPath, options: NamesOptions = {}): Promise<NamesPage> {
    this.beforeNames();
    this.asked.push(options);
    return super.names(path, options);
  }
}

const label = (place: number): string => `img_${String(place).padStart(4, "0")}.jpg`;

function clientWith(files: number, options: MemoryClientOptions = {}): WatchedClient {
  const client = new WatchedClient(options);
  for (let place = 0; place < files; place += 1) client.add(`/big/${label(place)}`, "x".repeat(place % 7), place * 1e7);
  client.add("/big/.hidden", "x");
  client.add("/big/sub/below", "x");
  client.add("/big/\u{1f600}", "x");
  client.add("/big/\uffee", "x");
  return client;
}

describe("directories of many pages", () => {
  it.each(["ls /big", "ls -1a /big", "ls -l /big", "ls -lh /big", "ls --json /big"])(
    "DIR-8 %s writes what has come before it asks for what follows",
    async (line) => {
      const client = clientWith(2_600);
      let written = "";
      const seen: number[] = [];
      client.beforeNames = () => void seen.push(written.length);
      const { out, code } = await runLines(line, { client, columns: 80, onOut: (text) => (written += text) });
      expect(code).toBe(0);
      expect(seen).toHaveLength(6);
      expect(seen[0]).toBe(0);
      for (const [place, length] of seen.slice(1).entries()) expect(length).toBeGreaterThan(seen[place] as number);
      expect(out.length).toBeGreaterThan(seen.at(-1) as number);
    },
  );

  it.each([
    "ls /big",
    "ls -a1 /big",
    "ls -r /big",
    "ls -l /big",
    "ls -lr /big",
    "ls -t /big",
    "ls -tr /big",
    "ls -S /big",
    "ls -lS /big",
    "ls -R /",
    "ls -laR /",
    "ls --json /big",
    "tree /",
    "tree -ah /",
    "tree -d /",
    "ls /big/img_000*",
    "ls -d /big/*[13].jpg",
    "du -a /big",
  ])("DIR-8 %s looks the same whether the peer sorts or not", async (line) => {
    const [sorted, unsorted, inOnePage] = await Promise.all(
      [{ pageEntries: 9 }, { pageEntries: 9, isUnsorted: true }, {}].map(async (options) => {
        const { out, err, code } = await runLines(line, { client: clientWith(30, options) });
        expect([err, code]).toEqual(["", 0]);
        return out.replaceAll(/"committed":"[^"]*"/g, "");
      }),
    );
    expect(unsorted).toBe(sorted);
    expect(inOnePage).toBe(sorted);
    expect(sorted?.length).toBeGreaterThan(20);
  });

  it("DIR-8 names of other planes stand behind all others", async () => {
    const { out } = await runLines("ls -a /big", { client: clientWith(3, { pageEntries: 2 }) });
    expect(out.split("\n")).toEqual([".hidden", label(0), label(1), label(2), "sub", "\uffee", "\u{1f600}", ""]);
  });

  it("DIR-8 a file that goes while it is listed is left out", async () => {
    const client = clientWith(3);
    client.beforeNames = () => void setImmediate(() => void client.remove(resolvePath(`/big/${label(1)}`)));
    const entries = client.entries.bind(client);
    client.entries = async (path, names, options) => {
      await expect.poll(() => client.stat(resolvePath(`/big/${label(1)}`)).catch(() => "gone")).toBe("gone");
      return entries(path, names, options);
    };
    const { out, err, code } = await runLines("ls -l /big", { client });
    expect([err, code]).toEqual(["", 0]);
    expect(out).toContain(label(0));
    expect(out).not.toContain(label(1));
  });

  it("DIR-9 the first names are asked for by their prefix, and no more than are wanted", async () => {
    const reads = { signal: new AbortController().signal };
    const path = resolvePath("/big");
    const client = clientWith(2_000);
    const first = await firstNames(client, path, { prefix: "img_1", namesMax: 20 }, reads);
    expect(first.map(({ name }) => name)).toEqual(Array.from({ length: 20 }, (_, place) => label(1_000 + place)));
    expect(client.asked).toEqual([expect.objectContaining({ prefix: "img_1", limit: 20 })]);
    client.asked.length = 0;
    const all = await firstNames(client, path, { prefix: "", namesMax: 20 }, reads);
    expect(all.map(({ name }) => name)).toEqual(Array.from({ length: 20 }, (_, place) => label(place)));
    expect(client.asked).toHaveLength(2); // .hidden was on the first page
    const unsorted = clientWith(2_000, { isUnsorted: true });
    expect(await firstNames(unsorted, path, { prefix: "img_1", namesMax: 20 }, reads)).toEqual(first);
    expect(await firstNames(unsorted, path, { prefix: "", namesMax: 20 }, reads)).toEqual(all);
  });

  it("DIR-9 what a glob leaves is looked up a directory at a time", async () => {
    const client = clientWith(1_000);
    client.add("/other/img_0001.jpg", "x");
    const calls = { stat: 0, entries: 0 };
    const [stat, entries] = [client.stat.bind(client), client.entries.bind(client)];
    client.stat = (...call) => {
      calls.stat += 1;
      return stat(...call);
    };
    client.entries = (...call) => {
      calls.entries += 1;
      return entries(...call);
    };
    const { out, err, code } = await runLines("ls -l /big/img_0[0-4]* /big/gone /big/img_0999.jpg / /*/img_0001.jpg", {
      client,
    });
    expect(err).toBe("ls: /big/gone: no such file or directory\n");
    expect(code).toBe(3);
    const named = out.split("\n").map((line) => line.split(/\s+/).at(-1));
    expect(named.slice(0, 502)).toEqual([
      ...Array.from({ length: 2 }, (_, place) => `/big/${label(place)}`),
      `/big/${label(1)}`,
      ...Array.from({ length: 498 }, (_, place) => `/big/${label(place + 2)}`),
      `/big/${label(999)}`,
    ]);
    expect(named).toContain("/other/img_0001.jpg");
    expect(calls.entries).toBeLessThan(8);
    expect(calls.stat).toBeLessThan(12);
  });

  it("DIR-9 a glob asks for the names that begin as it does", async () => {
    const client = clientWith(2_000);
    const { out } = await runLines("ls /big/img_19*[05].jpg | wc -l", { client });
    expect(out.trim()).toBe("20");
    expect(client.asked.map(({ prefix }) => prefix)).toEqual(["img_19"]);
  });
});
