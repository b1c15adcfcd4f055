import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { recentPageBytesMax, recentPagesMax } from "../../src/core/limits.ts";
import { RecentPages } from "../../src/store/recent-pages.ts";

describe("recently stored pages", () => {
  it("PACK-6 are remembered as they were stored, short ones only, and the first are forgotten first", () => {
    const pages = new RecentPages();
    const memory = new Uint8Array(randomBytes(3 * recentPageBytesMax));
    const digests = Array.from({ length: recentPagesMax + 2 }, () => new Uint8Array(randomBytes(32)));
    const page = memory.subarray(10, 10 + recentPageBytesMax);
    const stored = page.slice();
    for (const digest of digests) pages.keep(digest, page);
    memory.fill(0);
    const [first, second, third] = digests;
    expect([first, second].map((digest) => pages.find(digest as Uint8Array))).toEqual([undefined, undefined]);
    expect(pages.find(third as Uint8Array)).toEqual(stored);
    const long = new Uint8Array(randomBytes(32));
    pages.keep(long, memory.subarray(0, recentPageBytesMax + 1));
    expect(pages.find(long)).toBeUndefined();
  });
});
