import { execFileSync } from "node:child_process";
import {
  lstatSync,
  appendFileSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join as joinPath } from "node:path";
import { setImmediate as turnOfEvents } from "node:timers/promises";
import type { Worker } from "node:worker_threads";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ChunkingPool } from "../../src/chunking/chunking-pool.ts";
import { spawnWorker } from "../../src/chunking/chunking-thread.ts";
import { bytesEqual, sha256 } from "../../src/chunking/digest.ts";
import { openChunk, sealChunk } from "../../src/chunking/seal.ts";
import type { SealedChunk } from "../../src/chunking/seal.ts";
import { stampOf } from "../../src/core/file-stamp.ts";
import { chunkingFilesPerThreadMax } from "../../src/core/limits.ts";
import { collect, dedupSecret, hex, join, pseudoRandomBytes, sealAll, withFlippedBit } from "./samples.ts";

const MiB = 1024 * 1024;
const folder = mkdtempSync(joinPath(tmpdir(), "chunking-pool-"));
const workers: Worker[] = [];
const spawn = (): Worker => {
  const worker = spawnWorker();
  workers.push(worker);
  return worker;
};
const pool = new ChunkingPool({ threads: 1, spawn });
const content = pseudoRandomBytes(24 * MiB, 5);
const largePath = joinPath(folder, "large");
let files = 0;

beforeAll(() => {
  writeFileSync(largePath, content);
  return pool.start();
});
afterAll(async () => {
  await pool.stop();
  rmSync(folder, { recursive: true });
});

/** A new file whose modification time lies far back, so that any later change moves it. */
function file(bytes: Uint8Array): string {
  files += 1;
  const path = joinPath(folder, String(files));
  writeFileSync(path, bytes, { mode: 0o640 });
  utimesSync(path, 1_000_000_000, 1_000_000_000.5);
  return path;
}

/** Where a symbolic link leads; undefined when it is gone. */
function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

function withFile<Result>(path: string, flags: string, work: (fd: number) => Promise<Result>): Promise<Result> {
  const fd = openSync(path, flags);
  return work(fd).finally(() => closeSync(fd));
}

const kind = (name: string, path?: string): unknown =>
  expect.objectContaining(path === undefined ? { kind: name } : { kind: name, path });

function sameChunks(chunks: readonly SealedChunk[], expected: readonly SealedChunk[]): boolean {
  const text = ({ digest, key, plaintextBytes, sealed }: SealedChunk): string =>
    [hex(digest), hex(key), plaintextBytes, hex(sha256(sealed)), sealed.length].join();
  return chunks.map(text).join() === expected.map(text).join();
}

function slices(bytes: Uint8Array, sliceBytes: number): AsyncIterable<Uint8Array> {
  return (async function* () {
    for (let start = 0; start < bytes.length; start += sliceBytes) yield bytes.subarray(start, start + sliceBytes);
  })();
}

