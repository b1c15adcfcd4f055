import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { PeerRow } from "../../src/catalogue/rows.ts";
import type { PeerId } from "../../src/core/ids.ts";
import { generatePeerKey, peerIdOf } from "../../src/identity/peer-identity.ts";
import { createLog } from "../../src/peer/log.ts";
import { MemberGate } from "../../src/peer/member-gate.ts";
import { Members } from "../../src/peer/members.ts";

let folder: string;
let members: Members;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "members-"));
});
afterEach(async () => {
  members.stop();
  await rm(folder, { recursive: true, force: true });
});

it("JOIN-8 whoever was just admitted and has no address yet is not looked for, and of the others only news are told", async () => {
  const ids = await Promise.all(Array.from({ length: 3 }, async () => peerIdOf(await generatePeerKey())));
  const [self, old, newcomer] = ids as [PeerId, PeerId, PeerId];
  const at = (id: PeerId, port?: number): Pick<PeerRow, "id" | "addresses"> => ({
    id,
    addresses: port === undefined ? [] : [`/ip4/127.0.0.1/tcp/${port}`],
  });
  let peers = [at(self, 1), at(old, 2), at(newcomer)];
  const dialled: PeerId[] = [];
  const told: string[] = [];
  let isConnected = true;
  const fake = {
    peerStore: { merge: (id: { toString(): string }) => Promise.resolve(told.push(id.toString())) },
    isConnected: () => isConnected,
    connect: (id: PeerId) => Promise.resolve(dialled.push(id)),
    members: () => Promise.resolve({ version: 1, peers, shelves: [], roster: { generation: 1, members: [] } }),
  };
  const gate = new MemberGate({ refresh: () => Promise.resolve(), nowMs: Date.now });
  const log = createLog(() => undefined, { level: "silent", json: false });
  const ignore = (): void => undefined;
  members = new Members({ path: join(folder, "members.json"), self, gate, log, onList: ignore, onLeft: ignore });
  const [host, links, catalogue] = [fake, fake, fake] as unknown as Parameters<Members["start"]>;
  await members.start(host, links, catalogue);
  await members.refresh();
  await members.refresh();
  expect([told, dialled]).toEqual([[old], []]);
  isConnected = false;
  await members.refresh();
  await expect.poll(() => dialled).toEqual([old]);
  // Of those that are dialled it is told again, for it forgets them after a while.
  expect(told).toEqual([old, old]);
  peers = [at(self, 1), at(old, 2), at(newcomer, 3)];
  await members.refresh();
  await expect.poll(() => dialled).toEqual([old, old, newcomer]);
});
