/** What the main thread and a names thread say to each other. */
import type { Entry } from "../../core/client.ts";
import type { ErrorKind } from "../../core/errors.ts";
import type { FindQuery } from "../../core/find-query.ts";
import type { NodeId } from "../../core/ids.ts";

/** What the thread is started with. */
export interface NamesJob {
  /** Path of the index file, which is made anew where it is missing, damaged or of something else. */
  readonly path: string;
  /** 32 bytes: seals the file. */
  readonly fileKey: Uint8Array;
  readonly root: NodeId;
  /** Keys of the root directory. */
  readonly rootKeyring: Uint8Array;
  /** Size that the file does not outgrow, in bytes. */
  readonly bytesMax: number;
}

/** A row of the change feed, as far as names need it. */
export interface NameChange {
  readonly node: NodeId;
  readonly kind: Entry["kind"];
  readonly sizeBytes: number;
  readonly generation: number;
  /** Null for a node that has ended. */
  readonly parent: NodeId | null;
  readonly token: Uint8Array;
  /** Of a directory; empty for a file. */
  readonly wrap: Uint8Array;
}

/** Which history of changes an index follows, and how far. */
export interface Followed {
  /** Id of the coordinators' group: another group's numbers mean something else. */
  readonly group: string;
  /** Every change up to this entry of the log is in the index; 0 while it is being built. */
  readonly index: number;
}

export interface SearchRequest {
  /** The directory to search below. */
  readonly base: NodeId;
  readonly query: FindQuery;
  /** Where the page before ended; 0 for the first. */
  readonly after: number;
}

export interface NamesInRequest {
  readonly directory: NodeId;
  readonly prefix: string;
  /** Only names after it; all where it is empty. */
  readonly after: string;
  /** Names wanted at the most. */
  readonly limit: number;
}

/** Names in one directory, each once, in the order of their code points. */
export interface NamesIn {
  /** In few objects, because each costs when it crosses between threads: with a slash between two. */
  readonly names: string;
  /** A letter for each name: f for a file, d for a directory. */
  readonly kinds: string;
  readonly isLast: boolean;
  /** On the last page: whether the directory has entries that its keys do not open. */
  readonly hasRefused: boolean;
}

/** A name that was found. */
export interface Hit {
  readonly kind: Entry["kind"];
  /** Names from below the base down to this one. */
  readonly names: readonly string[];
  readonly sizeBytes: number;
}

export interface HitPage {
  readonly hits: readonly Hit[];
  /** Where the next page starts; null on the last one. */
  readonly next: number | null;
  /** On the last page: directories with entries that cannot be opened, by the names from below the base down. */
  readonly refused: readonly (readonly string[])[];
}

export type NamesWork =
  /** Which history the file follows; answers with a Followed, or null for a new file. */
  | { readonly type: "followed" }
  /** Forgets everything. */
  | { readonly type: "clear" }
  | { readonly type: "apply"; readonly rows: PackedChanges }
  /** Notes that everything up to there has been applied. */
  | { readonly type: "reached"; readonly followed: Followed }
  | { readonly type: "search"; readonly request: SearchRequest }
  /** Answers with null for a directory that is not in the index. */
  | { readonly type: "namesIn"; readonly request: NamesInRequest };

export interface NamesResults {
  readonly followed: Followed | null;
  readonly clear: null;
  readonly apply: null;
  readonly reached: null;
  readonly search: HitPage;
  readonly namesIn: NamesIn | null;
}

export type NamesRequest = NamesWork & { readonly id: number };

export type NamesReply =
  | { readonly type: "done"; readonly id: number; readonly value: NamesResults[keyof NamesResults] }
  | { readonly type: "failed"; readonly id: number; readonly kind: ErrorKind; readonly message: string };

/** Changes in few objects, because each object costs when it crosses between threads. */
export interface PackedChanges {
  /** All ids of nodes in a row, and all of parents, empty ones for ends as zeros. */
  readonly nodes: string;
  readonly parents: string;
  /** Kind (1 file, 2 directory; 0 ended), generation, size, bytes of the token, bytes of the wrap: five a change. */
  readonly numbers: Float64Array;
  /** Tokens and wraps, one after the other. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

const nodeDigits = 32;
const numbersEach = 5;
const ended = 0;
const file = 1;
const directory = 2;
const noParent = "0".repeat(nodeDigits);

export function packChanges(changes: readonly NameChange[]): PackedChanges {
  const numbers = new Float64Array(changes.length * numbersEach);
  const bytes = new Uint8Array(changes.reduce((sum, { token, wrap }) => sum + token.length + wrap.length, 0));
  let nodes = "";
  let parents = "";
  let offset = 0;
  changes.forEach(({ node, kind, generation, parent, sizeBytes, token, wrap }, place) => {
    const code = parent === null ? ended : kind === "file" ? file : directory;
    nodes += node;
    parents += parent ?? noParent;
    numbers.set([code, generation, sizeBytes, token.length, wrap.length], place * numbersEach);
    bytes.set(token, offset);
    bytes.set(wrap, offset + token.length);
    offset += token.length + wrap.length;
  });
  return { nodes, parents, numbers, bytes };
}

export function* unpackChanges({ nodes, parents, numbers, bytes }: PackedChanges): Generator<NameChange> {
  let offset = 0;
  for (let place = 0; place * numbersEach < numbers.length; place += 1) {
    const at = place * nodeDigits;
    const [code, generation = 0, sizeBytes = 0, tokenBytes = 0, wrapBytes = 0] = numbers.subarray(place * numbersEach);
    const tokenEnd = offset + tokenBytes;
    yield {
      node: nodes.slice(at, at + nodeDigits) as NodeId,
      kind: code === directory ? "directory" : "file",
      generation,
      sizeBytes,
      parent: code === ended ? null : (parents.slice(at, at + nodeDigits) as NodeId),
      token: bytes.subarray(offset, tokenEnd),
      wrap: bytes.subarray(tokenEnd, tokenEnd + wrapBytes),
    };
    offset = tokenEnd + wrapBytes;
  }
}
