import { readFile, readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type TLSSocket, connect } from "node:tls";
import type { Stream } from "@libp2p/interface";
import { peerIdFromString } from "@libp2p/peer-id";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { DfsError } from "../../src/core/errors.ts";
import { controlFrameBytesMax, joinFrameBytesMax, laneHandshakeMs } from "../../src/core/limits.ts";
import { kadProtocol } from "../../src/dht/kad-service.ts";
import { decodeInvite } from "../../src/identity/invite.ts";
import { deriveNetwork } from "../../src/identity/network-keys.ts";
import { sharedUserKeys } from "../../src/identity/user-keys.ts";
import { parseUserName } from "../../src/core/ids.ts";
import { connectControl } from "../../src/peer/control/control-client.ts";
import { openControlSocket } from "../../src/peer/control/control-connect.ts";
import { chunkFrameHeader, frameTypes, getBody } from "../../src/peer/chunk-frames.ts";
import { controlAddress } from "../../src/peer/data-folder-paths.ts";
import { loadMembership } from "../../src/peer/peer-config.ts";
import * as ownProtocols from "../../src/peer/protocols.ts";
import { encodeCbor } from "../../src/peer/wire/cbor.ts";
import { frameHeader } from "../../src/peer/wire/frame-channel.ts";
import { pskClientTls } from "../../src/peer/wire/psk-tls.ts";
import { RpcClient } from "../../src/peer/wire/rpc-client.ts";
import { socketChannel } from "../../src/peer/wire/socket-channel.ts";
import { streamChannel } from "../../src/peer/wire/stream-channel.ts";
import {
  type CallWorld,
  type Login,
  type Role,
  asMarkdown,
  controlCalls,
  joinAnswers,
  logins,
  memberCalls,
  protocolAnswers,
  roles,
  turning,
} from "../hostile/call-table.ts";
import { HostilePeer, anyMethod } from "../hostile/hostile-peer.ts";
import { type PeerProcess, Processes } from "./processes.ts";

const root = resolve(import.meta.dirname, "../..");
const { joinProtocol, rpcProtocol, chunkProtocol, groupAppendProtocol, groupControlProtocol } = ownProtocols;
/** A stream that is still open, without an answer, after this long is one that nobody minds. */
const silenceMs = 5_000;
const laneRow = "lane (TLS)";
/** Who can log in at the victim. */
const people = {
  nobody: undefined,
  administrator: { name: parseUserName("ann"), password: "correct horse" },
  user: { name: parseUserName("bob"), password: "staple battery" },
};

/** The names of the methods that are declared below a folder of the product. */
async function declared(isControl: boolean): Promise<string[]> {
  const folder = join(root, "src/peer");
  const names: string[] = [];
  for (const entry of await readdir(folder, { recursive: true })) {
    if (!entry.endsWith(".ts") || entry.startsWith("control/") !== isControl) continue;
    const text = await readFile(join(folder, entry), "utf8");
    const found = Array.from(text.matchAll(/defineMethod\(\{\s*name: "([^"]+)"/g), (match) => match[1] ?? "");
    // Each declaration has its name in its first line, or this list is not all of them.
    const declarations = Array.from(text.matchAll(/defineMethod\(/g)).length;
    if (found.length !== declarations) throw new Error(`${entry} declares a method whose name cannot be read`);
    names.push(...found);
  }
  return names.toSorted();
}

async function outcomeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "answered";
  } catch (error) {
    // What libp2p says itself means that no stream came about.
    return error instanceof DfsError && error.kind !== "unreachable" ? error.kind : "no stream";
  }
}

/** What becomes of a stream on which `bytes` are sent. */
async function spoken(stream: Stream, bytes: Uint8Array): Promise<string> {
  if (stream.status !== "open") return "no stream";
  const end = new Promise<string>((resolve) => {
    stream.addEventListener("message", () => resolve("answered"));
    stream.addEventListener("close", ({ error }) => resolve(error === undefined ? "taken" : "no stream"));
    setTimeout(() => resolve("taken"), silenceMs).unref();
  });
  stream.send(bytes);
  return end;
}

interface LaneOffer {
  readonly port: number;
  readonly identity: string;
  readonly key: Uint8Array;
}

function openLane({ port, identity, key }: LaneOffer): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ ...pskClientTls, host: "127.0.0.1", port, pskCallback: () => ({ psk: key, identity }) });
    socket.once("secureConnect", () => resolve(socket));
    socket.once("error", reject);
    setTimeout(() => socket.destroy(new Error("no handshake")), 2 * laneHandshakeMs).unref();
  });
}

