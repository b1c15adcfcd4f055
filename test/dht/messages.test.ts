import { decode, encode } from "cborg";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DfsError } from "../../src/core/errors.ts";
import {
  parseAnnounceReply,
  parseAnnounceRequest,
  parseLookupReply,
  parseLookupRequest,
} from "../../src/dht/messages.ts";
import { digestNumber, peerNumber } from "./fake-network.ts";

const key = digestNumber(1);
const peer = peerNumber(1);
const manyKeys = Array.from({ length: 501 }, () => key);
const parsers = [parseAnnounceRequest, parseAnnounceReply, parseLookupRequest, parseLookupReply];

function kindOf(call: () => unknown): string {
  try {
    call();
    return "accepted";
  } catch (error) {
    return error instanceof DfsError ? error.kind : "not a DfsError";
  }
}

describe("holder messages", () => {
  it("DHT-3 every message survives CBOR", () => {
    const announce = { keys: [key, digestNumber(2)], lifetimeMs: 86_400_000 };
    expect(parseAnnounceRequest(decode(encode(announce)))).toEqual(announce);
    expect(parseAnnounceReply(decode(encode({ stored: 2 })))).toEqual({ stored: 2 });
    expect(parseLookupRequest(decode(encode({ keys: [key] })))).toEqual({ keys: [key] });
    expect(parseLookupReply(decode(encode({ holders: [[peer], []] })))).toEqual({ holders: [[peer], []] });
  });

  it.each([
    ["no keys", parseAnnounceRequest, { keys: [], lifetimeMs: 1 }],
    ["too many keys", parseAnnounceRequest, { keys: manyKeys, lifetimeMs: 1 }],
    ["a short digest", parseAnnounceRequest, { keys: [key.subarray(1)], lifetimeMs: 1 }],
    ["a digest as text", parseAnnounceRequest, { keys: ["a".repeat(32)], lifetimeMs: 1 }],
    ["a negative lifetime", parseAnnounceRequest, { keys: [key], lifetimeMs: -1 }],
    ["an endless lifetime", parseAnnounceRequest, { keys: [key], lifetimeMs: Infinity }],
    ["a broken lifetime", parseAnnounceRequest, { keys: [key], lifetimeMs: 1.5 }],
    ["an unknown field", parseAnnounceRequest, { keys: [key], lifetimeMs: 1, holder: peer }],
    ["a reply beyond the question", parseAnnounceReply, { stored: 501 }],
    ["too many keys asked", parseLookupRequest, { keys: manyKeys }],
    ["too many holders", parseLookupReply, { holders: [Array.from({ length: 9 }, () => peer)] }],
    ["too many lists", parseLookupReply, { holders: manyKeys.map(() => []) }],
    ["a holder that is no peer id", parseLookupReply, { holders: [["../../etc/passwd"]] }],
    ["a holder that is a number", parseLookupReply, { holders: [[7]] }],
    ["nothing", parseLookupReply, undefined],
  ])("DHT-3 refuses %s", (_what, parse, message) => {
    expect(kindOf(() => parse(message))).toBe("protocol");
  });

  it("DHT-3 refuses anything else with `protocol`, and never breaks", () => {
    const anything = fc.oneof(
      fc.anything(),
      fc.record(
        { keys: fc.anything(), lifetimeMs: fc.anything(), holders: fc.anything(), stored: fc.anything() },
        { requiredKeys: [] },
      ),
    );
    fc.assert(
      fc.property(anything, (message) => {
        for (const parse of parsers) expect(["accepted", "protocol"]).toContain(kindOf(() => parse(message)));
      }),
    );
  });
});
