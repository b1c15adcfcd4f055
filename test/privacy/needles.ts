/** What must not be found anywhere, in every form in which a program may keep or send text. */
import { type FileHandle, open, readFile, readdir } from "node:fs/promises";
import { join } from "node:path";

/** Bytes that are read at once; what lies across two reads is found too. */
const windowBytes = 16 * 1024 * 1024;

interface Needle {
  readonly text: string;
  readonly form: string;
  readonly bytes: Buffer;
}

export class Needles {
  readonly #needles: readonly Needle[];
  readonly #longest: number;

  /** `texts` of 12 characters at least, each unlike anything that is there by chance. */
  constructor(texts: readonly string[]) {
    this.#needles = texts.flatMap(formsOf);
    this.#longest = Math.max(...this.#needles.map(({ bytes }) => bytes.length));
  }

  /** The needles that are in `bytes`, as `"text" as form`. */
  in(bytes: Buffer): string[] {
    return this.#needles
      .filter((needle) => bytes.includes(needle.bytes))
      .map(({ text, form }) => `"${text}" as ${form}`);
  }

  async inFile(path: string): Promise<string[]> {
    const file = await open(path, "r");
    try {
      const { size } = await file.stat();
      return await this.#inRange(file, 0, size);
    } finally {
      await file.close();
    }
  }

  /** Every file below a folder: `PATH: what` for each finding; names of files count too. */
  async inFolder(folder: string): Promise<string[]> {
    const found: string[] = [];
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      found.push(...this.in(Buffer.from(entry.name)).map((what) => `name of ${path}: ${what}`));
      if (entry.isFile()) found.push(...(await this.inFile(path)).map((what) => `${path}: ${what}`));
    }
    return found;
  }

  /** All memory of a process that can be read: its heap, stacks, buffers and libraries. */
  async inMemory(pid: number): Promise<string[]> {
    const found = new Set<string>();
    const memory = await open(`/proc/${pid}/mem`, "r");
    try {
      for (const { start, end } of await readableRanges(pid))
        for (const what of await this.#inRange(memory, start, end)) found.add(`memory of ${pid}: ${what}`);
    } finally {
      await memory.close();
    }
    return [...found];
  }

  async #inRange(file: FileHandle, start: number, end: number): Promise<string[]> {
    const found = new Set<string>();
    const buffer = Buffer.allocUnsafe(windowBytes);
    for (let at = start; at < end; at += windowBytes - this.#longest) {
      const length = Math.min(windowBytes, end - at);
      // A range may be unmapped while it is read.
      const { bytesRead } = await file.read(buffer, 0, length, at).catch(() => ({ bytesRead: 0 }));
      for (const what of this.in(buffer.subarray(0, bytesRead))) found.add(what);
      buffer.fill(0, 0, bytesRead);
      if (length < windowBytes) break;
    }
    return [...found];
  }
}

function formsOf(text: string): Needle[] {
  const utf8 = Buffer.from(text);
  return [
    { text, form: "UTF-8", bytes: utf8 },
    { text, form: "UTF-16", bytes: Buffer.from(text, "utf16le") },
    { text, form: "hexadecimal", bytes: Buffer.from(utf8.toString("hex")) },
    ...[0, 1, 2].map((shift) => ({ text, form: `base64 at ${shift}`, bytes: Buffer.from(base64Core(utf8, shift)) })),
  ];
}

/** The characters of the base64 text that depend on these bytes alone, when they begin `shift` bytes after a group of three. */
function base64Core(bytes: Buffer, shift: number): string {
  const encoded = Buffer.concat([Buffer.alloc(shift), bytes])
    .toString("base64")
    .replaceAll("=", "");
  return encoded.slice(4, -4);
}

async function readableRanges(pid: number): Promise<{ start: number; end: number }[]> {
  const maps = await readFile(`/proc/${pid}/maps`, "utf8");
  return [...maps.matchAll(/^([0-9a-f]+)-([0-9a-f]+) r\S+ \S+ \S+ \S+ *(.*)$/gm)]
    .filter(([, , , name]) => name !== "[vvar]" && name !== "[vsyscall]")
    .map(([, start = "", end = ""]) => ({ start: Number.parseInt(start, 16), end: Number.parseInt(end, 16) }));
}
