/**
 * What the fuzzer needs to know about a decoder, or about several that belong together.
 *
 * An input is any bytes. `run` decodes them, and throws whatever is wrong: a refusal that is not documented, a value
 * that does not survive being encoded again, a record that was never written. A target keeps nothing from one input to
 * the next, so that every input can be replayed by itself.
 */
import { isDeepStrictEqual } from "node:util";
import { DfsError } from "../../src/core/errors.ts";
import type { ErrorKind } from "../../src/core/errors.ts";

export interface FuzzTarget {
  /** Names the target on the command line, and its folder in the corpus. */
  readonly name: string;
  /** What it decodes with: `src/FILE.ts NAME` for each exported decoder that a run reaches. */
  readonly decoders: readonly string[];
  /** Inputs to begin with, made by the real encoders. */
  readonly seeds: () => readonly Uint8Array[] | Promise<readonly Uint8Array[]>;
  /** Longest input, in bytes. */
  readonly bytesMax: number;
  /** Bytes and texts that formats ask for, to be put into inputs. */
  readonly tokens?: readonly (string | Uint8Array)[];
  /** Makes the checksums in `input` right, in place; every second input goes through it. */
  readonly repair?: (input: Uint8Array) => void;
  readonly run: (input: Uint8Array) => void | Promise<void>;
  readonly bounds?: Partial<RunBounds>;
}

/** What one run may cost: so much, and so much more for each byte of the input. */
export interface RunBounds {
  readonly ms: number;
  readonly msPerByte: number;
  readonly allocatedBytes: number;
  readonly allocatedPerByte: number;
}

/** Generous for a run on a busy machine, and far below what a loop or an unchecked length costs. */
export const usualBounds: RunBounds = {
  ms: 100,
  msPerByte: 0.02,
  allocatedBytes: 4 * 1024 ** 2,
  allocatedPerByte: 512,
};

/** Something that a decoder does and should not. */
export class FuzzFault extends Error {
  override readonly name = "FuzzFault";
}

/** What `decode` gives; undefined when it refuses with one of the documented kinds. Any other error passes through. */
export function decodedOr<Value>(kinds: readonly ErrorKind[], decode: () => Value): Value | undefined {
  try {
    return decode();
  } catch (error) {
    return refused(kinds, error);
  }
}

/** The same for a decoder that answers later. */
export async function decodedLater<Value>(
  kinds: readonly ErrorKind[],
  decode: () => Promise<Value>,
): Promise<Value | undefined> {
  try {
    return await decode();
  } catch (error) {
    return refused(kinds, error);
  }
}

function refused(kinds: readonly ErrorKind[], error: unknown): undefined {
  if (error instanceof DfsError && kinds.includes(error.kind)) return undefined;
  throw error;
}

/** Fails when `actual` is not what was `expected`. */
export function expectSame(what: string, actual: unknown, expected: unknown): void {
  const isSame =
    actual instanceof Uint8Array && expected instanceof Uint8Array
      ? Buffer.compare(actual, expected) === 0
      : isDeepStrictEqual(actual, expected);
  if (!isSame) throw new FuzzFault(`${what}: ${shown(actual)} instead of ${shown(expected)}`);
}

export function expectTrue(what: string, condition: boolean): void {
  if (!condition) throw new FuzzFault(what);
}

function shown(value: unknown): string {
  const text = value instanceof Uint8Array ? Buffer.from(value).toString("hex") : JSON.stringify(value, plain);
  return (text ?? String(value)).slice(0, 300);
}

function plain(_: string, part: unknown): unknown {
  if (typeof part === "bigint") return `${part}n`;
  if (part instanceof Uint8Array) return Buffer.from(part).toString("hex");
  return part instanceof Map || part instanceof Set ? [...part] : part;
}

/** One of the things that a target does with the bytes behind the first one, which chooses among them. */
export type Case = (body: Uint8Array) => void | Promise<void>;

/** Runs the case that the first byte chooses. */
export function chosen(cases: readonly Case[], input: Uint8Array): void | Promise<void> {
  return cases[(input[0] ?? 0) % cases.length]?.(input.slice(1));
}

/** An input for the case at `place`. */
export function caseInput(place: number, body: Uint8Array | string): Uint8Array {
  return new Uint8Array(Buffer.concat([Uint8Array.of(place), Buffer.from(body as string)]));
}
