import { createServer } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { dialAsStranger } from "../../../src/peer/checks/dial-back.ts";
import { LocalNetwork } from "../local-network.ts";

describe("dialling a peer back", () => {
  const network = new LocalNetwork();
  afterEach(() => network.stop());

  it("DOCTOR-13 a peer is reached where it listens, and neither where nobody does nor where somebody else does", async () => {
    const signal = AbortSignal.timeout(20_000);
    const [ann, ben] = await network.startAll("ann", "ben");
    const annAt = ann?.peer.addresses ?? [];
    await expect(dialAsStranger(annAt, signal)).resolves.toBeUndefined();
    // Ben's port, said to be Ann's.
    const elsewhere = (ben?.peer.addresses[0] ?? "").replace(/\/p2p\/.*/, `/p2p/${ann?.peer.self}`);
    await expect(dialAsStranger([elsewhere], signal)).rejects.toMatchObject({ kind: "unreachable" });
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as { port: number };
    await new Promise((resolve) => server.close(resolve));
    const nowhere = `/ip4/127.0.0.1/tcp/${port}/p2p/${ann?.peer.self}`;
    await expect(dialAsStranger([nowhere], signal)).rejects.toMatchObject({
      kind: "unreachable",
      message: expect.stringContaining(nowhere) as string,
    });
    await expect(dialAsStranger([], signal)).rejects.toMatchObject({ kind: "unreachable" });
    expect(await ben?.peer.client.peers()).toHaveLength(2);
  });
});
