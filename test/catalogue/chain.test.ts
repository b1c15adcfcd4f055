import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeLinks, encodeLinks, firstLinks, withClaim, withSuccessor } from "../../src/catalogue/chain.ts";
import { withinKept, withoutDisk } from "../../src/catalogue/chain.ts";
import type { PeerId } from "../../src/core/ids.ts";
import { chainLinksMax } from "../../src/core/limits.ts";
import type { ChainLink } from "../../src/core/shelf.ts";

const peer = (letter: string): PeerId => letter.repeat(52) as PeerId;
const newcomer = peer("Z");

/** Links as `A1:1 b2:0`: peer, what it keeps and what it has; a small letter for one that gets new files only. */
function chain(text: string): readonly ChainLink[] {
  return text.split(" ").map((link) => {
    const [letter, keepsFrom, , hasFrom] = link.split("");
    const name = String(letter);
    const isFilled = name === name.toUpperCase();
    return { peer: peer(name.toUpperCase()), keepsFrom: Number(keepsFrom), hasFrom: Number(hasFrom), isFilled };
  });
}

function textOf(links: readonly ChainLink[]): string {
  const letter = ({ peer, isFilled }: ChainLink): string => (isFilled ? peer.charAt(0) : peer.charAt(0).toLowerCase());
  return links.map((link) => `${letter(link)}${link.keepsFrom}:${link.hasFrom}`).join(" ");
}

/** What is kept, whoever keeps it. */
function places(links: readonly ChainLink[]): readonly number[] {
  return links.map(({ keepsFrom }) => keepsFrom).toSorted((one, other) => one - other);
}

const letters = ["A", "B", "C", "D", "E", "F", "G", "H"];
const anyChain = fc
  .uniqueArray(fc.constantFrom(...letters), { minLength: 1, maxLength: chainLinksMax })
  .chain((letters) =>
    fc.tuple(
      ...letters.map((letter, place) =>
        fc.record({
          peer: fc.constant(peer(letter)),
          keepsFrom: place === 0 ? fc.constant(1) : fc.integer({ min: 1, max: chainLinksMax }),
          hasFrom: fc.nat(chainLinksMax),
          isFilled: fc.boolean(),
        }),
      ),
    ),
  );

describe("chains", () => {
  it.each([
    ["A1:1 B2:2 C3:3", "A", 3, "B1:1 A2:0 C3:3", "the backup peer leads, and what others have still counts"],
    ["A1:1 C3:3 B2:2", "A", 3, "B1:1 A2:0 C3:3", "wherever it stands"],
    ["A1:1 B2:0 C3:3", "A", 3, "C1:1 A3:0 B2:0", "one that is behind is passed over"],
    ["A1:1 C3:3 b2:0", "A", 2, "B1:1 A2:0 C3:3", "but not for one that claims files which nobody has put"],
    ["A1:1 B2:0 c2:2", "A", 2, "C1:1 A2:0 B2:0", "one that stands in leads as well, and is filled as owner"],
    ["A1:1 B2:4 C3:5", "A", 5, "B1:1 A2:0 C3:5", "where none is full, the one that claims most leads"],
    ["A1:1 b2:0 C3:0", "A", 5, "C1:1 A3:0 b2:0", "then one that was being filled"],
    ["A1:1 C3:0 B2:0", "A", 5, "B1:1 A2:0 C3:0", "of two that were, the one that keeps more"],
    ["A1:1 b2:0", "A", 5, "B1:1 A2:0", "then one that got new files only"],
    ["A1:1", "A", 5, "A1:1", "alone it stays the owner of what there is"],
    ["A1:1 B2:2 C3:3", "B", 5, "A1:1 B2:0 C3:3", "a link that is no owner only loses its claim"],
    ["A1:1 b2:2", "B", 5, "A1:1 B2:0", "and is to be given what it lacks"],
  ])("CAT-104 %s without the disk of %s, files of up to %d copies, is %s: %s", (before, lost, copiesMax, after) => {
    expect(textOf(withoutDisk(chain(before), peer(lost), copiesMax))).toBe(after);
  });

  it("CAT-104 whatever the chain, the lost disk claims nothing unless it is alone, the owner has what there is, and every other link keeps its place", () => {
    fc.assert(
      fc.property(anyChain, fc.nat(), fc.nat(5), (links, place, copiesMax) => {
        const before = withinKept(links);
        const lost = before[place % before.length] as ChainLink;
        const after = withoutDisk(before, lost.peer, copiesMax);
        expect(places(after)).toEqual(places(before));
        expect(after).toEqual(withinKept(after));
        if (after.length > 1) expect(after.find((link) => link.peer === lost.peer)).toMatchObject({ hasFrom: 0 });
        const untouched = before.filter((link) => link !== lost && link.peer !== after[0]?.peer);
        expect(after).toEqual(expect.arrayContaining(untouched));
        if (lost !== before[0]) return;
        expect(after[0]).toMatchObject({ keepsFrom: 1, hasFrom: 1 });
        const claims = before.slice(1).map(({ hasFrom }) => (hasFrom <= copiesMax ? hasFrom : 0));
        const heir = before.find((link) => link.peer === after[0]?.peer);
        const best = Math.min(...claims.filter((claim) => claim > 0));
        if (best < Infinity) expect(heir?.hasFrom).toBe(best);
      }),
    );
  });

  it("CAT-105 a successor has the place and none of the claims of the peer that it replaces", () => {
    expect(textOf(withSuccessor(chain("A1:1 B2:2 C3:3"), peer("A"), newcomer, 3))).toBe("B1:1 Z2:0 C3:3");
    expect(textOf(withSuccessor(chain("A1:1 b2:2 C3:3"), peer("B"), newcomer, 3))).toBe("A1:1 Z2:0 C3:3");
    expect(textOf(withSuccessor(chain("a1:1"), peer("A"), newcomer, 3))).toBe("Z1:1");
  });

  it("CAT-102 a claim is for no more than the link keeps, and none stays none", () => {
    expect(textOf(withinKept(chain("A1:1 B2:1 C3:0 D3:2 E2:7")))).toBe("A1:1 B2:2 C3:0 D3:3 E2:7");
    expect(textOf(withClaim(chain("A1:1 B2:0 c3:0"), peer("C"), 1))).toBe("A1:1 B2:0 c3:3");
    expect(textOf(withClaim(chain("A1:1 b2:2"), peer("B"), 0))).toBe("A1:1 B2:0");
  });

  it("CAT-102 links come back from their bytes", () => {
    expect(textOf(firstLinks(peer("A")))).toBe("A1:1");
    fc.assert(
      fc.property(anyChain, (links) => {
        expect(decodeLinks(encodeLinks(links))).toEqual(links);
      }),
    );
    const long = letters.map((letter) => ({
      peer: letter.repeat(64) as PeerId,
      keepsFrom: chainLinksMax,
      hasFrom: chainLinksMax,
      isFilled: true,
    }));
    expect(decodeLinks(encodeLinks(long))).toEqual(long);
  });
});