describe("sealing files", () => {
  it("CHUNK-14 a file's chunks are those that cutting and sealing in this thread gives, with its stat", async () => {
    for (const length of [0, 1, 65_536, 65_537, 3 * MiB]) {
      const bytes = content.subarray(0, length);
      const path = file(bytes);
      const { stat, chunks } = pool.sealFile(path, dedupSecret);
      const stamp = stampOf(lstatSync(path, { bigint: true }));
      expect(await stat).toEqual({ sizeBytes: length, mode: 0o640, modifiedMs: 1_000_000_000_500, stamp });
      expect(sameChunks(await collect(chunks), sealAll(bytes))).toBe(true);
    }
    expect(sameChunks(await collect(pool.sealFile(largePath, dedupSecret).chunks), sealAll(content))).toBe(true);
  });

  it("CHUNK-24 chunks whose memory is given back as soon as they are read are the same, and their arrays are empty", async () => {
    const seen: string[] = [];
    const chunks: SealedChunk[] = [];
    for await (const batch of pool.sealFile(largePath, dedupSecret).chunks.batches()) {
      for (const chunk of batch) seen.push(hex(chunk.digest), hex(sha256(chunk.sealed)));
      expect(new Set(batch.map(({ sealed }) => sealed.buffer)).size).toBe(1);
      pool.reclaim(batch);
      chunks.push(...batch);
    }
    // What went back is not here any more.
    expect(chunks.filter(({ sealed }) => sealed.length > 0)).toEqual([]);
    expect(seen).toEqual(sealAll(content).flatMap(({ digest }) => [hex(digest), hex(digest)]));
  });

  it("CHUNK-14 many files at once, small and large, are each sealed whole", async () => {
    const lengths = Array.from({ length: 60 }, (_, index) => (index % 10 === 0 ? 6 * MiB : 1000 + index));
    const sealed = lengths.map((length) =>
      collect(pool.sealFile(file(content.subarray(0, length)), dedupSecret).chunks),
    );
    for (const [index, chunks] of (await Promise.all(sealed)).entries()) {
      expect(sameChunks(chunks, sealAll(content.subarray(0, lengths[index])))).toBe(true);
    }
  });

  /** Seals a file of 24 MiB, and changes it when the thread has read its beginning and cannot have read its end. */
  async function changedMidway(change: (path: string) => void): Promise<{ path: string; outcome: Promise<unknown> }> {
    const path = file(content);
    const chunks = pool.sealFile(path, dedupSecret).chunks[Symbol.asyncIterator]();
    await chunks.next();
    change(path);
    const rest = { [Symbol.asyncIterator]: () => chunks };
    return { path, outcome: collect(rest) };
  }

  const changes: Record<string, (path: string) => void> = {
    grows: (path) => appendFileSync(path, "more"),
    shrinks: (path) => truncateSync(path, 20 * MiB),
    "is emptied": (path) => truncateSync(path, 0),
    "is overwritten in place": (path) => {
      const fd = openSync(path, "r+");
      writeSync(fd, Uint8Array.of(1), 0, 1, 0);
      closeSync(fd);
    },
    vanishes: unlinkSync,
  };
  it.each(Object.entries(changes))(
    "CHUNK-15 a file that %s while it is read fails with `changed`",
    async (_, change) => {
      const { path, outcome } = await changedMidway(change);
      await expect(outcome).rejects.toEqual(kind("changed", path));
    },
  );

  it("CHUNK-15 a file whose size is not what it says fails with `changed`, and reading it ends", async () => {
    await expect(collect(pool.sealFile("/proc/cpuinfo", dedupSecret).chunks)).rejects.toEqual(kind("changed"));
  });

  it("CHUNK-16 what is not there or not a regular file is refused with its path, and nothing blocks", async () => {
    const paths = { missing: "not-found", directory: "is-directory", link: "permission", pipe: "permission" };
    mkdirSync(joinPath(folder, "directory"));
    symlinkSync(largePath, joinPath(folder, "link"));
    execFileSync("/usr/bin/env", ["mkfifo", joinPath(folder, "pipe")]);
    for (const [name, expected] of Object.entries(paths)) {
      const path = joinPath(folder, name);
      const { stat, chunks } = pool.sealFile(path, dedupSecret);
      await expect(collect(chunks)).rejects.toEqual(kind(expected, path));
      await expect(stat).rejects.toEqual(kind(expected, path));
    }
    await expect(pool.sealFile("/dev/null", dedupSecret).stat).rejects.toEqual(kind("permission"));
  });
});

