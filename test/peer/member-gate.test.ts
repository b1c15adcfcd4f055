import type { PeerId } from "@libp2p/interface";
import { describe, expect, it } from "vitest";
import { departedPeersMax, memberLookupsPerSecondMax } from "../../src/core/limits.ts";
import { MemberGate } from "../../src/peer/member-gate.ts";

const asId = (name: string): PeerId => ({ toString: () => name }) as PeerId;

const from = { remoteAddr: "/ip4/192.0.2.1/tcp/1" };

function makeGate(refresh: () => Promise<void> = () => Promise.resolve()): MemberGate {
  const gate = new MemberGate({ refresh, nowMs: () => 5_000 });
  gate.openToStrangers();
  return gate;
}

function isLetIn(gate: MemberGate, peer: string): Promise<boolean> {
  const denied = gate.connectionGater().denyInboundEncryptedConnection?.(asId(peer), from as never);
  return Promise.resolve(denied).then((isDenied) => isDenied === false);
}

describe("the gate of a peer", () => {
  it("GATE-6 lets in members and strangers, and nobody who was a member before, however often it asks", async () => {
    let lookups = 0;
    const gate = makeGate(() => {
      lookups += 1;
      return Promise.resolve();
    });
    gate.setMembers(["ann", "ben"]);
    expect(await isLetIn(gate, "ben")).toBe(true);
    expect(await isLetIn(gate, "eve")).toBe(true);
    expect(gate.setMembers(["ann"])).toEqual(["ben"]);
    lookups = 0;
    for (let attempt = 0; attempt < 20; attempt += 1) expect(await isLetIn(gate, "ben")).toBe(false);
    expect(lookups).toBe(0);
    expect(await gate.connectionGater().denyDialPeer?.(asId("ben"))).toBe(true);
    gate.setMembers(["ann", "ben"]);
    expect(await isLetIn(gate, "ben")).toBe(true);
  });

  it("GATE-8 a flood of unknown peers is not looked up more than so often a second", async () => {
    let lookups = 0;
    const gate = makeGate(() => {
      lookups += 1;
      return Promise.resolve();
    });
    for (let attempt = 0; attempt < 30; attempt += 1) await isLetIn(gate, `unknown-${attempt}`);
    expect(lookups).toBe(memberLookupsPerSecondMax);
  });

  it("GATE-6 remembers who left through a restart, the latest ones where they are many", async () => {
    const gate = makeGate();
    const many = Array.from({ length: departedPeersMax + 1 }, (_, index) => `peer-${index}`);
    gate.setMembers(many);
    gate.setMembers([]);
    const later = makeGate();
    later.refuse(gate.departed);
    expect(gate.departed).toHaveLength(departedPeersMax);
    expect(await isLetIn(later, "peer-0")).toBe(true);
    expect(await isLetIn(later, `peer-${departedPeersMax}`)).toBe(false);
  });
});
