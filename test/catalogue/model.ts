/** The rules of a user's tree in a few maps, and random commands to hold against them. */
import * as fc from "fast-check";
import type { OperationOf } from "../../src/catalogue/operation.ts";
import type { ErrorKind } from "../../src/core/errors.ts";
import type { NodeId } from "../../src/core/ids.ts";
import { copyFile, fileKey, id, putFile, rekey, reopenEntry, root, startMs, token } from "./world.ts";

export type TreeOperation = OperationOf<
  "makeDirectory" | "putFile" | "copyFile" | "move" | "removeEntry" | "reopenEntry" | "rekey"
>;

interface ModelNode {
  readonly kind: "file" | "directory";
  readonly isLive: boolean;
  /** Size of each revision's content; none for a directory. */
  readonly sizes: readonly number[];
  /** Of the latest revision. */
  readonly expiresMs: number | null;
  /** Number of its newest key, and of the key of its directory that sealed its wrap. */
  readonly generation: number;
  readonly parentGeneration: number;
  /** The name that it had at its end. */
  readonly endedAs?: string | undefined;
}

/** A command of the shared user, or the founder's order to end what has expired, at its time. */
export interface TimedCommand {
  readonly timeMs: number;
  readonly operations: readonly TreeOperation[] | "expire";
}

const nodes = ["n1", "n2", "n3", "n4", "n5", "n6"].map((label) => id<NodeId>(label));
const tokens = ["a", "b", "c"].map(token);
const anyNode = fc.constantFrom(...nodes);
const anyParent = fc.constantFrom(root, root, ...nodes);
const anyToken = fc.constantFrom(...tokens);
const binding = { parent: anyParent, token: anyToken, node: anyNode };
const baseRevision = fc.constantFrom(0, 0, 1, 2);
const generation = fc.constantFrom(1, 1, 1, 1, 2, 2, 3);

const anyTreeOperation: fc.Arbitrary<TreeOperation> = fc.oneof(
  fc.record({
    op: fc.constant("makeDirectory" as const),
    ...binding,
    parentGeneration: generation,
    attributes: fc.constant(token("directory")),
    pastWrap: fc.constant(token("past")),
  }),
  fc
    .record({ ...binding, baseRevision, generation, sizeBytes: fc.nat(50) })
    .map((fields) => putFile("f", { ...fields, fileKey: fileKey(`content ${fields.sizeBytes}`), addedBytes: 1 })),
  fc
    .record({ ...binding, baseRevision, generation, sourceNode: anyNode, sourceRevision: fc.constantFrom(1, 2) })
    .map((fields) => copyFile("s", "f", fields)),
  fc.record({
    op: fc.constant("move" as const),
    fromParent: anyParent,
    fromToken: anyToken,
    toParent: anyParent,
    toToken: anyToken,
    node: anyNode,
    replace: fc.option(anyNode),
    parentGeneration: generation,
    attributes: fc.constant(token("moved")),
    pastWrap: fc.constant(token("past")),
  }),
  fc.record({
    op: fc.constant("removeEntry" as const),
    ...binding,
    kind: fc.constantFrom("file" as const, "directory" as const),
  }),
  fc
    .record({ ...binding, fromParent: anyParent, fromToken: anyToken, isSame: fc.boolean(), generation })
    .map(({ isSame, ...fields }) =>
      reopenEntry("f", isSame ? { ...fields, fromParent: fields.parent, fromToken: fields.token } : fields),
    ),
  fc
    .record({ ...binding, parentGeneration: generation, fromGeneration: generation })
    .map((fields) => rekey("f", fields)),
);

/**
 * Commands of one to three operations on few names and few nodes, so that they get in each other's way, with files that
 * expire within a few ticks of a clock, and orders to end them.
 */
export const anyTimedCommands: fc.Arbitrary<readonly TimedCommand[]> = fc
  .array(
    fc.record({
      afterMs: fc.nat(2),
      lifeMs: fc.option(fc.integer({ min: 0, max: 6 })),
      operations: fc.oneof(
        { weight: 3, arbitrary: fc.array(anyTreeOperation, { minLength: 1, maxLength: 3 }) },
        { weight: 1, arbitrary: fc.constant("expire" as const) },
      ),
    }),
    { minLength: 1, maxLength: 40 },
  )
  .map((steps) => {
    let timeMs = startMs;
    return steps.map(({ afterMs, lifeMs, operations }) => {
      timeMs += afterMs;
      return { timeMs, operations: operations === "expire" ? operations : withLife(operations, timeMs, lifeMs) };
    });
  });

function withLife(operations: readonly TreeOperation[], timeMs: number, lifeMs: number | null): TreeOperation[] {
  const expiresMs = lifeMs === null ? null : timeMs + lifeMs;
  return operations.map((operation) => (operation.op === "putFile" ? { ...operation, expiresMs } : operation));
}

const key = (parent: NodeId, name: Uint8Array): string => `${parent}/${Buffer.from(name).toString()}`;

