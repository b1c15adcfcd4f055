import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { DfsError } from "../../src/core/errors.ts";
import { FileSpace, at, putText, textOf } from "./file-space.ts";

describe("a put with conditions", () => {
  const space = new FileSpace();
  const { client } = space;
  let folder = "";

  beforeAll(async () => {
    await space.start();
    folder = await mkdtemp(join(tmpdir(), "put-"));
  });
  afterEach(() => {
    space.beforePropose = () => Promise.resolve();
  });
  afterAll(async () => {
    await space.stop();
    await rm(folder, { recursive: true });
  });

  const conflict = (put: Promise<unknown>): Promise<DfsError> =>
    put.then(
      () => expect.fail("the put succeeded"),
      (error: DfsError) => {
        expect(error.kind).toBe("conflict");
        return error;
      },
    );

  /** Lets somebody else go first, once, when this put is about to commit. */
  function slipIn(work: () => Promise<unknown>): void {
    space.beforePropose = async () => {
      space.beforePropose = () => Promise.resolve();
      await work();
    };
  }

  it("TXN-20 refuses before it reads a byte when the file is at another revision, and names the one that is there", async () => {
    await putText(client, "/f", "one");
    await putText(client, "/f", "two", { ifRevision: 1 });
    let isRead = false;
    const bytes = (async function* () {
      isRead = true;
      yield Buffer.from("three");
    })();
    const source = { kind: "stream", bytes, name: "s" } as const;
    for (const ifRevision of [0, 1, 3]) {
      const error = await conflict(client.put({ sources: [source], target: at("/f"), ifRevision, resume: true }));
      expect(error.message).toContain("at revision 2");
      expect(error.message).toContain(`not at revision ${ifRevision}`);
    }
    expect((await conflict(putText(client, "/none", "x", { ifRevision: 1 }))).message).toContain("no such file");
    await conflict(client.put({ sources: [source], target: at("/f"), ifRevision: 1, dryRun: true }));
    expect(isRead).toBe(false);
    expect(await client.stat(at("/f"))).toMatchObject({ revision: 2, sizeBytes: 3 });
  });

  it("TXN-21 of several who ask for the same revision one succeeds, and the others learn of the winner's", async () => {
    await putText(client, "/race", "one");
    slipIn(() => putText(client, "/race", "theirs", { ifRevision: 1 }));
    expect((await conflict(putText(client, "/race", "mine", { ifRevision: 1 }))).message).toContain("at revision 2");
    expect(await textOf(client.read(at("/race")))).toBe("theirs");

    slipIn(() => putText(client, "/new", "theirs", { ifRevision: 0 }));
    expect((await conflict(putText(client, "/new", "mine", { ifRevision: 0 }))).message).toContain("at revision 1");
    expect(await textOf(client.read(at("/new")))).toBe("theirs");

    slipIn(async () => {
      await client.remove(at("/race"));
      await putText(client, "/race", "again");
    });
    await conflict(putText(client, "/race", "late", { ifRevision: 2 }));
    slipIn(() => client.mkdir(at("/taken")));
    await conflict(putText(client, "/taken", "late", { ifRevision: 0 }));
    expect(await space.leases()).toEqual([]);
  });

  it("TXN-22 the revision that was asked for is followed by a new one, even with the same content", async () => {
    const path = join(folder, "same");
    await writeFile(path, "same");
    const put = (ifRevision?: number) =>
      client.put({ sources: [{ kind: "path", path }], target: at("/same"), ifRevision, resume: true });
    await put(0);
    expect(await put()).toMatchObject({ unchanged: 1 });
    expect(await put(1)).toMatchObject({ unchanged: 0 });
    expect(await client.stat(at("/same"))).toMatchObject({ revision: 2 });
  });

  it("TXN-23 a revision can be asked for with one file only, and a number that is one", async () => {
    const source = { kind: "path", path: folder } as const;
    const request = { target: at("/"), recursive: true };
    await expect(client.put({ ...request, sources: [source], ifRevision: 0 })).rejects.toMatchObject({ kind: "usage" });
    const both = [source, source];
    await expect(client.put({ ...request, sources: both, ifRevision: 0 })).rejects.toMatchObject({ kind: "usage" });
    for (const ifRevision of [-1, 0.5, Number.NaN])
      await expect(putText(client, "/odd", "x", { ifRevision })).rejects.toMatchObject({ kind: "usage" });
  });

  it("TXN-24 an expiry belongs to its revision: the next one without it stays", async () => {
    const expiresMs = Date.now() + 60_000;
    await putText(client, "/brief", "x", { expiresMs });
    expect(await client.stat(at("/brief"))).toMatchObject({ expiresMs });
    await putText(client, "/brief", "y", { force: true });
    expect((await client.stat(at("/brief"))).expiresMs).toBeUndefined();
    for (const past of [0, Date.now() - 1, 1.5])
      await expect(putText(client, "/past", "x", { expiresMs: past })).rejects.toMatchObject({ kind: "usage" });
  });

  it("TXN-25 the same content with another expiry is another revision, and needs force", async () => {
    const path = join(folder, "dated");
    await writeFile(path, "dated");
    const put = (request: { expiresMs?: number; force?: boolean }) =>
      client.put({ sources: [{ kind: "path", path }], target: at("/dated"), ...request });
    const expiresMs = Date.now() + 60_000;
    await put({ expiresMs });
    expect(await put({ expiresMs, force: true })).toMatchObject({ unchanged: 1 });
    await expect(put({})).rejects.toMatchObject({
      kind: "exists",
      message: expect.stringContaining("expiry") as string,
    });
    expect(await put({ expiresMs: expiresMs + 1, force: true })).toMatchObject({ unchanged: 0 });
    expect(await client.stat(at("/dated"))).toMatchObject({ revision: 2, expiresMs: expiresMs + 1 });
    expect(await put({ force: true })).toMatchObject({ unchanged: 0 });
    expect((await client.stat(at("/dated"))).expiresMs).toBeUndefined();
  });
});
