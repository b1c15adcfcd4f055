/** Random changes of a tree that mostly make sense: each is chosen by what is there when its turn comes. */
import * as fc from "fast-check";
import type { NodeId } from "../../src/core/ids.ts";
import { TreeModel, type TreeOperation } from "../catalogue/model.ts";
import { copyFile, fileKey, id, makeDirectory, move, putFile, removeEntry, root, token } from "../catalogue/world.ts";

export const names = ["a", "b", "c"] as const;

export interface Intent {
  readonly action: TreeOperation["op"];
  readonly place: number;
  readonly otherPlace: number;
  readonly name: string;
  readonly otherName: string;
  readonly sizeBytes: number;
  /** Now and then something is asked for that cannot be. */
  readonly isWrong: boolean;
}

const anyName = fc.constantFrom(...names);
const anyIntent: fc.Arbitrary<Intent> = fc.record({
  action: fc.constantFrom(
    ...([
      "makeDirectory",
      "makeDirectory",
      "putFile",
      "putFile",
      "copyFile",
      "move",
      "move",
      "removeEntry",
      "removeEntry",
    ] as const),
  ),
  place: fc.nat(6),
  otherPlace: fc.nat(6),
  name: anyName,
  otherName: anyName,
  sizeBytes: fc.integer({ min: 1, max: 50 }),
  isWrong: fc.nat(5).map((chance) => chance === 0),
});

/** Batches of one to three changes. */
export const anyIntents = fc.array(fc.array(anyIntent, { minLength: 1, maxLength: 3 }), {
  minLength: 12,
  maxLength: 40,
});

/** Turns intents into operations on a tree as a model has it. */
export class Intents {
  readonly #model: TreeModel;
  #newest = 0;
  /** Nodes that were there when the transaction began: what has become of them since only a look at the network tells. */
  #old: ReadonlySet<NodeId> = new Set([root]);

  constructor(model: TreeModel) {
    this.#model = model;
  }

  /** From now on the operations are those of a transaction's caller, who has looked up what was there before. */
  beginTransaction(): void {
    this.#old = new Set(this.#model.nodes.keys());
  }

  /** One command; each operation sees what the ones before it do. */
  operations(batch: readonly Intent[]): readonly TreeOperation[] {
    const model = Object.assign(new TreeModel(), {
      nodes: new Map(this.#model.nodes),
      bindings: new Map(this.#model.bindings),
    });
    return batch.map((intent) => {
      const operation = this.#operation(model, intent);
      model.command([operation]);
      return operation;
    });
  }

  #operation(model: TreeModel, intent: Intent): TreeOperation {
    const { action, name, isWrong, sizeBytes } = intent;
    const parent = this.#directory(model, intent.place, isWrong);
    const bound = model.bindings.get(`${parent}/${name}`);
    const binding = { parent, token: token(name) };
    if (action === "makeDirectory")
      return { ...makeDirectory(name), ...binding, node: isWrong ? this.#usedNode(model) : this.#newNode() };
    if (action === "putFile")
      return putFile(name, {
        ...binding,
        ...this.#base(model, bound, isWrong),
        sizeBytes,
        addedBytes: sizeBytes,
        sealedBytes: sizeBytes + 16,
        fileKey: fileKey(`content ${sizeBytes}`),
      });
    if (action === "copyFile")
      return copyFile(name, name, { ...binding, ...this.#base(model, bound, isWrong), ...this.#source(model, intent) });
    const node = (isWrong ? undefined : bound) ?? this.#newNode();
    const kind = model.nodes.get(node)?.kind ?? "file";
    if (action === "removeEntry") return removeEntry(name, isWrong ? "file" : kind, { ...binding, node });
    const toParent = this.#directory(model, intent.otherPlace, isWrong);
    const target = model.bindings.get(`${toParent}/${intent.otherName}`);
    return move(name, intent.otherName, {
      fromParent: parent,
      toParent,
      node,
      replace: target === undefined || isWrong ? null : target,
    });
  }

  /** A directory that is there; now and then one that is not any more, or a file, where the transaction can know. */
  #directory(model: TreeModel, place: number, isWrong: boolean): NodeId {
    const found = [...model.nodes].flatMap(([node, { kind, isLive }]) => {
      const isThere = kind === "directory" && isLive;
      return isThere || (isWrong && !this.#old.has(node)) ? [node] : [];
    });
    return found[place % found.length] ?? root;
  }

  /** The file that is there, at its revision; else a new one. */
  #base(model: TreeModel, bound: NodeId | undefined, isWrong: boolean): { node: NodeId; baseRevision: number } {
    const known = bound === undefined ? undefined : model.nodes.get(bound);
    if (bound === undefined || known?.kind !== "file")
      return isWrong
        ? { node: this.#usedNode(model), baseRevision: model.nodes.size % 2 }
        : { node: this.#newNode(), baseRevision: 0 };
    const revision = known.sizes.length;
    if (isWrong && revision === 1) return { node: this.#newNode(), baseRevision: revision };
    return { node: bound, baseRevision: isWrong ? revision - 1 : revision };
  }

  #source(model: TreeModel, { otherPlace, isWrong }: Intent): { sourceNode: NodeId; sourceRevision: number } {
    const files = [...model.nodes].filter(([, { kind }]) => kind === "file");
    const [sourceNode, file] = files[otherPlace % Math.max(1, files.length)] ?? [this.#newNode(), undefined];
    return { sourceNode, sourceRevision: Math.max(1, (file?.sizes.length ?? 1) - (isWrong ? 1 : 0)) };
  }

  /** A node that the transaction made. */
  #usedNode(model: TreeModel): NodeId {
    return [...model.nodes.keys()].findLast((node) => !this.#old.has(node)) ?? this.#newNode();
  }

  #newNode(): NodeId {
    this.#newest += 1;
    return id<NodeId>(`node ${this.#newest}`);
  }
}
