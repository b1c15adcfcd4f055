/** Checks of the disk below the data folder: its room, and how fast it takes and flushes a small file. */
import { randomBytes } from "node:crypto";
import { open, rm, statfs } from "node:fs/promises";
import { join } from "node:path";
import { toDfsError } from "../../core/errors.ts";
import { freeBytesWarned, probeFileBytes, probeMsWarned, reservedBytes } from "../../core/limits.ts";
import { type Check, type Finding, fault, fine, warning } from "./check.ts";
import { sizeText, spanText } from "./check-texts.ts";

/** The checks that need no running peer. */
export function diskChecks(folder: string): readonly Check[] {
  return [
    {
      area: "disk",
      name: "free-space",
      find: async () => {
        const { bavail, bsize } = await statfs(folder);
        return judgeFreeSpace(bavail * bsize);
      },
    },
    { area: "disk", name: "write", find: (signal) => probe(folder, signal) },
  ];
}

export function judgeFreeSpace(freeBytes: number): Finding {
  const found = `${sizeText(freeBytes)} free on the disk of the data folder`;
  if (freeBytes <= reservedBytes)
    return fault(
      `only ${found}: this peer takes no more files`,
      "remove what is not needed there, or move the data folder to a larger disk",
    );
  if (freeBytes < freeBytesWarned) return warning(`only ${found}`, "make room there before it is full");
  return fine(found);
}

/** Writes a small file, flushes it, and removes it. */
async function probe(folder: string, signal: AbortSignal): Promise<Finding> {
  // Named as atomic-file.ts names what it writes, so that one left by a crash is swept away.
  const path = join(folder, `.probe.${randomBytes(8).toString("hex")}.tmp`);
  try {
    const handle = await open(path, "wx", 0o600);
    try {
      const startedMs = performance.now();
      await handle.writeFile(randomBytes(probeFileBytes), { signal });
      await handle.sync();
      return judgeProbe(performance.now() - startedMs);
    } finally {
      await handle.close();
    }
  } catch (error) {
    signal.throwIfAborted();
    const { message } = toDfsError(error);
    return fault(
      `nothing can be written into the data folder: ${message}`,
      "look at the disk: df, mount, dmesg; then start the peer anew",
    );
  } finally {
    await rm(path, { force: true });
  }
}

export function judgeProbe(elapsedMs: number): Finding {
  const speed = sizeText((probeFileBytes * 1_000) / Math.max(1, elapsedMs));
  const found = `${sizeText(probeFileBytes)} written and flushed in ${spanText(elapsedMs)} (${speed}/s)`;
  if (elapsedMs <= probeMsWarned) return fine(found);
  return warning(`the disk is slow: ${found}`, "see what else uses it (iostat), and whether it fails (dmesg)");
}
