import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { sealChunk } from "../../src/chunking/seal.ts";
import { DfsError } from "../../src/core/errors.ts";
import type { PeerId, ShelfId } from "../../src/core/ids.ts";
import { type FetchFromLinksOptions, fetchFromLinks } from "../../src/peer/shelves/fetch-from-links.ts";

const [self, liar, honest] = ["self" as PeerId, "liar" as PeerId, "honest" as PeerId];
const shelf = "ffeeddccbbaa99887766554433221100" as ShelfId;
const { digest, sealed } = sealChunk(new Uint8Array(32), new Uint8Array(randomBytes(5000)));

function optionsWith(answers: ReadonlyMap<PeerId, Uint8Array>): FetchFromLinksOptions {
  return {
    self,
    members: { shelf: () => ({ links: [self, liar, honest].map((peer) => ({ peer })) }) } as never,
    links: {
      isConnected: () => true,
      getChunk: (peer: PeerId) => {
        const bytes = answers.get(peer);
        if (bytes === undefined) throw new DfsError("not-found", "no such chunk");
        return Promise.resolve(bytes);
      },
    } as never,
  };
}

describe("a chunk from the other links of a chain", () => {
  const { signal } = new AbortController();

  it("HOST-5 comes from the next link where one sends wrong bytes", async () => {
    const answers = new Map([
      [liar, sealed.map((byte, index) => (index === 100 ? byte ^ 1 : byte))],
      [honest, sealed],
    ]);
    expect(await fetchFromLinks(optionsWith(answers), digest, [shelf], signal)).toEqual(sealed);
  });

  it("HOST-5 is not to be had where all that is sent is wrong", async () => {
    const answers = new Map([[liar, new Uint8Array(100)]]);
    await expect(fetchFromLinks(optionsWith(answers), digest, [shelf], signal)).rejects.toMatchObject({
      kind: "not-found",
    });
  });
});
