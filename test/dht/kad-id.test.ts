import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parsePeerId } from "../../src/core/ids.ts";
import { closestPeers, commonPrefixBits, kadIdOfKey, kadPeer } from "../../src/dht/kad-id.ts";
import type { KadPeer } from "../../src/dht/ports.ts";
import { peerNumber } from "./fake-network.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const kadIds = fc.uint8Array({ minLength: 32, maxLength: 32 });
const xor = (a: Uint8Array, b: Uint8Array) => BigInt(`0x${hex(a.map((byte, index) => byte ^ (b[index] ?? 0)))}`);

describe("kad ids", () => {
  it("DHT-1 the kad id of a file key is SHA-256 of its multihash", () => {
    const digest = Buffer.from("70ce871f8a3d3fb449bc3c3ace6547cef02dfc74ffe48d912532a724bfdbe5b9", "hex");
    expect(hex(kadIdOfKey(digest))).toBe("d04b5a7a5ec31549114ce11d98b012cfcc268ff939acb69e9f5515f4fed65c3f");
  });

  it("DHT-1 the kad id of a peer is SHA-256 of the multihash in its id", () => {
    const peer = parsePeerId("12D3KooW9tJMax94Lrqw7Y5Qw36viGQAS2gTEPQ5Wg1vTk7xPfQs");
    expect(hex(kadPeer(peer).kadId)).toBe("95ce86dbb7e1245292a01ba53d875328118bd1bb7511f64623a9ea7f3ce9eb61");
  });

  it("DHT-2 the closest peers are those with the smallest XOR distance, in that order", () => {
    fc.assert(
      fc.property(
        kadIds,
        fc.uniqueArray(kadIds, { selector: hex, maxLength: 40 }),
        fc.nat(12),
        (target, ids, count) => {
          const peers = ids.map((kadId, index): KadPeer => ({ id: peerNumber(index), kadId }));
          const expected = [...peers]
            .sort((a, b) => (xor(target, a.kadId) < xor(target, b.kadId) ? -1 : 1))
            .slice(0, count)
            .map(({ id }) => id);
          expect(closestPeers(target, peers, count).map(({ id }) => id)).toEqual(expected);
        },
      ),
    );
  });

  it("DHT-2 the common prefix counts equal leading bits", () => {
    fc.assert(
      fc.property(kadIds, kadIds, fc.nat(31), (a, other, equalBytes) => {
        const b = Uint8Array.from(other, (byte, index) => (index < equalBytes ? (a[index] ?? 0) : byte));
        const distance = xor(a, b);
        expect(commonPrefixBits(a, b)).toBe(distance === 0n ? 256 : 256 - distance.toString(2).length);
      }),
    );
    expect(commonPrefixBits(new Uint8Array(32), new Uint8Array(32))).toBe(256);
  });
});
