import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { TransferEvent, TransferSummary } from "../../src/core/client.ts";
import { toDfsError } from "../../src/core/errors.ts";
import type { ShelfId } from "../../src/core/ids.ts";
import { type Room, PutRoom, sealedBytesAtMost } from "../../src/peer/put-room.ts";
import { founderShelf } from "../catalogue/world.ts";
import { FileSpace, at } from "./file-space.ts";

const MiB = 1024 * 1024;
const noBound: Room = { quota: undefined, freeBytesOf: () => undefined };
const quotaOf = (leftBytes: number): Room => ({
  ...noBound,
  quota: { name: "ann", quotaBytes: 10 * MiB + leftBytes, usedBytes: 10 * MiB },
});

describe("a put with little room", () => {
  const space = new FileSpace();
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "dfs-room-"));
    await space.start();
  });
  afterEach(() => {
    space.room = noBound;
    vi.restoreAllMocks();
  });
  afterAll(async () => {
    await space.stop();
    await rm(folder, { recursive: true });
  });

  async function file(name: string, bytes: Uint8Array): Promise<string> {
    const path = join(folder, name);
    await writeFile(path, bytes);
    return path;
  }

  /** Puts files into the root; tells what was sent, and each failure by its kind. */
  async function put(paths: readonly string[], force = false) {
    let sentBytes = 0;
    const store = space.owner.putChunks.bind(space.owner);
    const sending = vi.spyOn(space.owner, "putChunks").mockImplementation((...sent) => {
      for (const { bytes } of sent[1]) sentBytes += bytes.length; // their memory is given back later
      return store(...sent);
    });
    const failed: string[] = [];
    const onEvent = (event: TransferEvent): void => {
      if (event.type === "failed") failed.push(event.error.kind);
    };
    const sources = paths.map((path) => ({ kind: "path", path }) as const);
    let summary: TransferSummary | undefined;
    try {
      summary = await space.client.put({ sources, target: at("/"), force }, { onEvent });
    } catch (error) {
      if (failed.length === 0) failed.push(toDfsError(error).kind);
    }
    sending.mockRestore();
    return { failed, sentBytes, summary };
  }

  it("ROOM-1 a file beyond the quota is refused, and not a chunk of it is sent", async () => {
    space.room = quotaOf(2 * MiB);
    const path = await file("large", randomBytes(3 * MiB));
    expect(await put([path])).toMatchObject({ failed: ["quota"], sentBytes: 0 });
    await expect(space.client.stat(at("/large"))).rejects.toMatchObject({ kind: "not-found" });
    space.room = quotaOf(4 * MiB);
    const whole = await put([path]);
    expect(whole.failed).toEqual([]);
    expect(whole.sentBytes).toBeGreaterThan(3 * MiB);
  });

  it("ROOM-1 a file beyond the space of the shelf is refused, and not a chunk of it is sent", async () => {
    space.room = { ...noBound, freeBytesOf: (shelf) => (shelf === founderShelf ? 2 * MiB : undefined) };
    const path = await file("wide", randomBytes(3 * MiB));
    expect(await put([path])).toMatchObject({ failed: ["no-space"], sentBytes: 0 });
  });

  it("ROOM-2 what is there already is put again, whatever is left", async () => {
    const content = randomBytes(3 * MiB);
    expect((await put([await file("first", content)])).failed).toEqual([]);
    space.room = quotaOf(0);
    const again = await put([await file("second", content)]);
    expect(again).toMatchObject({ failed: [], sentBytes: 0 });
    expect(await space.client.stat(at("/second"))).toMatchObject({ sizeBytes: 3 * MiB, addedBytes: 0 });
    const longer = await file("longer", Buffer.concat([content, randomBytes(MiB)]));
    expect(await put([longer])).toMatchObject({ failed: ["quota"], sentBytes: 0 });
    space.room = quotaOf(2 * MiB);
    const grown = await put([longer]);
    expect(grown.failed).toEqual([]);
    expect(grown.sentBytes).toBeLessThan(2 * MiB);
  });

  it("ROOM-2 a chunk that a file has many times is counted once", async () => {
    space.room = quotaOf(2 * MiB);
    expect(await put([await file("zeros", new Uint8Array(20 * MiB))])).toMatchObject({ failed: [] });
  });

  it("ROOM-3 of several files, those are put that fit together", async () => {
    space.room = quotaOf(4 * MiB);
    const paths = await Promise.all([1, 2, 3, 4, 5, 6].map((each) => file(`part${each}`, randomBytes(MiB))));
    const { failed, sentBytes } = await put(paths);
    expect(failed).toEqual(["quota", "quota", "quota"]);
    expect(sentBytes).toBeLessThan(4 * MiB);
  });
});

describe("the room of a put", () => {
  const shelf = founderShelf;
  const never = (): Promise<number> => Promise.reject(new Error("counted for nothing"));
  const request = (sizeBytes: number, countNew: () => Promise<number> = never) => ({ shelf, sizeBytes, countNew });

  it("ROOM-3 a file waits for those under way rather than be refused for what they might cost", async () => {
    const room = new PutRoom(() => Promise.resolve(quotaOf(10_000)));
    const first = await room.admit(request(9_000));
    let isIn = false;
    const second = room.admit(request(9_000, () => Promise.resolve(9_000))).then((claim) => {
      isIn = true;
      return claim;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(isIn).toBe(false);
    first.settle(500);
    (await second).settle(9_000);
    await expect(room.admit(request(600, () => Promise.resolve(600)))).rejects.toMatchObject({
      kind: "quota",
      message: expect.stringContaining("500 of the 10495760 bytes of ann are left") as string,
    });
    (await room.admit(request(500, () => Promise.resolve(500)))).settle(0);
    (await room.admit(request(500, () => Promise.resolve(500)))).settle(500);
    first.settle(500);
    await expect(room.admit(request(1, () => Promise.resolve(1)))).rejects.toMatchObject({ kind: "quota" });
  });

  it("ROOM-3 is asked for once, and bounds what a file comes to with all that is beside its bytes", async () => {
    const read = vi.fn<() => Promise<Room>>(() => Promise.resolve(quotaOf(sealedBytesAtMost(5_000))));
    const room = new PutRoom(read);
    await expect(room.admit(request(5_001))).rejects.toThrow("counted for nothing");
    await room.admit(request(5_000));
    expect(read).toHaveBeenCalledOnce();
    expect(sealedBytesAtMost(0)).toBeGreaterThan(0);
  });

  it("ROOM-4 a shelf of which nothing is known takes any file, and one that is full takes none", async () => {
    const full = "00".repeat(16) as ShelfId;
    const room = new PutRoom(() =>
      Promise.resolve({ ...noBound, freeBytesOf: (each) => (each === full ? 1_000 : undefined) }),
    );
    expect(await room.fits(shelf, 10 ** 15)).toBe(true);
    expect(await room.fits(full, 2_000)).toBe(false);
    expect(await room.fits(full, 100)).toBe(true);
  });
});
