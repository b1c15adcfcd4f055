/** What the network has of the names that some operations touch: read at once, before any of them is predicted. */
import pLimit from "p-limit";
import type { Operation } from "../../catalogue/operation.ts";
import type { EntryRow, RevisionRow } from "../../catalogue/rows.ts";
import type { NodeId, UserId } from "../../core/ids.ts";
import { batchOperationsMax, pageRowsMax, transactionReadsMax } from "../../core/limits.ts";
import type { CatalogueReader, ReadCallOptions } from "../coordination/catalogue-access.ts";
import { hexOf } from "../random-ids.ts";

export interface BaseFacts {
  row(parent: NodeId, token: Uint8Array): EntryRow | undefined;
  /** Tokens in a directory that an operation removes; more than any transaction can have freed, where there are so many. */
  children(directory: NodeId): readonly Uint8Array[];
  /** A revision that an operation copies. */
  revision(node: NodeId, revision: number): RevisionRow | undefined;
  /** The directory that holds a directory, as far as the transaction has come across it. */
  parentOf(directory: NodeId): NodeId | undefined;
}

interface Binding {
  readonly parent: NodeId;
  readonly token: Uint8Array;
}

/** Reads the facts for `operations`; `ownerOf` says whose tree a directory is in. Fails as the reader does. */
export async function readBaseFacts(
  catalogue: CatalogueReader,
  ownerOf: (directory: NodeId) => UserId,
  operations: readonly Operation[],
  parentOf: BaseFacts["parentOf"],
  options: ReadCallOptions,
): Promise<BaseFacts> {
  const rows = new Map<string, EntryRow>();
  const children = new Map<NodeId, readonly Uint8Array[]>();
  const revisions = new Map<string, RevisionRow>();
  const made = new Set(operations.map((operation) => (operation.op === "makeDirectory" ? operation.node : undefined)));
  const limited = pLimit(transactionReadsMax);
  const readName = async ({ parent, token }: Binding): Promise<void> => {
    if (made.has(parent)) return; // the network cannot have anything in it
    const row = await catalogue.entry(ownerOf(parent), parent, token, options);
    if (row !== undefined) rows.set(nameKey(parent, token), row);
  };
  const readMore = async (operation: Operation): Promise<void> => {
    if (operation.op === "removeEntry" && operation.kind === "directory")
      children.set(operation.node, await readChildren(catalogue, ownerOf(operation.parent), operation.node, options));
    if (operation.op !== "copyFile") return;
    const { sourceNode, sourceRevision } = operation;
    const row = await catalogue.revision(sourceNode, sourceRevision, options);
    if (row !== undefined) revisions.set(revisionKey(sourceNode, sourceRevision), row);
  };
  await limited.map(operations, async (operation) => {
    for (const binding of bindingsOf(operation)) await readName(binding);
    await readMore(operation);
  });
  return {
    row: (parent, token) => rows.get(nameKey(parent, token)),
    children: (directory) => children.get(directory) ?? [],
    revision: (node, revision) => revisions.get(revisionKey(node, revision)),
    parentOf,
  };
}

/** The names that an operation reads or changes. */
function bindingsOf(operation: Operation): readonly Binding[] {
  if (operation.op === "move") {
    const { fromParent, fromToken, toParent, toToken } = operation;
    return [
      { parent: fromParent, token: fromToken },
      { parent: toParent, token: toToken },
    ];
  }
  return "parent" in operation ? [operation] : [];
}

async function readChildren(
  catalogue: CatalogueReader,
  user: UserId,
  directory: NodeId,
  options: ReadCallOptions,
): Promise<readonly Uint8Array[]> {
  const tokens: Uint8Array[] = [];
  let after: Uint8Array | undefined;
  do {
    const { rows, next } = await catalogue.list(user, directory, after, pageRowsMax, options);
    tokens.push(...rows.map((row) => row.token));
    after = next ?? undefined;
  } while (after !== undefined && tokens.length <= batchOperationsMax);
  return tokens;
}

function nameKey(parent: NodeId, token: Uint8Array): string {
  return `${parent}/${hexOf(token)}`;
}

function revisionKey(node: NodeId, revision: number): string {
  return `${node}/${revision}`;
}
