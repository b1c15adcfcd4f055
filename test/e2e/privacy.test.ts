import { createHash, randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DfsClient } from "../../src/core/client.ts";
import { parseUserName, type UserName } from "../../src/core/ids.ts";
import { resolvePath } from "../../src/core/names.ts";
import { connectControl } from "../../src/peer/control/control-client.ts";
import { controlAddress } from "../../src/peer/data-folder-paths.ts";
import { FaultPeer } from "../faults/fault-peer.ts";
import { canCapture, capture } from "../privacy/capture.ts";
import { Needles } from "../privacy/needles.ts";
import { type RecordingRelay, recordingRelay } from "../privacy/recording-relay.ts";
import { Processes } from "./processes.ts";

const minutes = 60_000;
const filesEach = 500;
/** Loopback addresses of this test alone, so that a capture holds nothing else. */
const loopback = (place: number) => `127.81.0.${place + 1}`;

/** One user, the machine that they sit at, and what nobody else may see. */
interface Person {
  readonly name: UserName;
  readonly password: string;
  readonly peer: FaultPeer;
  readonly folder: string;
  /** SHA-256 of every file by its path in the network. */
  readonly files: Map<string, string>;
  readonly needles: Needles;
  readonly relay: RecordingRelay;
  readonly record: string;
}

