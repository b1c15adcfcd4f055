/** What a transaction has changed so far, as the rows that the catalogue would give after its commit. */
import type { EntryRow, ListedRow, RevisionRow } from "../../catalogue/rows.ts";
import type { NodeId } from "../../core/ids.ts";
import { hexOf } from "../random-ids.ts";

/** A name's new row, or null where the transaction freed it. */
type PendingName = ListedRow | null;

/** It holds as much as the transaction has operations, and no more. */
export class PendingTree {
  /** By directory, then by token in hexadecimal. */
  readonly #names = new Map<NodeId, Map<string, PendingName>>();
  readonly #made = new Map<NodeId, EntryRow["kind"]>();
  readonly #ended = new Set<NodeId>();
  /** Of directories that were made or moved. */
  readonly #parents = new Map<NodeId, NodeId>();
  readonly #revisions = new Map<NodeId, readonly RevisionRow[]>();

  /** A copy to change, so that an operation that is refused leaves nothing behind. */
  copy(): PendingTree {
    const copy = new PendingTree();
    for (const [parent, names] of this.#names) copy.#names.set(parent, new Map(names));
    for (const [node, kind] of this.#made) copy.#made.set(node, kind);
    for (const node of this.#ended) copy.#ended.add(node);
    for (const [node, parent] of this.#parents) copy.#parents.set(node, parent);
    for (const [node, revisions] of this.#revisions) copy.#revisions.set(node, revisions);
    return copy;
  }

  /** What the transaction made of a name: its row, null for nothing any more, undefined where it changed nothing. */
  name(parent: NodeId, token: Uint8Array): PendingName | undefined {
    return this.#names.get(parent)?.get(hexOf(token));
  }

  /** Every name that the transaction changed in a directory, by its token in hexadecimal. */
  names(parent: NodeId): ReadonlyMap<string, PendingName> {
    return this.#names.get(parent) ?? new Map<string, PendingName>();
  }

  /** What the transaction made under this id; undefined when it made nothing. */
  madeKind(node: NodeId): EntryRow["kind"] | undefined {
    return this.#made.get(node);
  }

  hasEnded(node: NodeId): boolean {
    return this.#ended.has(node);
  }

  /** The directory that holds a directory which the transaction made or moved. */
  parentOf(directory: NodeId): NodeId | undefined {
    return this.#parents.get(directory);
  }

  /** A revision that the transaction made. */
  revision(node: NodeId, revision: number): RevisionRow | undefined {
    return this.revisions(node).find((row) => row.revision === revision);
  }

  /** The revisions that the transaction made, the oldest first. */
  revisions(node: NodeId): readonly RevisionRow[] {
    return this.#revisions.get(node) ?? [];
  }

  /** Makes a node that never was there before, and its name. */
  make(parent: NodeId, row: ListedRow): void {
    this.#made.set(row.node, row.kind);
    this.bind(parent, row);
  }

  /** Makes a token stand for a node. */
  bind(parent: NodeId, row: ListedRow): void {
    this.#change(parent, row.token, row);
    if (row.kind === "directory") this.#parents.set(row.node, parent);
  }

  /** Frees a name; the node stays. */
  unbind(parent: NodeId, token: Uint8Array): void {
    this.#change(parent, token, null);
  }

  /** Ends a node. */
  end(node: NodeId): void {
    this.#ended.add(node);
  }

  addRevision(node: NodeId, row: RevisionRow): void {
    this.#revisions.set(node, [...this.revisions(node), row]);
  }

  #change(parent: NodeId, token: Uint8Array, name: PendingName): void {
    const names = this.#names.get(parent);
    if (names === undefined) this.#names.set(parent, new Map([[hexOf(token), name]]));
    else names.set(hexOf(token), name);
  }
}
