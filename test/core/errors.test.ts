import { describe, expect, it } from "vitest";
import { withDeadline } from "../../src/core/deadline.ts";
import { DfsError, errorKinds, exitCodeOf, toDfsError } from "../../src/core/errors.ts";
import { chunkIdOf, digestOf, fileKeyOf, parseChunkId, parseFileKey, parsePeerName } from "../../src/core/ids.ts";

describe("errors", () => {
  it("CORE-7 kinds are append-only and keep their exit codes", () => {
    expect(errorKinds.map((kind) => [kind, exitCodeOf(kind)])).toMatchInlineSnapshot(`
      [
        [
          "usage",
          2,
        ],
        [
          "invalid-name",
          2,
        ],
        [
          "not-found",
          3,
        ],
        [
          "exists",
          4,
        ],
        [
          "not-empty",
          4,
        ],
        [
          "not-directory",
          4,
        ],
        [
          "is-directory",
          4,
        ],
        [
          "permission",
          4,
        ],
        [
          "quota",
          4,
        ],
        [
          "no-space",
          4,
        ],
        [
          "conflict",
          4,
        ],
        [
          "bad-invite",
          4,
        ],
        [
          "version",
          4,
        ],
        [
          "locked",
          5,
        ],
        [
          "address-in-use",
          5,
        ],
        [
          "unreachable",
          5,
        ],
        [
          "no-quorum",
          5,
        ],
        [
          "busy",
          5,
        ],
        [
          "timeout",
          5,
        ],
        [
          "changed",
          5,
        ],
        [
          "not-logged-in",
          6,
        ],
        [
          "integrity",
          7,
        ],
        [
          "protocol",
          7,
        ],
        [
          "unknown-command",
          127,
        ],
        [
          "interrupted",
          130,
        ],
        [
          "io",
          1,
        ],
        [
          "partial",
          1,
        ],
        [
          "internal",
          1,
        ],
        [
          "not-leader",
          5,
        ],
        [
          "moved",
          5,
        ],
        [
          "rekeyed",
          5,
        ],
      ]
    `);
  });

  it("CORE-8 system errors become kinds that a person can act on", () => {
    const system = (code: string) => toDfsError(Object.assign(new Error(`${code}: x`), { code, syscall: "open" }));
    expect([system("ENOENT").kind, system("ENOSPC").kind, system("EACCES").kind, system("EIO").kind]).toEqual([
      "not-found",
      "no-space",
      "permission",
      "io",
    ]);
    expect(toDfsError(new TypeError("x")).kind).toBe("internal");
    const error = new DfsError("busy", "later");
    expect(toDfsError(error)).toBe(error);
  });

  it("CORE-9 ids are the CIDs that IPFS gives the same bytes", () => {
    const digest = Buffer.from("2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824", "hex");
    expect(chunkIdOf(digest)).toBe("bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq");
    expect(Buffer.from(digestOf(parseFileKey(fileKeyOf(digest)))).equals(digest)).toBe(true);
    expect(() => parseChunkId(fileKeyOf(digest))).toThrowError(expect.objectContaining({ kind: "usage" }));
    expect(() => parsePeerName("a b")).toThrowError(expect.objectContaining({ kind: "usage" }));
  });
});

describe("deadlines", () => {
  const never = (): Promise<never> => new Promise(() => undefined);

  it("CORE-10 end work that ignores them, and hand on the caller's interruption", async () => {
    await expect(withDeadline(5, undefined, never)).rejects.toMatchObject({ kind: "timeout" });
    const caller = new AbortController();
    const work = withDeadline(60_000, caller.signal, never);
    caller.abort();
    await expect(work).rejects.toMatchObject({ kind: "interrupted" });
    expect(await withDeadline(60_000, undefined, () => Promise.resolve(7))).toBe(7);
  });
});
