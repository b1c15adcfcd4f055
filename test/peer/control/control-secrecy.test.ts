import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import { afterEach, describe, expect, it } from "vitest";
import type { DfsError } from "../../../src/core/errors.ts";
import { controlConnectionsMax } from "../../../src/core/limits.ts";
import { resolvePath } from "../../../src/core/names.ts";
import { connectControl } from "../../../src/peer/control/control-client.ts";
import { openControlSocket } from "../../../src/peer/control/control-connect.ts";
import type { ControlAddress } from "../../../src/peer/control/control-key.ts";
import { ControlServer } from "../../../src/peer/control/control-server.ts";
import { controlAddress } from "../../../src/peer/data-folder-paths.ts";
import { pskTls } from "../../../src/peer/wire/psk-tls.ts";
import { MemoryClient } from "../../shell/memory-client.ts";
import { trustedByNobody } from "../wire/certificate.ts";

const missing = resolvePath("/missing");

describe("the key of the control socket", () => {
  const stops: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const stop of stops.splice(0).toReversed()) await stop();
  });

  async function newFolder(below = ""): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), `control-${below}`));
    stops.push(() => rm(folder, { recursive: true }));
    return folder;
  }

  async function serve(address: ControlAddress, handshakeMs?: number): Promise<ControlServer> {
    const server = new ControlServer(
      () => ({ client: new MemoryClient(), end: () => undefined }),
      address,
      handshakeMs,
    );
    await server.start();
    stops.push(() => server.stop());
    return server;
  }

  async function started(handshakeMs?: number): Promise<ControlAddress> {
    const address = controlAddress(await newFolder());
    await serve(address, handshakeMs);
    return address;
  }

  /** Whether a peer answers at `address`. */
  async function answers(address: ControlAddress): Promise<boolean> {
    const client = await connectControl(address);
    const { kind } = await client.stat(missing).then(
      () => ({ kind: undefined }),
      (error: DfsError) => error,
    );
    await client.close();
    return kind === "not-found";
  }

  /** What a program hears that opens a connection at `address` without the key, and sends `bytes`. */
  function rawly(address: ControlAddress, bytes: Uint8Array): Promise<Buffer> {
    return new Promise((resolve) => {
      const heard: Buffer[] = [];
      const socket = connect(address.socketPath, () => socket.write(bytes));
      socket.on("data", (data) => heard.push(data));
      socket.on("error", () => undefined);
      socket.on("close", () => resolve(Buffer.concat(heard)));
    });
  }

  /** Listens between programs and the peer at `address`, and keeps every byte of both ways. */
  async function tapped(address: ControlAddress): Promise<{ tap: ControlAddress; heard: () => Buffer }> {
    const bytes: Buffer[] = [];
    const tap = { ...address, socketPath: join(await newFolder(), "tap") };
    const server = createServer((near) => {
      const far = connect(address.socketPath);
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        from.on("data", (data) => bytes.push(data));
        from.on("error", () => to.destroy());
        from.pipe(to);
      }
    });
    await new Promise<void>((resolve) => server.listen(tap.socketPath, resolve));
    stops.push(() => new Promise((resolve) => server.close(resolve)));
    return { tap, heard: () => Buffer.concat(bytes) };
  }

  it("CTRL-4 no name and no content can be read off the control socket", async () => {
    const { tap, heard } = await tapped(await started());
    const client = await connectControl(tap);
    async function* bytes() {
      yield Buffer.from("the secret content ".repeat(5_000));
    }
    await client.mkdir(resolvePath("/a-telling-name"));
    const source = { kind: "stream", name: "stream", bytes: bytes() } as const;
    await client.put({ sources: [source], target: resolvePath("/a-telling-name/file") });
    let read = "";
    for await (const piece of client.read(resolvePath("/a-telling-name/file"))) read += Buffer.from(piece).toString();
    await client.close();
    expect(read).toContain("secret content");
    expect(heard().length).toBeGreaterThan(2 * 19 * 5_000);
    expect(heard().includes("dfs-shell-control-3")).toBe(true);
    for (const text of ["telling", "secret content", "mkdir", "stream"]) expect(heard().includes(text)).toBe(false);
  });

  it("CTRL-5 who has no key or another one is refused, and told so", async () => {
    const address = await started();
    const other = { ...address, keyPath: join(await newFolder(), "control.key") };
    const refusal = { kind: "permission", message: expect.stringContaining(other.keyPath) as string };
    await expect(connectControl(other)).rejects.toMatchObject(refusal);
    await writeFile(other.keyPath, Buffer.alloc(32, 1));
    await expect(connectControl(other)).rejects.toMatchObject(refusal);
    await writeFile(other.keyPath, "short");
    await expect(connectControl(other)).rejects.toMatchObject(refusal);
    expect(await answers(address)).toBe(true);
  });

  it("CTRL-5 another program that took the socket's place, without the key, gets no call", async () => {
    const address = controlAddress(await newFolder());
    await writeFile(address.keyPath, Buffer.alloc(32, 1));
    const impostors = [
      createTlsServer({ ...pskTls, pskCallback: () => Buffer.alloc(32, 2) }),
      createTlsServer({ ...pskTls, ...trustedByNobody }),
    ];
    for (const impostor of impostors) {
      let accepted = 0;
      impostor.on("secureConnection", () => (accepted += 1)).on("tlsClientError", () => undefined);
      await new Promise<void>((resolve) => impostor.listen(address.socketPath, resolve));
      await expect(connectControl(address)).rejects.toMatchObject({ kind: "permission" });
      await new Promise((resolve) => impostor.close(resolve));
      expect(accepted).toBe(0);
    }
  });

  it("CTRL-6 each start makes a new key for its owner alone, and the end removes it with the socket", async () => {
    const address = controlAddress(await newFolder());
    const keys = new Set<string>();
    for (let start = 0; start < 3; start++) {
      const server = await serve(address);
      keys.add(await readFile(address.keyPath, "hex"));
      expect((await stat(address.keyPath)).mode & 0o777).toBe(0o600);
      expect((await stat(address.socketPath)).mode & 0o777).toBe(0o600);
      await server.stop();
      await expect(stat(address.keyPath)).rejects.toMatchObject({ code: "ENOENT" });
      await expect(stat(address.socketPath)).rejects.toMatchObject({ code: "ENOENT" });
      await expect(connectControl(address)).rejects.toMatchObject({ kind: "unreachable" });
    }
    expect([...keys].map((key) => key.length)).toEqual([64, 64, 64]);
  });

  it("CTRL-6 what a killed peer left is replaced, also where the socket is outside the data folder", async () => {
    for (const folder of [await newFolder(), await newFolder("x".repeat(120))]) {
      const address = controlAddress(folder);
      await writeFile(address.keyPath, Buffer.alloc(32, 1));
      await chmod(address.keyPath, 0o644);
      await writeFile(address.socketPath, "");
      await expect(connectControl(address)).rejects.toMatchObject({ kind: "unreachable" });
      const server = await serve(address);
      expect((await stat(address.keyPath)).mode & 0o777).toBe(0o600);
      expect(await answers(address)).toBe(true);
      await server.stop();
      await expect(stat(address.socketPath)).rejects.toMatchObject({ code: "ENOENT" });
    }
  });

  it("CTRL-6 a program that read the key of the run before finds that of this one", async () => {
    const address = await started();
    const key = await readFile(address.keyPath);
    await writeFile(address.keyPath, Buffer.alloc(32, 1));
    let isReplaced = false;
    const late = createServer((near) => {
      void (async () => {
        if (!isReplaced) await writeFile(address.keyPath, key);
        isReplaced = true;
        const far = connect(address.socketPath);
        near.pipe(far).pipe(near);
        for (const socket of [near, far]) socket.on("error", () => undefined);
      })();
    });
    const lateAddress = { ...address, socketPath: join(await newFolder(), "late") };
    await new Promise<void>((resolve) => late.listen(lateAddress.socketPath, resolve));
    expect(await answers(lateAddress)).toBe(true);
    await new Promise((resolve) => late.close(resolve));
  });

  it("CTRL-7 garbage and handshakes that never end are cut off, and the peer goes on", async () => {
    const handshakeMs = 300;
    const address = await started(handshakeMs);
    const hello = await firstBytes(address);
    const garbage = [
      Buffer.alloc(0),
      Buffer.from("GET / HTTP/1.1\r\n\r\n"),
      Buffer.alloc(100_000, 0xff),
      hello.subarray(0, 20),
      Buffer.concat([hello, hello]),
      Buffer.concat([Buffer.from([22, 3, 1, 0x40, 0]), Buffer.alloc(0x4000)]),
    ];
    const beganMs = Date.now();
    const heard = await Promise.all(garbage.map((bytes) => rawly(address, bytes)));
    expect(Date.now() - beganMs).toBeLessThan(20 * handshakeMs);
    for (const bytes of heard) expect(bytes.includes("not-found")).toBe(false);
    const socket = await openControlSocket(address);
    const ended = new Promise((resolve) => socket.on("close", resolve));
    socket.on("error", () => undefined);
    socket.write(Buffer.alloc(70_000, 0x81));
    await ended;
    expect(await answers(address)).toBe(true);
  });

  it("CTRL-7 connections beyond the limit are refused as temporary, and those within it go on", async () => {
    const address = await started();
    const first = await connectControl(address);
    const held = await Promise.all(Array.from({ length: controlConnectionsMax - 1 }, () => openControlSocket(address)));
    await expect(connectControl(address)).rejects.toMatchObject({ kind: "unreachable" });
    await expect(first.stat(missing)).rejects.toMatchObject({ kind: "not-found" });
    for (const socket of held) socket.destroy();
    await expect.poll(() => answers(address).catch(() => false)).toBe(true);
    await first.close();
  });

  /** The first message of a good handshake. */
  async function firstBytes(address: ControlAddress): Promise<Buffer> {
    const { tap, heard } = await tapped(address);
    (await openControlSocket(tap)).destroy();
    const bytes = heard();
    return bytes.subarray(0, 5 + bytes.readUInt16BE(3));
  }
});
