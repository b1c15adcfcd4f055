/* The commands that print what is in a file. */
import { DfsError } from "../../core/errors.ts";
import { allOn, atOption, eachOperand, staleOption } from "../command.ts";
import type { Command, CommandContext } from "../command.ts";
import { nameText } from "../formats.ts";
import { remotePath } from "../operands.ts";
import { temporary } from "../manual.ts";

const headLinesDefault = 10;
const lineFeed = 0x0a;

/** `cat`: prints files. */
export const cat: Command = {
  name: "cat",
  purpose: "files",
  summary: "print files",
  usage: "[-r OFFSET:LENGTH] [--rev N] [--at WHEN] [--stale] FILE…",
  description: [
    "Writes the bytes of each FILE to stdout, one after the other. Every chunk is checked against its hash before any of it is written. With --range only the chunks that hold these bytes are fetched.",
  ],
  options: [
    { long: "range", short: "r", value: "OFFSET:LENGTH", summary: "only these bytes; without LENGTH to the end" },
    { long: "rev", value: "N", summary: "this revision instead of the newest" },
    atOption,
    staleOption,
  ],
  side: allOn("remote"),
  operandsMin: 1,
  operandsMax: Number.POSITIVE_INFINITY,
  operands: { FILE: "a file of the network" },
  exitCodes: { 3: "a file or its revision is not there", 4: "it is a directory", ...temporary },
  examples: [
    ["cat notes.txt", "Print a file."],
    ["cat --rev 2 plan.md", "Print what it was in its second revision."],
    ["cat -r 1000:100 disk.img | xxd", "A hundred bytes from the middle, shown by a local program."],
    ["cat -r -512 log", "The last 512 bytes."],
  ],
  seeAlso: ["head", "get"],
  async run({ options, operands }, context) {
    const range = options.text("range");
    const bounds = range === undefined ? {} : parseRange(range);
    const revision = options.number("rev", 1);
    const client = await context.client();
    return eachOperand(context, operands, async (operand) => {
      const bytes = client.read(remotePath(operand, context), { ...bounds, revision, ...context.reads });
      for await (const piece of bytes) await context.stdout.write(piece);
    });
  },
};

function parseRange(text: string): { readonly offsetBytes: number; readonly lengthBytes: number | undefined } {
  const match = /^(-?\d{1,15})(?::(\d{1,15})?)?$/.exec(text);
  if (match === null) throw new DfsError("usage", `--range needs OFFSET:LENGTH in bytes, not "${text}"`);
  return { offsetBytes: Number(match[1]), lengthBytes: match[2] === undefined ? undefined : Number(match[2]) };
}

/** `head`: prints the start of files. */
export const head: Command = {
  name: "head",
  purpose: "files",
  summary: "print the first lines of files, 10 unless told",
  usage: "[-n LINES | -c BYTES] [--at WHEN] [--stale] FILE…",
  description: [
    "Writes the first lines, or bytes, of each FILE to stdout, and fetches no more than it needs. With several files each is headed by its name.",
  ],
  options: [
    { long: "lines", short: "n", value: "LINES", summary: "this many lines" },
    { long: "bytes", short: "c", value: "BYTES", summary: "this many bytes" },
    atOption,
    staleOption,
  ],
  side: allOn("remote"),
  operandsMin: 1,
  operandsMax: Number.POSITIVE_INFINITY,
  operands: { FILE: "a file of the network" },
  exitCodes: { 3: "a file is not there", 4: "it is a directory", ...temporary },
  examples: [
    ["head -n 3 access.log", "The first three lines."],
    ["head -c 4 *.png | xxd", "The first four bytes of each picture."],
  ],
  seeAlso: ["cat", "get"],
  async run({ options, operands }, context) {
    const bytes = options.number("bytes", 0);
    const lines = options.number("lines", 0) ?? headLinesDefault;
    let isFirst = true;
    const { stdout } = context;
    return eachOperand(context, operands, async (operand) => {
      let isHeaded = operands.length === 1;
      const headed = async (): Promise<void> => {
        if (!isHeaded) await stdout.write(`${isFirst ? "" : "\n"}==> ${nameText(operand, stdout)} <==\n`);
        isHeaded = true;
        isFirst = false;
      };
      const pieces = bytes === undefined ? firstLines(operand, lines, context) : firstBytes(operand, bytes, context);
      for await (const piece of pieces) {
        await headed();
        await stdout.write(piece);
      }
      // An empty file has its head too; one that cannot be read has none.
      await headed();
    });
  },
};

async function* firstBytes(operand: string, lengthBytes: number, context: CommandContext): AsyncGenerator<Uint8Array> {
  const client = await context.client();
  yield* client.read(remotePath(operand, context), { lengthBytes, ...context.reads });
}

async function* firstLines(operand: string, lines: number, context: CommandContext): AsyncGenerator<Uint8Array> {
  const client = await context.client();
  let missing = lines;
  for await (const piece of client.read(remotePath(operand, context), context.reads)) {
    if (missing === 0) return;
    let end = 0;
    while (missing > 0 && end < piece.length) {
      const lineEnd = piece.indexOf(lineFeed, end);
      end = lineEnd < 0 ? piece.length : lineEnd + 1;
      if (lineEnd >= 0) missing -= 1;
    }
    yield piece.subarray(0, end);
    if (missing === 0) return;
  }
}
