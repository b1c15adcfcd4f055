import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { connect } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type PeerProcess, Processes } from "./processes.ts";

describe("bad input", () => {
  const processes = new Processes();
  let peer: PeerProcess;
  let folder = "";
  let work = "";

  beforeAll(async () => {
    folder = await processes.folder();
    work = await processes.folder();
    peer = await processes.peer(folder, ["--name", "ann"]);
    await writeFile(join(work, "file"), "content");
    await processes.run(folder, `mkdir /dir; put ${work}/file /file`);
  });
  afterAll(() => processes.clean());

  const table: readonly (readonly [script: string, code: number, message: string])[] = [
    ["frobnicate", 127, "frobnicate: no such command"],
    ["cat", 2, "usage: cat"],
    ["ls 'open", 2, "-c:1:4:"],
    ["ls --no-such-option", 2, "usage: ls"],
    ["cat /no-such", 3, "cat: /no-such: no such file or directory"],
    ["ls /file/below", 4, "not a directory"],
    ["cat /dir", 4, "is a directory"],
    ["mkdir /file/dir", 4, "not a directory"],
    ["mkdir /dir", 4, "exists"],
    ["rmdir /file", 4, "not a directory"],
    [`mkdir /${"x".repeat(300)}`, 2, "longer than 255 bytes"],
    ["put /no-such-file /x", 3, "no such file or directory"],
    ["rm -r /", 4, "/"],
    ["mv /dir /dir/inside", 2, "itself"],
    ["get /file --rev 9 x", 3, "has no revision 9"],
    ["ls *.nothing", 3, "nothing matches"],
    ["echo $UNSET", 2, "UNSET"],
  ];
  it.each(table)("BAD-1 `%s` ends with %i and one clear line", async (script, code, message) => {
    const result = await processes.shell(["--data", folder, "-c", script]);
    expect({ code: result.code, text: result.stderr }).toEqual({
      code,
      text: expect.stringContaining(message) as string,
    });
    expect(result.stderr).not.toMatch(/\n\s+at /);
    expect(result.stdout).toBe("");
  });

  it(
    "BAD-2 an invite that is garbled, cut, used or for nobody is refused with its reason",
    { timeout: 60_000 },
    async () => {
      const invite = (await processes.run(folder, "invite")).trim();
      const join = async (text: string) => processes.shell(["--data", await processes.folder(), "join", text]);
      expect(await join("hello")).toMatchObject({ code: 4, stderr: expect.stringContaining("invite") as string });
      expect(await join(invite.slice(0, -5))).toMatchObject({
        code: 4,
        stderr: expect.stringContaining("invite") as string,
      });
      const flipped = `${invite.slice(0, 40)}${invite[40] === "A" ? "B" : "A"}${invite.slice(41)}`;
      expect(await join(flipped)).toMatchObject({ code: 4, stderr: expect.stringContaining("invite") as string });
      expect(await join(invite)).toMatchObject({
        code: 0,
        stdout: expect.stringContaining("joined network") as string,
      });
      expect(await join(invite)).toMatchObject({ code: 4, stderr: expect.stringContaining("used") as string });
    },
  );

  it("BAD-3 an invite that has expired is refused before anybody is asked", { timeout: 60_000 }, async () => {
    const invite = (await processes.run(folder, "invite --expires 1s")).trim();
    const { expires } = JSON.parse(await processes.run(folder, "invite --expires 1s --json")) as { expires: string };
    await expect.poll(() => Date.now() > Date.parse(expires) + 1, { timeout: 5_000 }).toBe(true);
    const result = await processes.shell(["--data", await processes.folder(), "join", invite]);
    expect(result).toMatchObject({ code: 4, stderr: expect.stringContaining("expired") as string });
  });

  it("BAD-4 a data folder that is held names its holder; one of another version names the program for it", async () => {
    const held = await processes.peerFailure(["--data", folder]);
    expect(held).toMatchObject({ code: 5, stderr: expect.stringContaining(`held by process ${peer.pid}`) as string });
    const other = await processes.folder();
    await processes.run(other, "ls");
    const format = join(other, "format");
    await writeFile(format, (await readFile(format, "utf8")).replace(/"version":1/, '"version":99'));
    const future = await processes.shell(["--data", other, "-c", "ls"]);
    expect(future).toMatchObject({ code: 4, stderr: expect.stringContaining("format 99") as string });
    const foreign = await processes.folder();
    await writeFile(join(foreign, "my-thesis.txt"), "precious");
    expect(await processes.shell(["--data", foreign, "-c", "ls"])).toMatchObject({
      code: 4,
      stderr: expect.stringContaining("not a data folder") as string,
    });
  });

  it("BAD-5 a listen address that is taken, or not of this machine, is named", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as { port: number };
    const args = async (address: string) => ["--data", await processes.folder(), "--listen", address];
    const taken = await processes.peerFailure(await args(`/ip4/127.0.0.1/tcp/${port}`));
    expect(taken).toMatchObject({ code: 5, stdout: "", stderr: expect.stringContaining(`/tcp/${port}`) as string });
    server.close();
    const garbled = await processes.peerFailure(await args("not-an-address"));
    expect(garbled.code).toBe(2);
    expect(garbled.stderr).not.toMatch(/\n\s+at /);
  });

  it("BAD-6 wrong options of dfs-peer are usage errors", async () => {
    for (const args of [
      ["--frob"],
      ["--capacity", "lots"],
      ["--name", "a b"],
      ["--lease", "soon"],
      ["--log-level", "loud"],
    ]) {
      const result = await processes.peerFailure(["--data", await processes.folder(), ...args]);
      expect(result, args.join(" ")).toMatchObject({ code: 2, stdout: "" });
      expect(result.stderr).not.toMatch(/\n\s+at /);
    }
  });

  it("BAD-7 a target that cannot be written fails by itself, and nothing is left half written under its name", async () => {
    const readOnly = join(work, "read-only");
    await mkdir(readOnly);
    await writeFile(join(readOnly, "file"), "mine");
    expect(await processes.shell(["--data", folder, "-c", `get /file ${readOnly}/file`])).toMatchObject({
      code: 4,
      stderr: expect.stringContaining("exists") as string,
    });
    expect(await readFile(join(readOnly, "file"), "utf8")).toBe("mine");
    expect((await processes.shell(["--data", folder, "-c", `get /file ${work}/no/such/folder/file`])).code).toBe(3);
    expect((await processes.shell(["--data", folder, "-c", "get /file /proc/nothing"])).code).not.toBe(0);
    await chmod(readOnly, 0o700);
  });

  it("BAD-8 garbage on the control socket ends that connection and not the peer", async () => {
    for (const bytes of [Buffer.alloc(100, 0xff), Buffer.from("GET / HTTP/1.1\r\n\r\n"), Buffer.alloc(70_000, 0x81)]) {
      await new Promise<void>((resolve) => {
        const socket = connect(join(folder, "control.sock"));
        socket.on("error", () => undefined);
        socket.on("close", () => resolve());
        socket.end(bytes);
      });
    }
    expect(await processes.run(folder, "ls")).toBe("dir\nfile\n");
  });

  it(
    "BAD-10 shells that start on one data folder at the same time each get their turn",
    { timeout: 60_000 },
    async () => {
      const fresh = await processes.folder();
      const scripts = ["a", "b", "c", "d"].map((name) => ["--data", fresh, "-c", `mkdir /${name}`]);
      const results = await Promise.all(scripts.map(async (args) => processes.shell(args)));
      // One that was attached to another shell's peer loses it when that shell ends: a temporary error.
      expect(results.filter(({ code }) => code !== 0 && code !== 5)).toEqual([]);
      expect(results.filter(({ code }) => code === 0).length).toBeGreaterThan(0);
      expect((await processes.run(fresh, "ls /")).split("\n").length).toBeGreaterThan(1);
    },
  );

  it(
    "BAD-9 a peer that is told to stop ends within 5 s, and what it held is there when it is back",
    { timeout: 60_000 },
    async () => {
      const other = await processes.folder();
      const running = await processes.peer(other);
      await processes.run(other, `put ${work}/file /kept`);
      for (const signal of ["SIGTERM", "SIGINT"] as const) {
        const started = Date.now();
        const target = signal === "SIGTERM" ? running : await processes.peer(other);
        target.kill(signal);
        expect(await target.ended).toBe(0);
        expect(Date.now() - started).toBeLessThan(5_000 + (signal === "SIGINT" ? 5_000 : 0));
      }
      expect(await processes.run(other, "cat /kept")).toBe("content");
    },
  );
});