/** What a catalogue should hold. An operation returns why it is refused, or nothing. */
export class TreeModel {
  nodes = new Map<NodeId, ModelNode>([
    [root, { kind: "directory", isLive: true, sizes: [], expiresMs: null, generation: 1, parentGeneration: 1 }],
  ]);
  bindings = new Map<string, NodeId>();
  #timeMs = 0;

  /** All operations or none, at a time. */
  command(operations: readonly TreeOperation[], timeMs = startMs): ErrorKind | undefined {
    this.#timeMs = timeMs;
    const before = { nodes: new Map(this.nodes), bindings: new Map(this.bindings) };
    for (const operation of operations) {
      const refused = this.#operation(operation);
      if (refused === undefined) continue;
      Object.assign(this, before);
      return refused;
    }
    return undefined;
  }

  /** Ends what has expired by a time, and returns how many files that were. */
  expire(timeMs: number): number {
    const due = this.expiring.filter(([, expiresMs]) => expiresMs <= timeMs).map(([node]) => node);
    for (const node of due) this.#end(node);
    for (const [path, node] of this.bindings) if (due.includes(node)) this.bindings.delete(path);
    return due.length;
  }

  /** Live files that are to expire, and when. */
  get expiring(): readonly (readonly [NodeId, number])[] {
    return [...this.nodes].flatMap(([node, { isLive, expiresMs }]) =>
      isLive && expiresMs !== null ? [[node, expiresMs] as const] : [],
    );
  }

  /** The live names of a directory with node and size, in the order of the names. */
  list(parent: NodeId): readonly (readonly [string, NodeId, number])[] {
    return [...this.bindings]
      .filter(([path]) => path.startsWith(parent))
      .map(([path, node]) => [path.slice(parent.length + 1), node, this.nodes.get(node)?.sizes.at(-1) ?? 0] as const)
      .sort(([one], [other]) => (one < other ? -1 : 1));
  }

  get directories(): readonly NodeId[] {
    return [...this.nodes].filter(([, node]) => node.kind === "directory").map(([node]) => node);
  }

  #operation(operation: TreeOperation): ErrorKind | undefined {
    if (operation.op === "move") return this.#move(operation);
    if (operation.op === "removeEntry") return this.#remove(operation);
    if (operation.op === "reopenEntry") return this.#reopen(operation);
    if (operation.op === "rekey") return this.#rekey(operation);
    if (operation.op === "makeDirectory")
      return this.#add(operation, operation.parentGeneration, { kind: "directory", sizes: [], expiresMs: null });
    if (operation.op === "putFile") {
      const { sizeBytes, expiresMs } = operation;
      const isOver = expiresMs !== null && expiresMs <= this.#timeMs;
      return isOver ? "usage" : this.#commit(operation, sizeBytes, expiresMs);
    }
    const size = this.nodes.get(operation.sourceNode)?.sizes[operation.sourceRevision - 1];
    const refused = this.#directoryFault(operation.parent);
    return refused ?? (size === undefined ? "not-found" : this.#commit(operation, size, null));
  }

