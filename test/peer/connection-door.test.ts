import { describe, expect, it } from "vitest";
import {
  pendingConnectionsPerAddressMax,
  strangerConnectionsMax,
  strangersPerAddressMax,
} from "../../src/core/limits.ts";
import { ConnectionDoor } from "../../src/peer/connection-door.ts";

/** A connection from an address, and how to close it. */
function connectionFrom(remoteAddr: string, status = "open") {
  const target = new EventTarget();
  const connection = { remoteAddr, status, addEventListener: target.addEventListener.bind(target) };
  return { connection: connection as never, close: () => void target.dispatchEvent(new Event("close")) };
}

/** Connections that are let knock from these addresses by turns, before one is not. */
function knocks(...addresses: string[]): number {
  const door = new ConnectionDoor();
  for (let count = 0; ; count += 1)
    if (!door.knock(connectionFrom(addresses[count % addresses.length] ?? "").connection)) return count;
}

describe("who comes from where", () => {
  it.each([
    [["/ip4/192.0.2.1/tcp/1"]],
    [["/ip4/192.0.2.1/tcp/1", "/ip6/::ffff:192.0.2.1/tcp/2"]],
    [["/ip6/2001:db8::1/tcp/1", "/ip6/2001:db8:0:0:ffff::/tcp/2", "/ip6/2001:DB8::5:6:7:8/tcp/3"]],
    [["/ip6/fe80::1%eth0/tcp/1", "/ip6/fe80::2%eth0/tcp/1"]],
    [["/ip6/::1/tcp/1"]],
  ])("GATE-9 %j is one address", (addresses) => {
    expect(knocks(...addresses)).toBe(pendingConnectionsPerAddressMax);
  });

  it.each([
    [["/ip4/192.0.2.1/tcp/1", "/ip4/192.0.2.2/tcp/1"]],
    [["/ip6/2001:db8:0:1::1/tcp/1", "/ip6/2001:db8:0:2::1/tcp/1"]],
    [["/ip6/2001:db8::1/tcp/1", "/ip4/192.0.2.1/tcp/1"]],
  ])("GATE-9 %j are two", (addresses) => {
    expect(knocks(...addresses)).toBe(2 * pendingConnectionsPerAddressMax);
  });

  it("GATE-8 whoever has authenticated, or is gone, does not wait any more", () => {
    const door = new ConnectionDoor();
    const waiting = Array.from({ length: pendingConnectionsPerAddressMax }, () =>
      connectionFrom("/ip4/192.0.2.1/tcp/1"),
    );
    for (const { connection } of waiting) expect(door.knock(connection)).toBe(true);
    const next = connectionFrom("/ip4/192.0.2.1/tcp/1");
    expect(door.knock(next.connection)).toBe(false);
    expect(door.enter("ann", waiting[0]?.connection as never)).toBe(true);
    waiting[0]?.close();
    expect([door.knock(next.connection), door.knock(next.connection)]).toEqual([true, false]);
    waiting[1]?.close();
    expect(door.knock(next.connection)).toBe(true);
  });

  it("GATE-9 one that has closed before it is counted takes no place", () => {
    const door = new ConnectionDoor();
    const address = "/ip4/192.0.2.1/tcp/1";
    for (let count = 0; count <= strangersPerAddressMax; count += 1)
      expect(door.admitStranger(connectionFrom(address, "closed").connection)).toBe(true);
  });

  it("GATE-9 strangers of one address leave places for those of others, and there are so many in all", () => {
    const door = new ConnectionDoor();
    const admitted = (address: string): number => {
      let count = 0;
      while (door.admitStranger(connectionFrom(address).connection)) count += 1;
      return count;
    };
    expect(admitted("/ip4/192.0.2.1/tcp/1")).toBe(strangersPerAddressMax);
    expect(admitted("/ip4/192.0.2.2/tcp/1")).toBe(strangerConnectionsMax - strangersPerAddressMax);
    expect(admitted("/ip4/192.0.2.3/tcp/1")).toBe(0);
  });
});
