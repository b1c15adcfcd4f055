/** Undo by whole peers: over a restart, from another program, and beside an index of names. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { DfsClient } from "../../src/core/client.ts";
import { parsePeerName, parseUserName } from "../../src/core/ids.ts";
import { resolvePath } from "../../src/core/names.ts";
import { connectControl } from "../../src/peer/control/control-client.ts";
import { controlAddress } from "../../src/peer/data-folder-paths.ts";
import { createLog } from "../../src/peer/log.ts";
import { usualSettings } from "../../src/peer/peer-settings.ts";
import { startRunningPeer } from "../../src/peer/running-peer.ts";
import { anyChanges, makeChange } from "./undo-steps.ts";

type RunningPeer = Awaited<ReturnType<typeof startRunningPeer>>;

let folder: string;
let peer: RunningPeer;
const at = resolvePath;

function start(isDaemon: boolean): Promise<RunningPeer> {
  return startRunningPeer({
    folder,
    setup: { name: parsePeerName("solo") },
    listen: "/ip4/127.0.0.1/tcp/0",
    settings: usualSettings,
    isDaemon,
    onFault: (fault) => {
      throw fault;
    },
    log: createLog(() => undefined, { level: "silent", json: false }),
    program: "test",
    version: "0",
  });
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "dfs-undo-"));
  peer = await start(true);
});
afterEach(async () => {
  await peer.stop();
  await rm(folder, { recursive: true });
});

async function found(client: DfsClient): Promise<string[]> {
  const paths: string[] = [];
  for await (const { path } of client.find(at("/"), {})) paths.push(path);
  return paths.sort();
}

describe("undo by whole peers", { timeout: 60_000 }, () => {
  it("UNDO-20 takes back over a restart, with a daemon and without, what another program changed", async () => {
    const shell = await connectControl(controlAddress(folder));
    await shell.mkdir(at("/a"), { change: { id: "1", command: "mkdir" } });
    await shell.mkdir(at("/a/b/c"), { parents: true, change: { id: "2", command: "mkdir" } });
    await shell.move(at("/a/b"), at("/b"), { change: { id: "3", command: "mv" } });
    await shell.close();
    const other = await connectControl(controlAddress(folder));
    expect(await other.undo()).toMatchObject({ steps: 1, change: { command: "mv" } });
    await other.close();
    await peer.stop();
    peer = await start(false);
    expect(await found(peer.client)).toEqual(["/", "/a", "/a/b", "/a/b/c"]);
    expect(await peer.client.recordedChanges()).toMatchObject([
      { command: "mv", state: "undone" },
      { command: "mkdir", entries: 2, isWhole: true },
      { command: "mkdir", entries: 1 },
    ]);
    await peer.client.undo({ redo: true });
    for (let step = 0; step < 3; step += 1) await peer.client.undo();
    expect(await found(peer.client)).toEqual(["/"]);
  });

  it("UNDO-20 each user has changes of its own, and what came back is found by its name", async () => {
    const { client } = peer;
    await client.mkdir(at("/all"), { change: { id: "1", command: "mkdir" } });
    const [name, password] = [parseUserName("ann"), "seven blue kites"];
    await client.addUser({ name, password });
    const ann = await connectControl(controlAddress(folder));
    await ann.login({ name, password });
    expect(await ann.recordedChanges()).toEqual([]);
    await ann.mkdir(at("/d/e"), { parents: true });
    await ann.mkdir(at("/shared/of-ann"), { change: { id: "1", command: "mkdir" } });
    expect(await found(ann)).toEqual(["/", "/d", "/d/e"]);
    await ann.remove(at("/d"), { recursive: true, change: { id: "2", command: "rm" } });
    expect(await found(ann)).toEqual(["/"]);
    await ann.undo();
    expect(await found(ann)).toEqual(["/", "/d", "/d/e"]);
    await ann.undo();
    await ann.close();
    expect(await client.recordedChanges()).toMatchObject([{ command: "mkdir", entries: 1 }]);
    expect(await found(client)).toEqual(["/", "/all"]);
    await client.undo();
    expect(await found(client)).toEqual(["/"]);
  });

  it("UNDO-10 random changes of a whole peer and as many undos give the tree before", async () => {
    const client = await connectControl(controlAddress(folder));
    const treeOf = async (top: string): Promise<Record<string, string>> => {
      const seen: Record<string, string> = {};
      for await (const { path, kind, fileKey } of client.walk(at(top))) seen[path] = fileKey ?? kind;
      return seen;
    };
    let runs = 0;
    const property = fc.asyncProperty(anyChanges, async (changes) => {
      runs += 1;
      const top = `/run-${runs}`;
      await client.mkdir(at(top));
      const seen = [await treeOf(top)];
      for (const [place, change] of changes.entries()) {
        const command = `${"ab"[runs % 2]}${"abcdefghijklmnop"[place]}`;
        await makeChange(client, change, top, { id: `${runs}x${place}`, command });
        const [newest] = await client.recordedChanges();
        if (newest?.command === command && newest.state === "done") seen.push(await treeOf(top));
      }
      for (const before of seen.slice(0, -1).toReversed()) {
        await client.undo();
        expect(await treeOf(top)).toEqual(before);
      }
    });
    await fc.assert(property, { numRuns: 5 });
    await client.close();
  });
});
