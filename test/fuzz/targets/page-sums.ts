/** What stands beside the catalogue's database: the sums of its pages, and SQLite's write-ahead log as we read it. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { WalScan, frameHeaderBytes, walHeaderBytes } from "../../../src/catalogue/page-sums/wal-scan.ts";
import { decodeSums, encodeSums, foldedSums } from "../../../src/catalogue/page-sums/sums-file.ts";
import { SqlDatabase } from "../../../src/core/sqlite.ts";
import { type FuzzTarget, caseInput, chosen, decodedOr, expectSame, expectTrue } from "../target.ts";

const cases = [
  (body: Uint8Array): void => {
    const sums = decodedOr(["integrity", "version"], () => decodeSums(body, "sums"));
    if (sums !== undefined) expectSame("sums come back as other bytes", new Uint8Array(encodeSums(sums)), body);
  },
  /** The first byte says in how many frames at once the rest is read. */
  (body: Uint8Array): void => {
    const file = body.slice(1);
    const whole = scanned(file, Infinity);
    const pieces = scanned(file, 1 + ((body[0] ?? 0) % 3));
    expectSame("the log read in pieces", told(pieces), told(whole));
    if (whole === undefined) return;
    expectSame("frames that count", { frames: whole.frames, pages: whole.pages }, soundFrames(file));
    if (whole.databasePages > 100_000) return;
    const empty = {
      pageBytes: whole.pageBytes,
      salt: whole.salt,
      frames: 0,
      isArriving: false,
      pages: new Uint32Array(0),
    };
    const folded = foldedSums(empty, whole);
    expectSame("as many sums as pages", folded.pages.length, whole.databasePages);
  },
];

function told(scan: WalScan | undefined): unknown {
  return scan && { ends: scan.endBytes, pages: scan.pages, databasePages: scan.databasePages };
}

function scanned(file: Uint8Array, framesAtOnce: number): WalScan | undefined {
  const scan = WalScan.begin(file.subarray(0, walHeaderBytes));
  if (scan === undefined) return undefined;
  expectTrue(`pages of ${scan.pageBytes} bytes`, scan.pageBytes >= 512 && scan.pageBytes <= 65_536);
  let run: ReturnType<WalScan["take"]>;
  const pieceBytes = Math.min(framesAtOnce, 1_000) * scan.frameBytes;
  for (let at = walHeaderBytes; ; at += pieceBytes) {
    const piece = file.subarray(at, at + pieceBytes);
    run = scan.take(piece.subarray(0, piece.length - (piece.length % scan.frameBytes)), run);
    if (run === undefined || piece.length < pieceBytes) break;
  }
  expectTrue("the end lies behind the file", scan.endBytes <= file.length);
  scan.claims(file.subarray(scan.endBytes, scan.endBytes + frameHeaderBytes));
  return scan;
}

/** The frames that SQLite would count, read another way: by its checksum over 32-bit words, as its documentation has it. */
function soundFrames(file: Uint8Array): { frames: number; pages: Map<number, number> } {
  const bytes = Buffer.from(file);
  const isLittle = bytes.readUInt32BE(0) === 0x377f0682;
  const word = (at: number): number => (isLittle ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at));
  const pageBytes = bytes.readUInt32BE(8);
  let sums: readonly [bigint, bigint] = [0n, 0n];
  const add = (from: number, to: number): void => {
    for (let at = from; at < to; at += 8) {
      const one = BigInt.asUintN(32, sums[0] + BigInt(word(at)) + sums[1]);
      sums = [one, BigInt.asUintN(32, sums[1] + BigInt(word(at + 4)) + one)];
    }
  };
  add(0, 24);
  let frames = 0;
  const pages = new Map<number, number>();
  let open: [number, number][] = [];
  for (let at = 32; at + 24 + pageBytes <= bytes.length; at += 24 + pageBytes) {
    add(at, at + 8);
    add(at + 24, at + 24 + pageBytes);
    const isSame = BigInt(bytes.readUInt32BE(at + 16)) === sums[0] && BigInt(bytes.readUInt32BE(at + 20)) === sums[1];
    const isOwn = bytes.readUInt32BE(at) !== 0 && bytes.subarray(at + 8, at + 16).equals(bytes.subarray(16, 24));
    if (!isSame || !isOwn) break;
    open.push([bytes.readUInt32BE(at), crc32(bytes.subarray(at + 24, at + 24 + pageBytes))]);
    if (bytes.readUInt32BE(at + 4) === 0) continue;
    for (const [page, crc] of open) pages.set(page, crc);
    frames += open.length;
    open = [];
  }
  return { frames, pages };
}