describe("two users on three machines", () => {
  const processes = new Processes();
  const peers: FaultPeer[] = [];
  let folder = "";
  let ann: Person;
  let bob: Person;
  let endCapture: (() => Promise<void>) | undefined;
  const packets = (): string => join(folder, "packets");

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "dfs-privacy-"));
    if (canCapture) endCapture = await capture("127.81.0.0/16", packets());
    for (const place of [0, 1, 2]) {
      const peer = new FaultPeer({
        name: `p${place}`,
        folder: join(folder, `p${place}`),
        args: ["--listen", `/ip4/${loopback(place)}/tcp/0`],
        wrapper: [],
      });
      const first = peers[0];
      await peer.start(
        first === undefined ? undefined : await first.with(async (client) => (await client.invite()).text),
      );
      peers.push(peer);
    }
    ann = await person("ann", 0);
    bob = await person("bob", 1);
    await asAnyone(ann, (client) => client.addUser({ name: ann.name, password: ann.password }));
    // Whoever adds a user hears the first password; bob's own one is typed at his machine only.
    const handed = `handed-over-${randomBytes(6).toString("hex")}`;
    await as(ann, (client) => client.addUser({ name: bob.name, password: handed }));
    await asAnyone(bob, async (client) => {
      await client.login({ name: bob.name, password: handed });
      await client.changePassword({ old: handed, new: bob.password });
    });
    await Promise.all([ann, bob].map(putAll));
  }, 4 * minutes);

  afterAll(async () => {
    await Promise.all([ann, bob].map((each) => each.relay.close()));
    await Promise.all(peers.map((peer) => peer.kill()));
    await processes.clean();
    await rm(folder, { recursive: true, force: true });
  }, minutes);

  async function person(name: string, place: number): Promise<Person> {
    const peer = peers[place] as FaultPeer;
    const secret = randomBytes(6).toString("hex");
    const password = `sesame-${secret}-opens`;
    const [directory, stem, content] = [
      `${name}-affairs-${secret}`,
      `${name}-diary-${secret}`,
      `${name}-wrote-${secret}`,
    ];
    const files = new Map<string, string>();
    const source = join(folder, "sources", directory);
    await mkdir(source, { recursive: true });
    for (let i = 0; i < filesEach; i += 1) {
      // Random bytes keep it from being compressed to nothing.
      const text = `${content} ${i} ${randomBytes(512).toString("hex")} ${content}\n`;
      await writeFile(join(source, `${stem}-${i}.txt`), text);
      files.set(`/${directory}/${stem}-${i}.txt`, sha256(text));
    }
    const record = join(folder, `${name}.record`);
    const relayPath = join(folder, `${name}.sock`);
    const relay = await recordingRelay(relayPath, controlAddress(peer.folder).socketPath, record);
    const needles = new Needles([directory, stem, content, password]);
    return { name: parseUserName(name), password, peer, folder: source, files, needles, relay, record };
  }

  /** Does `work` with a client at the person's machine, through the relay that records. */
  async function asAnyone<Result>(who: Person, work: (client: DfsClient) => Promise<Result>): Promise<Result> {
    const { keyPath } = controlAddress(who.peer.folder);
    const client = await connectControl({ socketPath: who.relay.socketPath, keyPath });
    try {
      return await work(client);
    } finally {
      await client.close();
    }
  }

  const as = <Result>(who: Person, work: (client: DfsClient) => Promise<Result>): Promise<Result> =>
    asAnyone(who, async (client) => {
      await client.login({ name: who.name, password: who.password });
      return work(client);
    });

  const putAll = (who: Person): Promise<void> =>
    as(who, async (client) => {
      const put = { sources: [{ kind: "path" as const, path: who.folder }], target: resolvePath("/"), recursive: true };
      expect(await client.put(put)).toMatchObject({ files: filesEach, failed: 0, copies: 2 });
    });

  const filesSeen = async (client: DfsClient, root: string): Promise<string[]> => {
    const paths: string[] = [];
    for await (const { kind, path } of client.walk(resolvePath(root))) if (kind === "file") paths.push(path);
    return paths.toSorted();
  };

  it("PRIV-1 see exactly their own files, by ls, find and get", { timeout: 2 * minutes }, async () => {
    for (const who of [ann, bob]) {
      const paths = [...who.files.keys()].toSorted();
      expect(await as(who, (client) => filesSeen(client, "/"))).toEqual(paths);
      const target = join(folder, `got-${who.name}`);
      await mkdir(target);
      const got = await as(who, (client) =>
        client.get({ sources: [resolvePath(paths[0]?.replace(/\/[^/]+$/, "") ?? "/")], target, recursive: true }),
      );
      expect(got).toMatchObject({ files: filesEach, failed: 0 });
      for (const [path, sum] of who.files) expect(sha256(await readFile(join(target, path)))).toBe(sum);
      expect(lines(await shell(who, "find / -type f"))).toEqual(paths);
      expect(await shell(who, "ls /")).toBe(`${paths[0]?.split("/")[1]}\n`);
    }
    expect(await asAnyone(ann, (client) => filesSeen(client, "/"))).toEqual([]);
  });

  it("PRIV-2 see what was shared to them, and nothing beside it", { timeout: 2 * minutes }, async () => {
    const [shared = "", other = ""] = ann.files.keys();
    const name = shared.replace(/^.*\//, "");
    await as(ann, (client) => client.share(resolvePath(shared), bob.name));
    expect(await as(bob, (client) => filesSeen(client, "/from/ann"))).toEqual([`/from/ann/${name}`]);
    expect(sha256(await shell(bob, `cat /from/ann/${name}`))).toBe(ann.files.get(shared));
    await as(bob, async (client) => {
      await expect(client.stat(resolvePath(other))).rejects.toMatchObject({ kind: "not-found" });
      const neighbour = resolvePath(`/from/ann/${other.replace(/^.*\//, "")}`);
      await expect(client.stat(neighbour)).rejects.toMatchObject({ kind: "not-found" });
    });
    await as(ann, (client) => client.unshare(resolvePath(shared), bob.name));
    expect(await as(bob, (client) => filesSeen(client, "/from"))).toEqual([]);
    expect(lines(await shell(bob, "find / -type f"))).toEqual([...bob.files.keys()].toSorted());
  });

  it("PRIV-3 leave no name, content or password in any data folder", { timeout: 2 * minutes }, async () => {
    for (const { needles } of [ann, bob])
      for (const peer of peers) expect(await needles.inFolder(peer.folder)).toEqual([]);
    expect(await ann.needles.inFolder(join(folder, "sources"))).not.toEqual([]);
  });

  it("PRIV-4 leave none in the memory of a machine where they did not log in", { timeout: 3 * minutes }, async () => {
    const [first, second, third] = peers as [FaultPeer, FaultPeer, FaultPeer];
    for (const [needles, peer] of [
      [ann.needles, third],
      [bob.needles, third],
      [bob.needles, first],
    ] as const)
      expect(await needles.inMemory(peer.pid)).toEqual([]);
    // Where they did, some is left: so the search finds what is there.
    expect(await bob.needles.inMemory(second.pid)).not.toEqual([]);
  });

  it("PRIV-5 leave none in what passes over the control socket", async () => {
    for (const who of [ann, bob]) {
      await who.relay.close();
      expect((await stat(who.record)).size).toBeGreaterThan(filesEach);
      for (const { needles } of [ann, bob]) expect(await needles.inFile(who.record)).toEqual([]);
    }
  });

  it.skipIf(!canCapture)("PRIV-6 leave none in what passes over the network", { timeout: minutes }, async () => {
    await endCapture?.();
    expect((await stat(packets())).size).toBeGreaterThan(filesEach * 1024);
    // What two machines say before they encrypt is there: so the capture holds what passes.
    expect((await readFile(packets())).includes("/multistream/1.0.0")).toBe(true);
    for (const { needles } of [ann, bob]) expect(await needles.inFile(packets())).toEqual([]);
  });

  async function shell(who: Person, commands: string): Promise<string> {
    const passwordFile = join(folder, `${who.name}.password`);
    await writeFile(passwordFile, `${who.password}\n`, { mode: 0o600 });
    const env = { DFS_USER: who.name, DFS_PASSWORD_FILE: passwordFile };
    const { code, stdout, stderr } = await processes.shell(["--data", who.peer.folder, "-c", commands], { env });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    return stdout;
  }
});

const lines = (text: string): string[] => text.split("\n").filter(Boolean).toSorted();

function sha256(bytes: string | Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