describe("ending early", () => {
  it("CHUNK-17 an abort ends the file at once with `interrupted`, a timeout signal with `timeout`", async () => {
    const abort = new AbortController();
    const { stat, chunks } = pool.sealFile(largePath, dedupSecret, { signal: abort.signal });
    const seen: SealedChunk[] = [];
    const consume = async (): Promise<void> => {
      for await (const chunk of chunks) {
        seen.push(chunk);
        if (seen.length === 3) abort.abort();
      }
    };
    await expect(consume()).rejects.toEqual(kind("interrupted"));
    expect(seen.length).toBe(3);
    await expect(stat).resolves.toBeDefined();
    const late = pool.sealFile(largePath, dedupSecret, {
      signal: AbortSignal.abort(new DOMException("", "TimeoutError")),
    });
    await expect(late.stat).rejects.toEqual(kind("timeout"));
    await expect(collect(late.chunks)).rejects.toEqual(kind("timeout"));
  });

  it("CHUNK-17 files that are aborted or left give their places back", async () => {
    for (let round = 0; round < 3 * chunkingFilesPerThreadMax; round++) {
      const abort = new AbortController();
      const { chunks } = pool.sealFile(largePath, dedupSecret, { signal: abort.signal });
      if (round % 2 === 0) for await (const _ of chunks) break;
      else abort.abort();
    }
    expect(await collect(pool.sealFile(file(Uint8Array.of(1)), dedupSecret).chunks)).toHaveLength(1);
  });

  it("CHUNK-17 a file that nobody wants any more is closed", async () => {
    const isOpen = (): boolean =>
      readdirSync("/proc/self/fd").some((fd) => linkOf(`/proc/self/fd/${fd}`) === largePath);
    const abort = new AbortController();
    const chunks = pool.sealFile(largePath, dedupSecret, { signal: abort.signal }).chunks[Symbol.asyncIterator]();
    await chunks.next();
    expect(isOpen()).toBe(true);
    abort.abort();
    await expect.poll(isOpen).toBe(false);
  });

  it("CHUNK-17 a file that waits for its turn can be aborted, and single chunks pass it by", async () => {
    const stalled = Array.from({ length: chunkingFilesPerThreadMax }, () =>
      pool.sealFile(largePath, dedupSecret).chunks[Symbol.asyncIterator](),
    );
    for (const chunks of stalled) await chunks.next();
    const abort = new AbortController();
    const waiting = pool.sealFile(largePath, dedupSecret, { signal: abort.signal });
    const { sealed, digest } = sealChunk(dedupSecret, Uint8Array.of(1));
    await expect(pool.verify(sealed, digest)).resolves.toHaveLength(17);
    abort.abort();
    await expect(waiting.stat).rejects.toEqual(kind("interrupted"));
    for (const chunks of stalled) await chunks.return?.();
  });

  it("CHUNK-19 a thread that dies fails what it had with `internal`, and is replaced", async () => {
    const chunks = pool.sealFile(largePath, dedupSecret).chunks[Symbol.asyncIterator]();
    await chunks.next();
    const spawned = workers.length;
    await workers.at(-1)?.terminate();
    await expect(chunks.next()).rejects.toEqual(kind("internal"));
    const { sealed, digest, key } = sealChunk(dedupSecret, Uint8Array.of(5));
    await expect(pool.open(sealed, key, digest)).resolves.toEqual(Uint8Array.of(5));
    expect(workers.length).toBe(spawned + 1);
  });

  it("CHUNK-19 a pool that stops fails what it has in work, and takes no more", async () => {
    const other = new ChunkingPool({ threads: 1 });
    await other.start();
    const chunks = other.sealFile(largePath, dedupSecret).chunks[Symbol.asyncIterator]();
    await chunks.next();
    await other.stop();
    await expect(chunks.next()).rejects.toEqual(kind("interrupted"));
    await expect(other.verify(new Uint8Array(17), new Uint8Array(32))).rejects.toEqual(kind("interrupted"));
    await expect(other.sealFile(largePath, dedupSecret).stat).rejects.toEqual(kind("interrupted"));
  });
});

describe("sealing streams", () => {
  it("CHUNK-20 a stream's chunks are those of the same bytes in one piece, however it is sliced", async () => {
    for (const sliceBytes of [1000, 65_536, 9 * MiB]) {
      const bytes = content.subarray(0, sliceBytes === 1000 ? MiB : content.length);
      const chunks = await collect(pool.sealStream(slices(bytes, sliceBytes), dedupSecret));
      expect(sameChunks(chunks, sealAll(bytes))).toBe(true);
    }
    expect(await collect(pool.sealStream(slices(new Uint8Array(), 1), dedupSecret))).toEqual([]);
    expect(content.length).toBe(24 * MiB);
  });

  it("CHUNK-20 a source that fails fails the stream, and one that nobody wants is let go of", async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield content.slice(0, 2 * MiB);
      throw Object.assign(new Error("read EIO"), { code: "EIO", syscall: "read" });
    }
    await expect(collect(pool.sealStream(broken(), dedupSecret))).rejects.toEqual(kind("io"));
    let isLetGo = false;
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield content.slice(0, MiB);
      } finally {
        isLetGo = true;
      }
    }
    for await (const _ of pool.sealStream(endless(), dedupSecret)) break;
    await expect.poll(() => isLetGo).toBe(true);
    const silent = new AbortController();
    const never: AsyncIterable<Uint8Array> = {
      [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => undefined) }),
    };
    const waiting = collect(pool.sealStream(never, dedupSecret, { signal: silent.signal }));
    silent.abort();
    await expect(waiting).rejects.toEqual(kind("interrupted"));
  });
});

it("CHUNK-18 a stream is read no further ahead of its consumer than the buffers hold", async () => {
  const source = { drawn: 0 };
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (; ; source.drawn++) {
      await turnOfEvents();
      yield content.slice(0, MiB);
    }
  }
  const chunks = pool.sealStream(endless(), dedupSecret)[Symbol.asyncIterator]();
  await chunks.next();
  const { sealed, digest } = sealChunk(dedupSecret, Uint8Array.of(1));
  for (let before = -1; source.drawn !== before && source.drawn < 100;) {
    before = source.drawn;
    for (let round = 0; round < 50; round++) await pool.verify(sealed.slice(), digest);
  }
  // 4 MiB each before the thread, in its chunker and behind it, and what is on its way.
  expect(source.drawn).toBeLessThanOrEqual(16);
  await chunks.return?.();
});

