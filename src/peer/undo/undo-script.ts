/**
 * The operations of an undo, in an order in which each of them is possible: what is in the way leaves first, a directory
 * comes back before what was in it, and where things stand in each other's way one of them is put aside for a moment.
 */
import type { Operation } from "../../catalogue/operation.ts";
import type { RevisionRow } from "../../catalogue/rows.ts";
import { assert } from "../../core/errors.ts";
import type { NodeId } from "../../core/ids.ts";
import { undoStepsShownMax } from "../../core/limits.ts";
import { type DfsPath, childPath } from "../../core/names.ts";
import type { UndoStep } from "../../core/undo.ts";
import { openName, sealName } from "../../identity/name-token.ts";
import { sealWrap } from "../../identity/wrap.ts";
import { openRevision } from "../attributes.ts";
import type { KeyRenewal } from "../key-renewal.ts";
import type { Located } from "../located.ts";
import { randomId } from "../random-ids.ts";
import { type Named, moveOperation, nextRevision, requireNamed } from "../sealed-operations.ts";
import type { Place, Touched } from "./change-effects.ts";
import { type UndoPlaces, located } from "./undo-places.ts";
import type { UndoTask } from "./undo-tasks.ts";

/** What becomes of one node; putting something aside is a step of its own that nobody is told of. */
export interface ScriptStep {
  readonly task: UndoTask;
  readonly operations: readonly Operation[];
}

export interface UndoScript {
  readonly steps: readonly ScriptStep[];
  /** The first steps, for people. */
  readonly shown: readonly UndoStep[];
}

export class UndoScriptWriter {
  readonly #places: UndoPlaces;
  readonly #renewal: KeyRenewal;
  readonly #signal: AbortSignal | undefined;
  readonly #steps: ScriptStep[] = [];
  readonly #shown: UndoStep[] = [];
  /** Nodes that are no longer where they were, or are back. */
  readonly #gone = new Set<NodeId>();
  /** Directories that were moved or came back: what each of them is in. */
  readonly #parents = new Map<NodeId, NodeId>();
  /** What was put aside, with its name there. */
  readonly #aside = new Map<NodeId, Place>();

  constructor(places: UndoPlaces, renewal: KeyRenewal, signal: AbortSignal | undefined) {
    this.#places = places;
    this.#renewal = renewal;
    this.#signal = signal;
  }

