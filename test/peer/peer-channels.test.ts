import { describe, expect, it } from "vitest";
import { DfsError } from "../../src/core/errors.ts";
import type { PeerId } from "../../src/core/ids.ts";
import { inboundChannelsPerProtocolMax } from "../../src/core/limits.ts";
import { PeerChannels } from "../../src/peer/peer-channels.ts";
import type { FrameChannel } from "../../src/peer/wire/frame-channel.ts";
import { channelPair } from "./memory-channel.ts";

const [ann, ben] = ["ann", "ben"] as PeerId[] as [PeerId, PeerId];

/** Admits a channel; tells how its other end ended. */
function open(channels: PeerChannels, peer: PeerId, protocol = "rpc") {
  const [near, far] = channelPair();
  const ends: (Error | undefined)[] = [];
  far.receive({ onFrame: () => undefined, onEnd: (error) => void ends.push(error) });
  const admitted = channels.admit(near, peer, protocol);
  admitted?.receive({ onFrame: () => undefined, onEnd: () => undefined });
  return { admitted, far, ends };
}

describe("channels of a peer", () => {
  it("GATE-7 one peer has so many channels of one protocol here, and one that ends makes room", async () => {
    const channels = new PeerChannels();
    const opened = Array.from({ length: inboundChannelsPerProtocolMax }, () => open(channels, ann));
    expect(opened.every(({ admitted }) => admitted !== undefined)).toBe(true);
    const beyond = open(channels, ann);
    expect(beyond.admitted).toBeUndefined();
    await expect.poll(() => beyond.ends).toEqual([expect.objectContaining({ kind: "busy" })]);
    expect(open(channels, ben).admitted).toBeDefined();
    expect(open(channels, ann, "chunks").admitted).toBeDefined();
    await opened[0]?.far.close();
    await expect.poll(() => channels.count(ann, "rpc")).toBe(inboundChannelsPerProtocolMax - 1);
    expect(open(channels, ann).admitted).toBeDefined();
  });

  it("GATE-7 a cut ends all channels to and from a peer, and no other's", async () => {
    const channels = new PeerChannels();
    const theirs = [open(channels, ann), open(channels, ann, "chunks")];
    const other = open(channels, ben);
    const [own, far] = channelPair();
    const ends: (Error | undefined)[] = [];
    const kept: FrameChannel = channels.keep(own, ann, "rpc");
    kept.receive({ onFrame: () => undefined, onEnd: () => undefined });
    far.receive({ onFrame: () => undefined, onEnd: (error) => void ends.push(error) });
    channels.cut(ann, new DfsError("permission", "gone"));
    await expect.poll(() => [...theirs.flatMap((one) => one.ends), ...ends]).toHaveLength(3);
    expect(other.ends).toEqual([]);
    expect([channels.count(ann, "rpc"), channels.count(ben, "rpc")]).toEqual([0, 1]);
  });
});