describe("who may call what", () => {
  const processes = new Processes();
  const args = ["--coordinator", "never", "--capacity", "0"];
  const callers = new Map<Role, HostilePeer>();
  const letIn = new Map<Role, boolean>();
  let victim: PeerProcess;
  let world: CallWorld;
  let kad: string;
  let inviteSecret: Uint8Array;

  const caller = (role: Role): HostilePeer => {
    const peer = callers.get(role);
    if (peer === undefined) throw new Error(`nobody is a ${role}`);
    return peer;
  };

  beforeAll(async () => {
    const [ann, eve, rob] = await processes.network([{ name: "ann" }, { name: "eve", args }, { name: "rob", args }]);
    if (ann === undefined || eve === undefined || rob === undefined) throw new Error("no network");
    victim = ann;
    for (const one of [eve, rob]) {
      one.kill("SIGTERM");
      await one.ended;
    }
    await processes.run(ann.folder, "peer remove --now --yes rob");
    callers.set("stranger", await HostilePeer.start());
    callers.set("guest", await HostilePeer.start());
    callers.set("removed", await HostilePeer.ofFolder(rob.folder));
    callers.set("member", await HostilePeer.ofFolder(eve.folder));
    inviteSecret = decodeInvite((await processes.run(ann.folder, "invite")).trim()).secret;
    const local = await connectControl(controlAddress(ann.folder));
    await local.addUser(people.administrator);
    await local.login(people.administrator);
    await local.addUser(people.user);
    await local.addUser({ name: parseUserName("carl"), password: "paper clip box" });
    await local.close();
    const membership = await loadMembership(eve.folder);
    if (membership === undefined) throw new Error("eve is no member");
    kad = kadProtocol(deriveNetwork(membership.networkSecret).networkId);
    const { version, shelves, roster } = (await caller("member").call(ann.address, "catalogue.members", {})) as {
      version: number;
      shelves: { shelf: string; epoch: number }[];
      roster: { group: string };
    };
    const [own] = shelves;
    if (own === undefined) throw new Error("ann has no shelf");
    world = {
      victim: ann.address,
      caller: caller("member").node.peerId.toString(),
      shelf: own.shelf,
      epoch: own.epoch,
      user: sharedUserKeys(membership.networkSecret).userId,
      group: roster.group,
      version,
    };
  }, 60_000);

  afterAll(async () => {
    await Promise.all(Array.from(callers.values(), (peer) => peer.stop()));
    await processes.clean();
  });

  beforeEach(() => letIn.clear());

  /** Whether the victim lets a caller in at all: it takes those it refuses off the line as soon as it knows who they are. */
  async function isLetIn(role: Role): Promise<boolean> {
    try {
      const connection = await caller(role).connection(victim.address);
      const stream = await connection.newStream(joinProtocol, { signal: AbortSignal.timeout(5_000) });
      await stream.close();
      return true;
    } catch {
      return false;
    }
  }

  /** The result of `work`, or that there is no connection to do it over. */
  async function tried(role: Role, work: () => Promise<string>): Promise<string> {
    const outcome = await work().catch(() => "no stream");
    if (outcome !== "no stream") return outcome;
    const isIn = letIn.get(role) ?? (await isLetIn(role));
    letIn.set(role, isIn);
    return isIn ? outcome : "no connection";
  }

  function callAs(role: Role, method: string, params: unknown): Promise<string> {
    return tried(role, () => outcomeOf(caller(role).call(victim.address, method, params)));
  }

  async function overJoin(role: Role, method: string, params: unknown): Promise<string> {
    return tried(role, async () => {
      await caller(role).hangUp(victim.address);
      // One address may connect only so often in a second, and the removed peer has just tried for each call.
      const isThere = async (): Promise<unknown> => caller(role).connection(victim.address);
      if (role !== "removed") await vi.waitFor(isThere, { timeout: 5_000, interval: 100 });
      const stream = await caller(role).stream(victim.address, joinProtocol);
      const rpc = new RpcClient(streamChannel(stream, joinFrameBytesMax));
      const outcome = await outcomeOf(rpc.call(anyMethod(method), params, { timeoutMs: 10_000 }));
      await rpc.close();
      return outcome;
    });
  }

  async function onLane(role: Role): Promise<string> {
    const offer = (await caller("member").call(victim.address, "lane.open", { protocol: rpcProtocol })) as LaneOffer;
    const known = role === "member" ? offer : { ...offer, key: new Uint8Array(32) };
    try {
      const rpc = new RpcClient(socketChannel(await openLane(known), controlFrameBytesMax));
      const outcome = await outcomeOf(rpc.call(anyMethod("group.seat"), {}));
      await rpc.close();
      return outcome;
    } catch {
      return "no stream";
    }
  }

  /** The first words of each protocol, as a sound peer says them. */
  function greeting(protocol: string): Uint8Array {
    const framed = (bytes: Uint8Array): Uint8Array => Buffer.concat([frameHeader(bytes.length), bytes]);
    const hello = encodeCbor({ group: world.group, from: 1, to: 1 });
    const words: Readonly<Record<string, Uint8Array>> = {
      [joinProtocol]: framed(encodeCbor([0, 1, "no.such.call", {}, 1_000])),
      [rpcProtocol]: framed(encodeCbor([0, 1, "group.seat", {}, 1_000])),
      [chunkProtocol]: framed(
        Buffer.concat([chunkFrameHeader(frameTypes.get, 1), ...getBody(new Uint8Array(32), 1_000)]),
      ),
      [groupAppendProtocol]: framed(hello),
      [groupControlProtocol]: framed(hello),
      [kad]: Buffer.concat([Uint8Array.of(36, 0x08, 0x04, 0x12, 32), new Uint8Array(32)]),
    };
    return words[protocol] ?? new Uint8Array(32);
  }

  /** A program with the victim's key, logged in as somebody. */
  async function programOf(login: Login): Promise<RpcClient> {
    const socket = await openControlSocket(controlAddress(victim.folder));
    const rpc = new RpcClient(socketChannel(socket, controlFrameBytesMax));
    const credentials = people[login];
    if (credentials !== undefined) await rpc.call(anyMethod("login"), credentials, { timeoutMs: 30_000 });
    return rpc;
  }

  it("HOST-10 every protocol that a peer speaks is in the table", async () => {
    const member = caller("member");
    await member.connection(victim.address);
    const spokenTo = peerIdFromString(victim.address.split("/").at(-1) ?? "");
    const spokenHere = async (): Promise<string[]> => (await member.node.peerStore.get(spokenTo)).protocols;
    await expect.poll(spokenHere, { timeout: 10_000 }).toContain(rpcProtocol);
    const rows = Object.keys(protocolAnswers).filter((name) => name !== laneRow);
    const named = rows.map((name) => (name === "KAD" ? kad : name));
    expect((await spokenHere()).toSorted()).toEqual(named.toSorted());
    expect(named).toEqual(expect.arrayContaining(Object.values(ownProtocols)));
  });

  it.each(roles)("HOST-10 a %s is answered on each protocol as the table says", async (role) => {
    const measured: Record<string, string> = {};
    for (const name of Object.keys(protocolAnswers)) {
      const protocol = name === "KAD" ? kad : name;
      measured[name] =
        name === laneRow
          ? await onLane(role)
          : await tried(role, async () =>
              spoken(await caller(role).stream(victim.address, protocol), greeting(protocol)),
            );
      // A connection over which somebody has asked to join is closed after that.
      if (protocol === joinProtocol) await caller(role).hangUp(victim.address);
    }
    const expected = Object.entries(protocolAnswers).map(([name, answers]) => [name, answers[role]]);
    expect(measured).toEqual(Object.fromEntries(expected));
  });

  it("HOST-10 every call between members is in the table", async () => {
    expect(Object.keys(memberCalls).concat("join").toSorted()).toEqual(await declared(false));
  });

  it.each(roles)("HOST-10 a %s is answered to each call as the table says", async (role) => {
    const measured: Record<string, string> = {};
    for (const [name, { params }] of Object.entries(memberCalls))
      measured[name] = await callAs(role, name, params(world));
    const expected = Object.entries(memberCalls).map(([name, { answers }]) => [name, answers[role]]);
    expect(measured).toEqual(Object.fromEntries(expected));
  });

  it("HOST-10 the join protocol answers nothing but join, and that by the invite", async () => {
    for (const role of ["stranger", "guest", "member"] as const)
      for (const name of ["catalogue.members", "group.take-seat", "holders.lookup", "lane.open"])
        expect([role, name, await overJoin(role, name, {})]).toEqual([role, name, "protocol"]);
    const request = { name: "new", zone: "", capacityBytes: 0, mayCoordinate: false, shelf: null };
    for (const role of roles) {
      const secret = role === "guest" ? inviteSecret : new Uint8Array(32);
      expect([role, await overJoin(role, "join", { ...request, secret })]).toEqual([role, joinAnswers[role]]);
    }
  });

  it("HOST-10 the control socket's calls are in the table, and need its key", async () => {
    expect(Object.keys(controlCalls).toSorted()).toEqual(await declared(true));
    for (const [name, { params }] of Object.entries(controlCalls))
      expect([name, await callAs("member", name, params)]).toEqual([name, "protocol"]);
    const keyless = openControlSocket({
      ...controlAddress(victim.folder),
      keyPath: join(victim.folder, "no-such-key"),
    });
    await expect(keyless).rejects.toMatchObject({ kind: "permission" });
  });

  it.each(logins)(
    "HOST-10 a program that acts for %s is answered as the table says",
    { timeout: 60_000 },
    async (login) => {
      const measured: Record<string, string> = {};
      const common = await programOf(login);
      for (const [name, { params }] of Object.entries(controlCalls)) {
        const rpc = turning.has(name) ? await programOf(login) : common;
        measured[name] = await outcomeOf(rpc.call(anyMethod(name), params, { timeoutMs: 30_000 }));
        if (rpc !== common) await rpc.close();
      }
      await common.close();
      const expected = Object.entries(controlCalls).map(([name, { answers }]) => [name, answers[login]]);
      expect(measured).toEqual(Object.fromEntries(expected));
    },
  );

  it("HOST-11 docs/SECURITY.md shows the table as it was measured", async () => {
    expect(await readFile(join(root, "docs/SECURITY.md"), "utf8")).toContain(asMarkdown());
  });
});
