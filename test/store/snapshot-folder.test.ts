import { createHash, randomBytes } from "node:crypto";
import { execFileSync } from "node:child_process";
import { readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { reservedBytes, snapshotFileBytesMax } from "../../src/core/limits.ts";
import { systemFiles } from "../../src/store/raft-disk/file-operations.ts";
import type { FileOperations } from "../../src/store/raft-disk/file-operations.ts";
import { SnapshotFolder } from "../../src/store/raft-disk/snapshot-folder.ts";
import type { SnapshotAnnouncement, SnapshotFile } from "../../src/store/raft-disk/snapshot-folder.ts";
import { Prng } from "../sim/prng.ts";
import { MemoryFiles, flipped, pathsIn } from "./memory-files.ts";
import type { Survival } from "./memory-files.ts";
import { temporaryFolder } from "./store-fixtures.ts";

const folder = "/snapshots";
const open = (operations: FileOperations): Promise<SnapshotFolder> => SnapshotFolder.open(folder, operations);

/** Some state, as a member that has it announces it. */
function announcementOf(bytes: Uint8Array, index = 10, term = 2): SnapshotAnnouncement {
  return { index, term, bytes: bytes.length, digest: new Uint8Array(createHash("sha256").update(bytes).digest()) };
}

/** Makes a snapshot as the catalogue does, and keeps it. */
async function make(
  files: FileOperations,
  snapshots: SnapshotFolder,
  bytes: Uint8Array,
  index: number,
): Promise<SnapshotFile> {
  const temporary = snapshots.temporaryPath();
  const file = await files.open(temporary, "new");
  await file.write([bytes], 0);
  await file.close();
  return snapshots.keep(temporary, { index, term: 2 });
}

async function receiveAll(
  snapshots: SnapshotFolder,
  bytes: Uint8Array,
  announced = announcementOf(bytes),
): Promise<SnapshotFile> {
  const reception = await snapshots.receive(announced);
  while (reception.offset < bytes.length)
    await reception.append(bytes.subarray(reception.offset, reception.offset + 1000));
  return reception.finish();
}

const ports: readonly (readonly [string, () => Promise<{ place: string; files: FileOperations }>])[] = [
  ["on the system's files", async () => ({ place: join(await temporaryFolder(), "snapshots"), files: systemFiles })],
  ["on the twin's files", async () => ({ place: folder, files: new MemoryFiles() })],
];

describe.each(ports)("the snapshots %s", (_, port) => {
  it("LOGDISK-30 a snapshot that is kept can be read, is known after a restart, and replaces older ones", async () => {
    const { place, files } = await port();
    const snapshots = await SnapshotFolder.open(place, files);
    expect(snapshots.newest()).toBeUndefined();
    const [old, bytes] = [randomBytes(100), randomBytes(5000)];
    const first = await make(files, snapshots, old, 10);
    const file = await make(files, snapshots, bytes, 20);
    expect(file).toMatchObject(announcementOf(bytes, 20));
    await expect(snapshots.read(first, 0, 10)).rejects.toMatchObject({ kind: "not-found" });
    const again = await SnapshotFolder.open(place, files);
    expect(again.newest()).toEqual(file);
    const parts = [
      await again.read(file, 0, 4000),
      await again.read(file, 4000, 4000),
      await again.read(file, 5000, 4000),
    ];
    expect(parts.map(({ length }) => length)).toEqual([4000, 1000, 0]);
    expect(Buffer.compare(Buffer.concat(parts), bytes)).toBe(0);
    expect(await files.names(place)).toHaveLength(1);
  });

  it("LOGDISK-31 a reception goes on where it ended, also after a restart, and ends with the same file", async () => {
    const { place, files } = await port();
    const bytes = randomBytes(5000);
    const announced = announcementOf(bytes);
    const first = await (await SnapshotFolder.open(place, files)).receive(announced);
    await first.append(bytes.subarray(0, 1500));
    await first.append(bytes.subarray(1500, 2000));
    await first.abandon();
    await expect(first.append(bytes.subarray(2000))).rejects.toMatchObject({ kind: "interrupted" });
    const snapshots = await SnapshotFolder.open(place, files);
    expect(snapshots.newest()).toBeUndefined();
    const second = await snapshots.receive(announced);
    expect(second.offset).toBe(2000);
    await second.append(bytes.subarray(2000));
    const file = await second.finish();
    expect(file).toMatchObject(announced);
    expect(Buffer.compare(await snapshots.read(file, 0, 5000), bytes)).toBe(0);
    const third = await snapshots.receive(announced);
    expect(third.offset).toBe(5000);
    expect(await third.finish()).toEqual(file);
  });
});

describe("keeping snapshots", () => {
  it("LOGDISK-30 a snapshot that is held stays until it is released", async () => {
    const files = new MemoryFiles();
    const snapshots = await open(files);
    const old = await make(files, snapshots, randomBytes(100), 10);
    const [release, releaseToo] = [snapshots.hold(old), snapshots.hold(old)];
    const newest = await make(files, snapshots, randomBytes(100), 20);
    await release();
    await release();
    expect(await snapshots.read(old, 0, 100)).toHaveLength(100);
    await releaseToo();
    await expect(snapshots.read(old, 0, 100)).rejects.toMatchObject({ kind: "not-found" });
    const hold = snapshots.hold(newest);
    await hold();
    expect(snapshots.newest()).toEqual(newest);
  });

  it("LOGDISK-30 what was being made when the peer ended is removed at the next start; parts and foreign files stay", async () => {
    const files = new MemoryFiles();
    const snapshots = await open(files);
    for (const ending of ["", "-journal"]) await files.open(`${snapshots.temporaryPath()}${ending}`, "new");
    await files.open(join(folder, "notes.txt"), "new");
    const bytes = randomBytes(50);
    const reception = await snapshots.receive(announcementOf(bytes));
    await reception.append(bytes);
    await reception.abandon();
    await open(files);
    const names = await files.names(folder);
    expect(names.map((name) => name.replace(/^.*\./, "")).toSorted()).toEqual(["part", "txt"]);
  });

  it("LOGDISK-32 every flip and every cut of a kept snapshot is found by its digest or its length, and the file is dropped", async () => {
    const files = new MemoryFiles();
    await make(files, await open(files), randomBytes(40), 10);
    const contents = files.contents();
    const [path] = pathsIn(contents, folder, ".snapshot") as [string];
    for (let bit = 0; bit < 40 * 8; bit++) {
      const damaged = MemoryFiles.holding(flipped(contents, path, bit));
      const snapshots = await open(damaged);
      await expect(snapshots.verify(snapshots.newest() as SnapshotFile)).rejects.toMatchObject({ kind: "integrity" });
      expect([snapshots.newest(), damaged.contents().size]).toEqual([undefined, 0]);
    }
    for (let length = 0; length < 40; length++) {
      const short = MemoryFiles.holding(new Map([[path, (contents.get(path) as Uint8Array).slice(0, length)]]));
      expect((await open(short)).newest()).toBeUndefined();
      expect(short.contents().size).toBe(0);
    }
    const sound = await open(files);
    await sound.verify(sound.newest() as SnapshotFile);
    expect(sound.newest()).toBeDefined();
  });
});

describe("receiving snapshots", () => {
  it("LOGDISK-33 what arrives damaged is refused with `integrity` and dropped, and arrives whole the next time", async () => {
    const files = new MemoryFiles();
    const bytes = randomBytes(1500);
    const snapshots = await open(files);
    for (let at = 0; at < bytes.length; at += 50) {
      const damaged = Buffer.from(bytes);
      damaged.writeUInt8(damaged.readUInt8(at) ^ 1, at);
      await expect(receiveAll(snapshots, damaged, announcementOf(bytes))).rejects.toMatchObject({ kind: "integrity" });
      expect(files.contents().size).toBe(0);
    }
    expect(await receiveAll(snapshots, bytes)).toMatchObject(announcementOf(bytes));
  });

  it("LOGDISK-33 a part that rots between two tries is found", async () => {
    const files = new MemoryFiles();
    const bytes = randomBytes(1500);
    const reception = await (await open(files)).receive(announcementOf(bytes));
    await reception.append(bytes.subarray(0, 1000));
    await reception.abandon();
    const [path] = pathsIn(files.contents(), folder, ".part") as [string];
    files.flip(path, 4000);
    const snapshots = await open(files);
    await expect(receiveAll(snapshots, bytes)).rejects.toMatchObject({ kind: "integrity" });
    expect(await receiveAll(snapshots, bytes)).toMatchObject(announcementOf(bytes));
  });

  it("LOGDISK-33 one that ends too early is refused and stays for another try; one that goes on is refused", async () => {
    const bytes = randomBytes(100);
    const snapshots = await open(new MemoryFiles());
    const reception = await snapshots.receive(announcementOf(bytes));
    await reception.append(bytes.subarray(0, 60));
    await expect(reception.finish()).rejects.toMatchObject({ kind: "integrity" });
    await expect(reception.append(bytes.subarray(0, 41))).rejects.toMatchObject({ kind: "protocol" });
    expect(reception.offset).toBe(60);
    await reception.append(bytes.subarray(60));
    expect(await reception.finish()).toMatchObject(announcementOf(bytes));
  });

  it("LOGDISK-31 another snapshot ends the reception that is under way and drops its part", async () => {
    const files = new MemoryFiles();
    const snapshots = await open(files);
    const [first, second] = [randomBytes(100), randomBytes(100)];
    const reception = await snapshots.receive(announcementOf(first));
    const appending = reception.append(first.subarray(0, 50));
    const next = await snapshots.receive(announcementOf(second, 11));
    await appending;
    await expect(reception.append(first.subarray(50))).rejects.toMatchObject({ kind: "interrupted" });
    await expect(reception.finish()).rejects.toMatchObject({ kind: "interrupted" });
    expect([next.offset, files.contents().size]).toEqual([0, 1]);
    await next.append(second);
    await next.finish();
    expect(snapshots.newest()?.index).toBe(11);
  });

  it("LOGDISK-34 what cannot be a snapshot, and what does not fit on the disk, is refused before anything is written", async () => {
    const files = new MemoryFiles();
    const snapshots = await open(files);
    const good = announcementOf(randomBytes(1000));
    const wrong: readonly Partial<SnapshotAnnouncement>[] = [
      { bytes: snapshotFileBytesMax + 1 },
      { bytes: -1 },
      { bytes: 0.5 },
      { index: 0 },
      { term: 0 },
      { index: Number.NaN },
      { digest: new Uint8Array(31) },
    ];
    for (const change of wrong)
      await expect(snapshots.receive({ ...good, ...change })).rejects.toMatchObject({ kind: "protocol" });
    files.free = reservedBytes + 999;
    await expect(snapshots.receive(good)).rejects.toMatchObject({ kind: "no-space" });
    expect(files.contents().size).toBe(0);
    files.free = reservedBytes + 1000;
    await snapshots.receive(good);
  });

  it.skipIf(process.platform !== "linux" || process.getuid?.() !== 0)(
    "LOGDISK-34 a disk that fills up is told with `no-space`, and the rest arrives once there is room (needs root, for a tmpfs)",
    async () => {
      const place = await temporaryFolder();
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", place]);
      onTestFinished(() => void execFileSync("umount", [place]));
      const ballast = join(place, "ballast");
      await writeFile(ballast, Buffer.alloc(600_000));
      const snapshots = await SnapshotFolder.open(join(place, "s"), { ...systemFiles, freeBytes: async () => 1e12 });
      const bytes = randomBytes(600_000);
      const reception = await snapshots.receive(announcementOf(bytes));
      await reception.append(bytes.subarray(0, 200_000));
      await expect(reception.append(bytes.subarray(200_000))).rejects.toMatchObject({ kind: "no-space" });
      await rm(ballast);
      await reception.append(bytes.subarray(reception.offset));
      expect(await reception.finish()).toMatchObject(announcementOf(bytes));
      expect(await readdir(join(place, "s"))).toHaveLength(1);
    },
  );
});

describe("snapshots and a failing disk", () => {
  it("LOGDISK-36 after a failed flush nothing of the snapshot is believed, and it is made or received anew", async () => {
    const files = new MemoryFiles();
    const snapshots = await open(files);
    files.mishap = { at: files.operations + 3, kind: "EIO" };
    await expect(make(files, snapshots, randomBytes(100), 10)).rejects.toMatchObject({ kind: "io" });
    expect(files.journal.slice(-2)).toEqual(["flush", "remove"]);
    expect(files.contents().size).toBe(0);
    const bytes = randomBytes(800);
    files.mishap = { at: files.operations + 3, kind: "EIO" };
    await expect(receiveAll(snapshots, bytes)).rejects.toMatchObject({ kind: "io" });
    expect(files.journal.slice(-2)).toEqual(["flush", "remove"]);
    expect(files.contents().size).toBe(0);
    await receiveAll(snapshots, bytes);
    files.losePower("nothing");
    const again = await open(files);
    await again.verify(again.newest() as SnapshotFile);
  });
});

describe("snapshots and the power", () => {
  it("LOGDISK-35 after a power cut at any operation each snapshot that was kept or received is there, and never half of one", async () => {
    const [first, second] = [randomBytes(1500), randomBytes(2500)];
    const life = async (files: MemoryFiles): Promise<SnapshotFile[]> => {
      const kept: SnapshotFile[] = [];
      try {
        const snapshots = await open(files);
        kept.push(await make(files, snapshots, first, 10));
        kept.push(await receiveAll(snapshots, second, announcementOf(second, 20)));
      } catch {
        // The power is gone.
      }
      return kept;
    };
    const whole = new MemoryFiles();
    expect(await life(whole)).toHaveLength(2);
    for (let at = 1; at <= whole.operations; at++)
      for (let seed = 0; seed < 6; seed++) {
        const files = new MemoryFiles();
        files.mishap = { at, kind: "power" };
        const kept = await life(files);
        const prng = new Prng(at * 6 + seed);
        const survival: Survival = seed === 0 ? "nothing" : seed === 1 ? "everything" : () => prng.chance(0.5);
        files.losePower(survival);
        const snapshots = await open(files);
        const newest = snapshots.newest();
        expect(newest?.index ?? 0).toBeGreaterThanOrEqual(kept.at(-1)?.index ?? 0);
        if (newest !== undefined) await snapshots.verify(newest);
        // A part may have lost what it seemed to have: the second try brings it.
        const again = announcementOf(second, 20);
        const received = await receiveAll(snapshots, second, again).catch(() => receiveAll(snapshots, second, again));
        expect(received).toMatchObject(again);
      }
  });
});
