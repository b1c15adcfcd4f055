/** A disk that can be filled: a small file system in memory, for Linux and root. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { isLeftover, ownName } from "./leftovers.ts";

/** Enough for a coordinator and what a store keeps back, and filled in a moment. */
const diskMiB = 192;
const pieceBytes = 1024 * 1024;
const smallPieceBytes = 4096;

export class SmallDisk {
  readonly folder: string;
  readonly #onExit = (): void => this.stop();

  /** Will be mounted at `folder`. */
  constructor(folder: string) {
    this.folder = folder;
  }

  start(): void {
    for (const { folder } of mounts().filter((mount) => isLeftover(mount.name))) unmount(folder);
    mkdirSync(this.folder, { recursive: true });
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${diskMiB}m`, ownName("disk"), this.folder]);
    process.once("exit", this.#onExit);
  }

  stop(): void {
    process.off("exit", this.#onExit);
    unmount(this.folder);
  }

  /** Takes all the space that is left, to the last page. */
  async fill(): Promise<void> {
    const file = await open(this.#ballast, "w");
    try {
      for (const bytes of [pieceBytes, smallPieceBytes]) await writeUntilFull(file, Buffer.alloc(bytes, 1));
    } finally {
      await file.close();
    }
  }

  /** Gives it back. */
  free(): void {
    rmSync(this.#ballast, { force: true });
  }

  get #ballast(): string {
    return join(this.folder, "ballast");
  }
}

async function writeUntilFull(file: FileHandle, piece: Buffer): Promise<void> {
  for (;;) {
    try {
      const { bytesWritten } = await file.write(piece);
      if (bytesWritten < piece.length) return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOSPC") return;
      throw error;
    }
  }
}

/** What is mounted where. */
function mounts(): { readonly name: string; readonly folder: string }[] {
  const lines = readFileSync("/proc/mounts", "utf8").trim().split("\n");
  return lines.map((line) => {
    const [name = "", folder = ""] = line.split(" ");
    return { name, folder };
  });
}

function unmount(folder: string): void {
  execFileSync("umount", ["--lazy", folder]);
}