  async write(tasks: readonly UndoTask[]): Promise<UndoScript> {
    let pending = [...tasks].sort(inLikelyOrder);
    while (pending.length > 0) {
      const blocked: UndoTask[] = [];
      for (const task of pending) {
        if (await this.#isReady(task)) await this.#do(task);
        else blocked.push(task);
      }
      if (blocked.length === pending.length) await this.#putAside(blocked);
      pending = blocked;
    }
    return { steps: this.#steps, shown: this.#shown };
  }

  async #isReady({ waitsFor, place, touched }: UndoTask): Promise<boolean> {
    for (const node of waitsFor) if (!this.#gone.has(node)) return false;
    if (place !== "move" || touched.kind === "file") return true;
    return !(await this.#isInside((touched.before as Place).parent, touched.node));
  }

  /** Whether a directory is in another one, as things are by now. */
  async #isInside(directory: NodeId, other: NodeId): Promise<boolean> {
    for (let at: NodeId | undefined = directory; at !== undefined;) {
      if (at === other) return true;
      at = this.#parents.get(at) ?? (await this.#places.directory(at)).parent;
    }
    return false;
  }

  async #do(task: UndoTask): Promise<void> {
    if (this.#shown.length < undoStepsShownMax) this.#shown.push(await this.#told(task));
    const operations: Operation[] = [];
    if (task.place === "remove") operations.push(removal(task.touched));
    else if (task.place === "reopen") operations.push(...(await this.#reopening(task)));
    else {
      if (task.content !== undefined && task.source !== undefined)
        operations.push(contentBack(this.#asItIs(task.source), task.touched.revision, task.content));
      if (task.place === "move") operations.push(...(await this.#moving(task)));
    }
    this.#steps.push({ task, operations });
    this.#gone.add(task.touched.node);
  }

  async #told({ touched, place, contentOf, name, source }: UndoTask): Promise<UndoStep> {
    const { kind, now, before } = touched;
    if (place === "remove") return { action: "remove", kind, path: await this.#pathAt(now as Place) };
    if (place === "keep") return { action: "change-back", kind, path: (source as Located).path, revision: contentOf };
    const path = childPath((await this.#places.directory((before as Place).parent)).path, name as string);
    if (place === "reopen") return { action: "bring-back", kind, path };
    return { action: "move-back", kind, path, from: (source as Located).path };
  }

  async #pathAt({ parent, token }: Place): Promise<DfsPath> {
    const directory = await this.#places.directory(parent);
    return childPath(directory.path, openName(directory.keyring, directory.node, token));
  }

  /** A node comes back with the keys that it had, and a new one where somebody may know those who should not. */
  async #reopening({ touched, name, past, content }: UndoTask): Promise<readonly Operation[]> {
    const { node, lastName, before, kind, revision } = touched;
    assert(lastName !== undefined && before !== undefined, "what was removed had a name");
    assert(name !== undefined && past !== undefined, "what was removed was looked up");
    const directory = await this.#places.directory(before.parent);
    const { generation } = directory.keyring;
    const isSameKey = lastName.parent === before.parent && lastName.parentGeneration === generation;
    const keyring = isSameKey || past.keyring.isFull ? past.keyring : past.keyring.withNewKey();
    const token = sealName(directory.keyring, directory.node, name);
    const attributes = sealWrap(directory.keyring, { parent: directory.node, token, node }, keyring, past.directory);
    const place = located(directory, node, token, { keyring, directory: past.directory, isStale: false });
    if (kind === "directory") this.#settle(node, place);
    const reopened: Operation = {
      op: "reopenEntry",
      parent: directory.node,
      token,
      node,
      fromParent: lastName.parent,
      fromToken: lastName.token,
      parentGeneration: generation,
      generation: keyring.generation,
      attributes,
      pastWrap: directory.space.forPast(node, attributes),
    };
    return content === undefined ? [reopened] : [reopened, contentBack(place, revision, content)];
  }

  async #moving({ touched, name, source }: UndoTask): Promise<readonly Operation[]> {
    const { node, before } = touched;
    assert(source !== undefined && before !== undefined && name !== undefined, "what is moved back is there");
    const named = requireNamed(source, "moved");
    const directory = await this.#places.directory(before.parent);
    const { parent: fromParent, token: fromToken } = requireNamed(this.#asItIs(source), "moved");
    const move = { ...moveOperation(named, directory, name, undefined), fromParent, fromToken };
    const { operations, keyring } = await this.#renewal.move(named, directory, move, this.#signal);
    const place = { ...source, path: childPath(directory.path, name), parent: directory.node, token: move.toToken };
    if (touched.kind === "directory") this.#settle(node, { ...place, keyring });
    return operations;
  }

  /** What was put aside is there, and no longer where it was. */
  #asItIs(source: Located): Located {
    return { ...source, ...this.#aside.get(source.node) };
  }

  #settle(node: NodeId, place: Located): void {
    this.#places.set(node, place);
    if (place.parent !== undefined) this.#parents.set(node, place.parent);
  }

  /** Something that is moved goes where its space begins, under a name that nothing has. */
  async #putAside(blocked: readonly UndoTask[]): Promise<void> {
    const task = blocked.find(({ place, touched }) => place === "move" && !this.#aside.has(touched.node));
    assert(task?.source !== undefined, "things that stand in each other's way are moved");
    const { node, kind } = task.touched;
    const named: Named = requireNamed(task.source, "moved");
    const root = await this.#places.rootOf(named);
    const move = moveOperation(named, root, `.undo-${randomId<string>()}`, undefined);
    this.#steps.push({ task, operations: [move] });
    this.#aside.set(node, { parent: root.node, token: move.toToken });
    this.#gone.add(node);
    if (kind === "directory") this.#parents.set(node, root.node);
  }
}

/** What was made goes, the last first; then things move; then what was removed comes back, the last first. */
function inLikelyOrder(one: UndoTask, other: UndoTask): number {
  return ranks[one.place] - ranks[other.place] || other.touched.order - one.touched.order;
}

const ranks = { keep: 0, remove: 1, move: 2, reopen: 3 } as const;

function removal({ node, kind, now }: Touched): Operation {
  assert(now !== undefined, "what is removed is there");
  return { op: "removeEntry", ...now, node, kind };
}

/** The next revision of a file, with the content of an earlier one, which stays. */
function contentBack(file: Located, baseRevision: number, row: RevisionRow): Operation {
  const attributes = openRevision(file.keyring, { ...row, node: file.node }, row.attributes);
  const { fileKey, sizeBytes, copiesWanted, revision } = row;
  const content = { fileKey, sizeBytes, copiesWanted, expiresMs: null };
  const source = { sourceNode: file.node, sourceRevision: revision };
  return { op: "copyFile", ...nextRevision(file, baseRevision, content, attributes), ...source };
}
