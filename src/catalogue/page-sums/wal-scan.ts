/**
 * Reads SQLite's write-ahead log as SQLite itself does after a crash: which frames count, and what they hold.
 *
 * A header and a chain of frames, each with one page. A frame counts when it bears the header's salts, its checksum
 * continues the chain, and a commit follows. Source: sqlite.org/walformat.html, "The Write-Ahead Log (WAL) File".
 */
import { crc32 } from "node:zlib";

/** Length of the header at the start of the file. */
export const walHeaderBytes = 32;
/** Length of the header before each page. */
export const frameHeaderBytes = 24;
const magicLittleEndian = 0x377f0682;
const magicBigEndian = 0x377f0683;
const pageBytesMin = 512;
const pageBytesMax = 65_536;

interface Checksum {
  readonly one: number;
  readonly two: number;
}

/** SQLite's checksum over whole pairs of words, continued from `from`. */
function continued(from: Checksum, bytes: DataView, start: number, end: number, isLittleEndian: boolean): Checksum {
  let { one, two } = from;
  for (let at = start; at < end; at += 8) {
    one = (one + bytes.getInt32(at, isLittleEndian) + two) | 0;
    two = (two + bytes.getInt32(at + 4, isLittleEndian) + one) | 0;
  }
  return { one, two };
}

function isAt(bytes: DataView, at: number, { one, two }: Checksum): boolean {
  return bytes.getInt32(at) === one && bytes.getInt32(at + 4) === two;
}

/** As SQLite has it: a power of two. A log with any other counts for nothing. */
function isPageSize(bytes: number): boolean {
  return bytes >= pageBytesMin && bytes <= pageBytesMax && (bytes & (bytes - 1)) === 0;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Frames behind the last commit, which count once another one follows. */
interface Run {
  readonly checksum: Checksum;
  readonly pages: readonly (readonly [page: number, crc: number])[];
}

/** What is known of a log from its frames up to the last commit; it can be read on when the log has grown. */
export class WalScan {
  readonly pageBytes: number;
  /** 16 hexadecimal digits: every frame of this log bears them, and no frame of an earlier one. */
  readonly salt: string;
  /** CRC-32 of the newest version of each page in the log. */
  readonly pages = new Map<number, number>();
  /** Frames up to the last commit. */
  frames = 0;
  /** Pages that the database has after the last commit. */
  databasePages = 0;
  readonly #salts: readonly [number, number];
  readonly #isLittleEndian: boolean;
  #checksum: Checksum;

  private constructor(header: DataView, checksum: Checksum, isLittleEndian: boolean) {
    this.pageBytes = header.getUint32(8);
    this.salt = header.getBigUint64(16).toString(16).padStart(16, "0");
    this.#salts = [header.getUint32(16), header.getUint32(20)];
    this.#checksum = checksum;
    this.#isLittleEndian = isLittleEndian;
  }

  /** The log that begins with these 32 bytes; undefined when they are no sound header. */
  static begin(bytes: Uint8Array): WalScan | undefined {
    if (bytes.length < walHeaderBytes) return undefined;
    const header = viewOf(bytes);
    const magic = header.getUint32(0);
    if (magic !== magicLittleEndian && magic !== magicBigEndian) return undefined;
    if (!isPageSize(header.getUint32(8))) return undefined;
    const isLittleEndian = magic === magicLittleEndian;
    const checksum = continued({ one: 0, two: 0 }, header, 0, 24, isLittleEndian);
    return isAt(header, 24, checksum) ? new WalScan(header, checksum, isLittleEndian) : undefined;
  }

  get frameBytes(): number {
    return frameHeaderBytes + this.pageBytes;
  }

  /** Where the frame behind the last commit begins or would begin. */
  get endBytes(): number {
    return walHeaderBytes + this.frames * this.frameBytes;
  }

  /**
   * Takes in whole frames that follow the last commit and then `before`, the result of the piece before. Returns what
   * no commit follows yet; undefined once a frame does not count, and there is nothing more to read.
   */
  take(piece: Uint8Array, before: Run = { checksum: this.#checksum, pages: [] }): Run | undefined {
    const view = viewOf(piece);
    let { checksum } = before;
    let pages = [...before.pages];
    for (let at = 0; at < piece.length; at += this.frameBytes) {
      const sound = this.#checked(view, at, checksum);
      if (sound === undefined) return undefined;
      checksum = sound;
      pages.push([view.getUint32(at), crc32(piece.subarray(at + frameHeaderBytes, at + this.frameBytes))]);
      const databasePages = view.getUint32(at + 4);
      if (databasePages === 0) continue;
      this.#commit({ checksum, pages }, databasePages);
      pages = [];
    }
    return { checksum, pages };
  }

  /** Whether the head of a frame claims to be of this log, in part at least: what an earlier log has left there bears other salts. */
  claims(head: Uint8Array): boolean {
    if (head.length < frameHeaderBytes) return head.length > 0;
    const view = viewOf(head);
    return view.getUint32(8) === this.#salts[0] || view.getUint32(12) === this.#salts[1];
  }

  #commit({ checksum, pages }: Run, databasePages: number): void {
    for (const [page, crc] of pages) this.pages.set(page, crc);
    this.frames += pages.length;
    this.databasePages = databasePages;
    this.#checksum = checksum;
  }

  /** The checksum after the frame at `at`; undefined when the frame does not count. */
  #checked(view: DataView, at: number, before: Checksum): Checksum | undefined {
    const [first, second] = this.#salts;
    const isOwn = view.getUint32(at) !== 0 && view.getUint32(at + 8) === first && view.getUint32(at + 12) === second;
    if (!isOwn) return undefined;
    const head = continued(before, view, at, at + 8, this.#isLittleEndian);
    const whole = continued(head, view, at + frameHeaderBytes, at + this.frameBytes, this.#isLittleEndian);
    return isAt(view, at + 16, whole) ? whole : undefined;
  }
}