/** The log that SQLite writes for a few transactions. */
function walSeed(): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), "dfs-fuzz-"));
  try {
    const path = join(folder, "db");
    const database = new SqlDatabase(path, { durability: "normal" });
    database.exec("PRAGMA page_size = 512; PRAGMA wal_autocheckpoint = 0");
    database.exec("CREATE TABLE t (a INTEGER PRIMARY KEY, b BLOB)");
    for (let row = 0; row < 3; row += 1) database.exec(`INSERT INTO t (b) VALUES (zeroblob(${100 + 700 * row}))`);
    const log = new Uint8Array(readFileSync(`${path}-wal`));
    database.close();
    return log;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A log of pages of 512 bytes, made by hand: two commits, of two frames and of one. */
function repairedWal(frames: readonly (readonly [page: number, databasePages: number])[]): Uint8Array {
  const log = Buffer.alloc(walHeaderBytes + frames.length * (frameHeaderBytes + 512), 5);
  log.writeUInt32BE(0x377f0682, 0);
  log.writeUInt32BE(3_007_000, 4);
  log.writeUInt32BE(512, 8);
  for (const [place, [page, databasePages]] of frames.entries()) {
    const at = walHeaderBytes + place * (frameHeaderBytes + 512);
    log.writeUInt32BE(page, at);
    log.writeUInt32BE(databasePages, at + 4);
    log.copy(log, at + 8, 16, 24);
  }
  repairWal(log);
  return new Uint8Array(log);
}

/** Makes the checksums of a log right, as far as it goes. */
function repairWal(log: Buffer): void {
  if (log.length < walHeaderBytes) return;
  const isLittle = log.readUInt32BE(0) === 0x377f0682;
  const sums = { one: 0, two: 0 };
  const add = (from: number, to: number): void => {
    for (let at = from; at + 8 <= to; at += 8) {
      sums.one = (sums.one + (isLittle ? log.readInt32LE(at) : log.readInt32BE(at)) + sums.two) | 0;
      sums.two = (sums.two + (isLittle ? log.readInt32LE(at + 4) : log.readInt32BE(at + 4)) + sums.one) | 0;
    }
  };
  add(0, 24);
  log.writeInt32BE(sums.one, 24);
  log.writeInt32BE(sums.two, 28);
  const pageBytes = log.readUInt32BE(8);
  for (let at = walHeaderBytes; at + frameHeaderBytes + pageBytes <= log.length; at += frameHeaderBytes + pageBytes) {
    add(at, at + 8);
    add(at + frameHeaderBytes, at + frameHeaderBytes + pageBytes);
    log.writeInt32BE(sums.one, at + 16);
    log.writeInt32BE(sums.two, at + 20);
  }
}

/** The sums' checksum, or those of the log. */
function repair(input: Uint8Array): void {
  const body = Buffer.from(input.buffer, input.byteOffset + 1, Math.max(0, input.length - 1));
  if ((input[0] ?? 0) % cases.length === 1) repairWal(body.subarray(1));
  else if (body.length >= 4) body.writeUInt32BE(crc32(body.subarray(0, -4)), body.length - 4);
}

export const pageSums: FuzzTarget = {
  name: "page-sums",
  decoders: ["src/catalogue/page-sums/sums-file.ts decodeSums", "src/catalogue/page-sums/wal-scan.ts WalScan"],
  seeds: () => [
    ...[0, 2].map((pages) =>
      caseInput(
        0,
        encodeSums({
          pageBytes: 4096,
          salt: "0123456789abcdef",
          frames: 7,
          isArriving: pages === 0,
          pages: new Uint32Array(pages),
        }),
      ),
    ),
    caseInput(1, Buffer.concat([Buffer.of(0), walSeed()])),
    caseInput(
      1,
      Buffer.concat([
        Buffer.of(1),
        repairedWal([
          [1, 0],
          [2, 2],
          [1, 2],
        ]),
      ]),
    ),
  ],
  bytesMax: 8192,
  tokens: ["dfs-sums", Buffer.from("377f0682", "hex"), Buffer.from("377f0683", "hex"), Buffer.from("00000200", "hex")],
  repair,
  run: (input) => chosen(cases, input),
};