  #commit(
    operation: OperationOf<"putFile" | "copyFile">,
    size: number,
    expiresMs: number | null,
  ): ErrorKind | undefined {
    if (operation.baseRevision === 0)
      return this.#add(operation, operation.generation, { kind: "file", sizes: [size], expiresMs });
    const bound = this.bindings.get(key(operation.parent, operation.token));
    const refused = this.#directoryFault(operation.parent);
    if (refused !== undefined) return refused;
    const node = bound === undefined ? undefined : this.nodes.get(bound);
    if (node?.kind === "directory") return "is-directory";
    if (bound !== operation.node || node?.sizes.length !== operation.baseRevision) return "conflict";
    if (node.generation !== operation.generation || this.#isStale(bound)) return "rekeyed";
    this.nodes.set(bound, { ...node, sizes: [...node.sizes, size], expiresMs });
    return undefined;
  }

  #add(
    { parent, token, node }: { parent: NodeId; token: Uint8Array; node: NodeId },
    parentGeneration: number,
    content: Pick<ModelNode, "kind" | "sizes" | "expiresMs">,
  ): ErrorKind | undefined {
    const refused = this.#directoryFault(parent) ?? this.#keyFault(parent, parentGeneration);
    if (refused !== undefined) return refused;
    if (this.bindings.has(key(parent, token)) || this.nodes.has(node)) return "exists";
    this.nodes.set(node, { ...content, isLive: true, generation: 1, parentGeneration });
    this.bindings.set(key(parent, token), node);
    return undefined;
  }

  #move(operation: OperationOf<"move">): ErrorKind | undefined {
    const { node, replace, toParent } = operation;
    const refused = this.#directoryFault(operation.fromParent) ?? this.#directoryFault(toParent);
    if (refused !== undefined) return refused;
    const from = key(operation.fromParent, operation.fromToken);
    const to = key(toParent, operation.toToken);
    const source = this.bindings.get(from);
    const target = this.bindings.get(to);
    if (source === undefined) return "not-found";
    if (source !== node) return "conflict";
    if (source === target) return undefined;
    if (this.#isStale(source)) return "rekeyed";
    const blocked = this.#keyFault(toParent, operation.parentGeneration) ?? this.#replaceFault(source, target, replace);
    if (blocked !== undefined) return blocked;
    if (this.#isInside(toParent, source)) return "usage";
    if (target !== undefined) this.#end(target);
    this.bindings.delete(from);
    this.bindings.set(to, source);
    this.#change(source, { parentGeneration: operation.parentGeneration });
    return undefined;
  }

  #rekey({ parent, token, node, parentGeneration, fromGeneration }: OperationOf<"rekey">): ErrorKind | undefined {
    const refused = this.#directoryFault(parent);
    if (refused !== undefined) return refused;
    const bound = this.bindings.get(key(parent, token));
    if (bound === undefined) return "not-found";
    if (bound !== node) return "conflict";
    if (this.nodes.get(bound)?.generation !== fromGeneration) return "rekeyed";
    const stale = this.#keyFault(parent, parentGeneration);
    if (stale !== undefined) return stale;
    this.#change(bound, { generation: fromGeneration + 1, parentGeneration });
    return undefined;
  }

  #change(node: NodeId, change: Partial<ModelNode>): void {
    const known = this.nodes.get(node);
    if (known !== undefined) this.nodes.set(node, { ...known, ...change });
  }

  /** Why nothing can be sealed for a directory by its key of this number. */
  #keyFault(directory: NodeId, generation: number): ErrorKind | undefined {
    const isNewest = this.nodes.get(directory)?.generation === generation;
    return isNewest && !this.#isStale(directory) ? undefined : "rekeyed";
  }

  /** Whether a node, or a directory above it, was wrapped by a key that is not its directory's newest any more. */
  #isStale(node: NodeId): boolean {
    for (let at = node, parent = this.#parentOf(at); parent !== undefined; at = parent, parent = this.#parentOf(at))
      if (this.nodes.get(at)?.parentGeneration !== this.nodes.get(parent)?.generation) return true;
    return false;
  }

  #replaceFault(source: NodeId, target: NodeId | undefined, replace: NodeId | null): ErrorKind | undefined {
    if (target === undefined) return replace === null ? undefined : "conflict";
    if (replace === null) return "exists";
    if (this.nodes.get(target)?.kind === "directory") return "is-directory";
    if (this.nodes.get(source)?.kind === "directory") return "not-directory";
    return target === replace ? undefined : "conflict";
  }

  #remove({ parent, token, node, kind }: OperationOf<"removeEntry">): ErrorKind | undefined {
    const refused = this.#directoryFault(parent);
    if (refused !== undefined) return refused;
    const bound = this.bindings.get(key(parent, token));
    if (bound === undefined) return "not-found";
    if (bound !== node) return "conflict";
    const actual = this.nodes.get(bound)?.kind;
    if (actual !== kind) return actual === "directory" ? "is-directory" : "not-directory";
    if (this.list(node).length > 0) return "not-empty";
    this.#end(node);
    this.bindings.delete(key(parent, token));
    return undefined;
  }

  /** To be called while the node has its name. */
  #end(node: NodeId): void {
    this.#change(node, { isLive: false, endedAs: [...this.bindings].find(([, bound]) => bound === node)?.[0] });
  }

  #reopen(operation: OperationOf<"reopenEntry">): ErrorKind | undefined {
    const { parent, token, node, generation } = operation;
    const refused = this.#directoryFault(parent);
    const ended = this.nodes.get(node);
    if (refused !== undefined || ended === undefined) return refused ?? "not-found";
    if (ended.isLive) return "conflict";
    const isOver = ended.expiresMs !== null && ended.expiresMs <= this.#timeMs;
    if (ended.endedAs !== key(operation.fromParent, operation.fromToken) || isOver) return "not-found";
    const isSameKey = operation.fromParent === parent && ended.parentGeneration === this.nodes.get(parent)?.generation;
    const mayStay = isSameKey && generation === ended.generation;
    if (!mayStay && generation !== ended.generation + 1) return "rekeyed";
    const stale = this.#keyFault(parent, operation.parentGeneration);
    if (stale !== undefined) return stale;
    if (this.bindings.has(key(parent, token))) return "exists";
    const { parentGeneration } = operation;
    this.nodes.set(node, { ...ended, isLive: true, generation, parentGeneration, endedAs: undefined });
    this.bindings.set(key(parent, token), node);
    return undefined;
  }

  #directoryFault(parent: NodeId): ErrorKind | undefined {
    const node = this.nodes.get(parent);
    if (node === undefined || !node.isLive) return "not-found";
    return node.kind === "directory" ? undefined : "not-directory";
  }

  #isInside(directory: NodeId, ancestor: NodeId): boolean {
    for (let node: NodeId | undefined = directory; node !== undefined; node = this.#parentOf(node))
      if (node === ancestor) return true;
    return false;
  }

  #parentOf(node: NodeId): NodeId | undefined {
    const path = [...this.bindings].find(([, bound]) => bound === node)?.[0];
    return path?.slice(0, root.length) as NodeId | undefined;
  }
}

/** A fixed run of commands, the same in every process. */
export function fixedCommands(seed: number): readonly TimedCommand[] {
  return fc.sample(anyTimedCommands, { seed, numRuns: 5 }).flat();
}
