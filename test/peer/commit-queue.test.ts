import { describe, expect, it, vi } from "vitest";
import type { Operation } from "../../src/catalogue/operation.ts";
import { DfsError } from "../../src/core/errors.ts";
import { type FileKey, fileKeyOf, type LeaseId, type NodeId, type ShelfId } from "../../src/core/ids.ts";
import { commitTriesMax } from "../../src/core/limits.ts";
import { CommandRefused, type CommandTarget } from "../../src/peer/command-session.ts";
import { CommitQueue, type FileToCommit } from "../../src/peer/commit-queue.ts";
import type { UploadSession } from "../../src/peer/upload-session.ts";

const shelf = "00112233445566778899aabbccddeeff" as ShelfId;
const node = "ffeeddccbbaa99887766554433221100" as NodeId;

/** A shelf whose owner confirms by the epoch that it knows. */
class OwnerOf {
  readonly confirmed: FileKey[][] = [];
  epoch = 1;
  fault: DfsError | undefined;
  lost: FileKey | undefined;

  get session(): UploadSession {
    const addRecords = (keys: readonly FileKey[]): Promise<unknown> => {
      if (this.fault !== undefined) return Promise.reject(this.fault);
      if (this.lost !== undefined && keys.includes(this.lost))
        return Promise.reject(new DfsError("changed", "the shelf has lost part of the upload"));
      this.confirmed.push([...keys]);
      return Promise.resolve({ copies: 2, epoch: this.epoch });
    };
    return { port: { shelf }, addRecords } as unknown as UploadSession;
  }
}

/** A catalogue that takes files of one epoch. */
function catalogueAt(epoch: () => number): CommandTarget & { readonly taken: Operation[] } {
  const taken: Operation[] = [];
  return {
    taken,
    execute: (operations) => {
      const stale = operations.findIndex((operation) => operation.op === "putFile" && operation.epoch !== epoch());
      if (stale >= 0)
        return Promise.reject(
          new CommandRefused({ kind: "moved", message: "the chain has changed", operation: stale, revision: null }),
        );
      taken.push(...operations);
      return Promise.resolve(operations.map(() => ({ op: "putFile", revision: 1 })));
    },
  };
}

function fileOf(session: UploadSession, byte: number): FileToCommit {
  const fileKey = fileKeyOf(new Uint8Array(32).fill(byte));
  return {
    session,
    fileKey,
    refresh: () => Promise.resolve(),
    operation: () => ({
      op: "putFile",
      parent: node,
      token: new Uint8Array(1),
      node,
      baseRevision: 0,
      wrap: new Uint8Array(0),
      pastWrap: new Uint8Array(0),
      generation: 1,
      fileKey,
      sizeBytes: 1,
      sealedBytes: 17,
      addedBytes: 17,
      attributes: new Uint8Array(0),
      shelf,
      lease: node as unknown as LeaseId,
      copiesWanted: 0,
      expiresMs: null,
    }),
  };
}

describe("commits of a put", () => {
  it("TXN-33 are confirmed again when a chain has changed, and wait for its owner to hear of it", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const owner = new OwnerOf();
      const { session } = owner;
      const catalogue = catalogueAt(() => 2);
      const queue = new CommitQueue(catalogue, new AbortController().signal);
      const committed = Promise.all([queue.add(fileOf(session, 1)), queue.add(fileOf(session, 2))]);
      await vi.waitFor(() => expect(owner.confirmed.length).toBeGreaterThan(2));
      expect(catalogue.taken).toEqual([]);
      owner.epoch = 2;
      await vi.advanceTimersByTimeAsync(5_000);
      expect((await committed).map(({ copies }) => copies)).toEqual([2, 2]);
      expect(catalogue.taken).toHaveLength(2);
      for (const keys of owner.confirmed) expect(keys).toHaveLength(2);
    } finally {
      vi.useRealTimers();
    }
  });

  it("TXN-33 fail as `moved` when the owner never hears of it", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const owner = new OwnerOf();
      const queue = new CommitQueue(
        catalogueAt(() => 2),
        new AbortController().signal,
      );
      const committed = queue.add(fileOf(owner.session, 1)).catch((error: unknown) => error);
      await vi.advanceTimersByTimeAsync(60_000);
      expect(await committed).toMatchObject({ kind: "moved" });
      expect(owner.confirmed).toHaveLength(commitTriesMax + 1);
    } finally {
      vi.useRealTimers();
    }
  });

  it("TXN-34 of a file whose chunks are lost fail by themselves, and the others are committed", async () => {
    const [sound, lost] = [new OwnerOf(), new OwnerOf()];
    lost.fault = new DfsError("changed", "the shelf has lost part of the upload");
    const catalogue = catalogueAt(() => 1);
    const queue = new CommitQueue(catalogue, new AbortController().signal);
    const outcomes = await Promise.allSettled([
      queue.add(fileOf(lost.session, 1)),
      queue.add(fileOf(sound.session, 2)),
    ]);
    expect(outcomes[0]).toMatchObject({ status: "rejected", reason: { kind: "changed" } });
    expect(outcomes[1]).toMatchObject({ status: "fulfilled", value: { copies: 2 } });
    expect(catalogue.taken).toHaveLength(1);
  });

  it("TXN-35 of the files of one shelf only that whose chunks are lost fails, and is to be read again", async () => {
    const owner = new OwnerOf();
    const { session } = owner;
    const files = [1, 2, 3].map((byte) => fileOf(session, byte));
    owner.lost = files[1]?.fileKey;
    const catalogue = catalogueAt(() => 1);
    const queue = new CommitQueue(catalogue, new AbortController().signal);
    const outcomes = await Promise.allSettled(files.map((file) => queue.add(file)));
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(outcomes[1]).toMatchObject({ reason: { kind: "changed" } });
    expect(owner.confirmed.map((keys) => keys.length)).toEqual([1, 1]);
    expect(catalogue.taken).toHaveLength(2);
  });
});
