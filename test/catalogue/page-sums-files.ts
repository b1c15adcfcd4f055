/** A catalogue whose past is known, and its files, which a test can damage before they are opened elsewhere. */
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Catalogue } from "../../src/catalogue/catalogue.ts";
import { toDfsError } from "../../src/core/errors.ts";
import { SqlDatabase } from "../../src/core/sqlite.ts";
import { World, founding, putFile, startMs, token } from "./world.ts";

/** What the files of a catalogue are called behind its path. */
const suffixes = ["", "-wal", "-sums", ".tmp"] as const;
export type Suffix = (typeof suffixes)[number];
/** Contents of the files that are there. */
export type Files = ReadonlyMap<Suffix, Buffer>;

export function readFiles(path: string): Files {
  const there = suffixes.filter((suffix) => existsSync(path + suffix));
  return new Map(there.map((suffix) => [suffix, readFileSync(path + suffix)]));
}

/** What tells the contents of files apart; comparing these is quicker than comparing the bytes. */
export function fingerprints(files: Files): Record<string, string> {
  const hash = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");
  // SQLite removes an empty log when it likes.
  const filled = [...files].filter(([, bytes]) => bytes.length > 0);
  return Object.fromEntries(filled.map(([suffix, bytes]) => [`catalogue.db${suffix}`, hash(bytes)]));
}

export function writeFiles(path: string, files: Files): void {
  for (const [suffix, bytes] of files) writeFileSync(path + suffix, bytes);
}

/** The same files but for one, which has other bytes, or is gone. */
export function withFile(files: Files, suffix: Suffix, bytes: Buffer | undefined): Files {
  const others = [...files].filter(([other]) => other !== suffix);
  return new Map(bytes === undefined ? others : [...others, [suffix, bytes]]);
}

/** The same file with one bit flipped; bits count from the first byte's lowest. */
export function withFlip(files: Files, suffix: Suffix, bit: number): Files {
  const bytes = Buffer.from(files.get(suffix) ?? []);
  const at = Math.floor(bit / 8);
  bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << (bit % 8)), at);
  return withFile(files, suffix, bytes);
}

/** The same file, cut off. */
export function withLength(files: Files, suffix: Suffix, bytes: number): Files {
  return withFile(files, suffix, Buffer.from(files.get(suffix) ?? []).subarray(0, bytes));
}

/** What opening some files gave: the state, and the length of the log after closing, which folds a log that is in order; or why they were refused. */
export type Outcome =
  | { readonly applied: number; readonly digest: string; readonly logBytes: number }
  | { readonly refusal: string };

/** Opens the files at a place where nothing was open before. */
export function opened(files: Files): Outcome {
  const folder = mkdtempSync(join(tmpdir(), "page-sums-"));
  try {
    const path = join(folder, "catalogue.db");
    writeFiles(path, files);
    const catalogue = Catalogue.open(path);
    const applied = catalogue.appliedIndex();
    const digest = Buffer.from(catalogue.digest()).toString("hex");
    catalogue.close();
    return { applied, digest, logBytes: statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0 };
  } catch (error) {
    const { kind, message } = toDfsError(error);
    if (kind !== "integrity") throw error;
    return { refusal: message };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const markAt = (index: number): Uint8Array => (index === 0 ? new Uint8Array(0) : token(`mark ${index}`));

/** A catalogue on the disk that remembers what it was at each index. */
export class KnownPast implements Disposable {
  readonly world = new World("disk");
  readonly #digests = new Map<number, string>();
  #files = 0;

  constructor() {
    this.#remember();
    this.world.catalogue.applyBatch([{ index: 1, timeMs: startMs, command: this.world.founder.next(founding) }], {
      bytes: markAt(1),
      membersChanged: true,
    });
    this.#remember();
  }

  get path(): string {
    return this.world.path;
  }

  get applied(): number {
    return this.world.catalogue.appliedIndex();
  }

  /** The last index whose state is known, which can be asked for after the catalogue was closed. */
  get known(): number {
    return Math.max(...this.#digests.keys());
  }

  /** Applies batches that put so many files each. */
  grow(batches: number, files: number): void {
    for (let batch = 0; batch < batches; batch += 1) {
      const index = this.applied + 1;
      const puts = Array.from({ length: files }, () => putFile(`file ${(this.#files += 1)}`));
      const entry = { index, timeMs: startMs + index, command: this.world.user.next(...puts) };
      this.world.catalogue.applyBatch([entry], { bytes: markAt(index), membersChanged: false });
      this.#remember();
    }
  }

  /** Does some work while somebody reads the catalogue as it is now, so that the log cannot be cut off. */
  async besideReader(work: () => Promise<void>): Promise<void> {
    const reader = new SqlDatabase(this.path, { durability: "normal", readOnly: true });
    reader.exec("BEGIN; SELECT count(*) FROM totals");
    await work();
    reader.exec("COMMIT");
    reader.close();
  }

  /** Whether files that were opened are as they were at some index from `floor` on, or were refused; or are something else. */
  verdict(outcome: Outcome, floor: number): "whole" | "refused" | "wrong" {
    if ("refusal" in outcome)
      return /catalogue\.db.*fresh copy.*put the data folder/s.test(outcome.refusal) ? "refused" : "wrong";
    const { applied, digest, logBytes } = outcome;
    return applied >= floor && digest === this.#digests.get(applied) && logBytes === 0 ? "whole" : "wrong";
  }

  /** What opening whole files of this index gives. */
  stateAt(applied = this.known): Outcome {
    return { applied, digest: this.#digests.get(applied) ?? "unknown", logBytes: 0 };
  }

  [Symbol.dispose](): void {
    this.world[Symbol.dispose]();
  }

  #remember(): void {
    this.#digests.set(this.applied, Buffer.from(this.world.catalogue.digest()).toString("hex"));
  }
}