describe("single chunks", () => {
  it("CHUNK-21 a sealed chunk is verified and given back; arrays that are views stay with the caller", async () => {
    const { sealed, digest } = sealChunk(dedupSecret, content.subarray(0, 100_000));
    const view = join([Uint8Array.of(0), sealed]).subarray(1);
    expect(bytesEqual(await pool.verify(view, digest), sealed)).toBe(true);
    expect(bytesEqual(view, sealed)).toBe(true);
    const copy = new Uint8Array(sealed);
    expect(bytesEqual(await pool.verify(sealed, digest), copy)).toBe(true);
    expect(sealed.length).toBe(0);
    await expect(pool.verify(withFlippedBit(copy, 9), digest)).rejects.toEqual(kind("integrity"));
    await expect(pool.verify(new Uint8Array(16), digest)).rejects.toEqual(kind("integrity"));
  });

  it("CHUNK-21 a sealed chunk opens to an array of its own, and a damaged one does not", async () => {
    const plaintext = content.subarray(0, 100_000);
    const { sealed, key, digest } = sealChunk(dedupSecret, plaintext);
    const opened = await pool.open(sealed.subarray(), key, digest);
    expect(bytesEqual(opened, plaintext)).toBe(true);
    expect(opened.buffer.byteLength).toBe(opened.length);
    const again = sealChunk(dedupSecret, plaintext).sealed;
    await expect(pool.open(again, withFlippedBit(key, 1), digest)).rejects.toEqual(kind("integrity"));
  });

  it("CHUNK-21 chunks are written where they belong, damaged ones not at all, and a full disk says so", async () => {
    const path = file(new Uint8Array());
    const chunks = sealAll(content.subarray(0, 2 * MiB));
    await withFile(path, "w", async (fd) => {
      let positionBytes = 0;
      const writes = chunks.map(({ sealed, key, digest, plaintextBytes }) => {
        positionBytes += plaintextBytes;
        return pool.openInto(fd, positionBytes - plaintextBytes, sealed, key, digest);
      });
      expect((await Promise.all(writes)).map(({ length }) => length)).toEqual(
        chunks.map(({ plaintextBytes }) => plaintextBytes + 16),
      );
      const { sealed, key, digest } = sealChunk(dedupSecret, Uint8Array.of(9));
      await expect(pool.openInto(fd, 0, withFlippedBit(sealed, 3), key, digest)).rejects.toEqual(kind("integrity"));
    });
    expect(bytesEqual(new Uint8Array(readFileSync(path)), content.subarray(0, 2 * MiB))).toBe(true);
    const { sealed, key, digest } = sealChunk(dedupSecret, Uint8Array.of(9));
    const full = withFile("/dev/full", "w", (fd) => pool.openInto(fd, 0, sealed.slice(), key, digest));
    await expect(full).rejects.toEqual(kind("no-space"));
    const readOnly = withFile(path, "r", (fd) => pool.openInto(fd, 0, sealed.slice(), key, digest));
    await expect(readOnly).rejects.toEqual(kind("io"));
  });

  it("CHUNK-21 local bytes match the chunk that they are, and no other", async () => {
    const [first, second] = sealAll(content.subarray(0, 2 * MiB)) as [SealedChunk, SealedChunk];
    const length = second.plaintextBytes;
    await withFile(largePath, "r", async (fd) => {
      const at = first.plaintextBytes;
      expect(await pool.matches(fd, at, length, second.key, dedupSecret)).toBe(true);
      expect(await pool.matches(fd, at + 1, length, second.key, dedupSecret)).toBe(false);
      expect(await pool.matches(fd, at, length - 1, second.key, dedupSecret)).toBe(false);
      expect(await pool.matches(fd, at, length, second.key, new Uint8Array(32))).toBe(false);
      expect(await pool.matches(fd, content.length - 1, length, second.key, dedupSecret)).toBe(false);
      await expect(pool.matches(fd, at, 2 * MiB, second.key, dedupSecret)).rejects.toEqual(kind("internal"));
    });
    await expect(pool.matches(99_999, 0, 1, second.key, dedupSecret)).rejects.toEqual(kind("io"));
  });

  it("CHUNK-21 a call whose signal is aborted does not begin", async () => {
    const { sealed, key, digest } = sealChunk(dedupSecret, Uint8Array.of(1));
    const signal = AbortSignal.abort();
    await expect(pool.open(sealed.slice(), key, digest, { signal })).rejects.toEqual(kind("interrupted"));
    expect(openChunk(sealed, key, digest)).toEqual(Uint8Array.of(1));
  });
});
