/** Undo in memory: what a change did is the difference between the trees before and after it, by the ids of their nodes. */
import { DfsError } from "../../src/core/errors.ts";
import { undoStepsShownMax } from "../../src/core/limits.ts";
import { childPath, rootPath } from "../../src/core/names.ts";
import type { DfsPath } from "../../src/core/names.ts";
import type { ChangeTag, RecordedChange, UndoOptions, UndoReport, UndoStep } from "../../src/core/undo.ts";
import { branch, fileWith, newest } from "./memory-tree.ts";
import type { DirectoryNode, FileNode, Node } from "./memory-tree.ts";

const nothingToRedo = "nothing was undone that could be made again; a new change ends that";
const nothingToUndo = "no change of yours from this machine is left to take back";

interface Change {
  readonly tag: ChangeTag;
  readonly user: string;
  readonly startedMs: number;
  before: DirectoryNode;
  /** Undefined while it is the last one that began. */
  after: DirectoryNode | undefined;
  entries: number;
  isUndone: boolean;
  isPastRedo: boolean;
}

/** A node, where it is, and its path in the world. */
interface Placed {
  readonly node: Node;
  readonly parent: number;
  readonly name: string;
  readonly path: DfsPath;
}

type Index = ReadonlyMap<number, Placed>;

interface Undoing {
  readonly id: number;
  readonly place: "remove" | "reopen" | "move" | "keep";
  readonly before: Placed | undefined;
  readonly now: Placed | undefined;
  readonly content: FileNode | undefined;
}

/** The changes of all users of one data folder. */
export class MemoryUndo {
  readonly #world: DirectoryNode;
  #changes: Change[] = [];

  constructor(world: DirectoryNode) {
    this.#world = world;
  }

  /** To be called before anything changes. */
  begin(tag: ChangeTag | undefined, user: string, nowMs: number): void {
    const last = this.#changes.at(-1);
    if (last !== undefined && last.tag.id === tag?.id) return;
    this.#settle();
    if (tag === undefined) return;
    const before = branch(this.#world);
    this.#changes.push({
      tag,
      user,
      startedMs: nowMs,
      before,
      after: undefined,
      entries: 0,
      isUndone: false,
      isPastRedo: false,
    });
  }

  changes(user: string): readonly RecordedChange[] {
    return this.#of(user).map(recorded);
  }

  undo(
    user: string,
    { redo = false, dryRun = false, skip = false }: UndoOptions,
    toUser: (path: DfsPath) => DfsPath,
  ): UndoReport {
    const own = this.#of(user);
    const change = redo ? own.findLast(({ isUndone }) => isUndone) : own.find(({ isUndone }) => !isUndone);
    if (change === undefined) throw new DfsError("not-found", redo ? nothingToRedo : nothingToUndo);
    if (skip) {
      if (!dryRun) this.#changes = this.#changes.filter((each) => each !== change);
      return { change: recorded(change), steps: 0, shown: [] };
    }
    const [before, after] = change.isUndone
      ? [change.after as DirectoryNode, change.before]
      : [change.before, change.after as DirectoryNode];
    const plan = planned(indexOf(before), indexOf(after), indexOf(this.#world), toUser);
    const shown = plan.map((undoing) => stepOf(undoing, toUser)).slice(0, undoStepsShownMax);
    if (!dryRun) {
      apply(plan, this.#world);
      change.isUndone = !change.isUndone;
    }
    return { change: recorded({ ...change, isUndone: redo === dryRun }), steps: plan.length, shown };
  }

  #of(user: string): readonly Change[] {
    this.#settle();
    return this.#changes
      .filter((change) => change.user === user && !(change.isUndone && change.isPastRedo))
      .toReversed();
  }

  /** The last change is over: what is now is what it left. */
  #settle(): void {
    const last = this.#changes.at(-1);
    if (last === undefined || last.after !== undefined) return;
    last.after = branch(this.#world);
    last.entries = entriesOf(indexOf(last.before), indexOf(last.after));
    if (last.entries === 0) this.#changes.pop();
    else for (const change of this.#changes) if (change.user === last.user && change.isUndone) change.isPastRedo = true;
  }
}

function recorded({ tag, startedMs, entries, isUndone }: Change): RecordedChange {
  return { command: tag.command, startedMs, entries, state: isUndone ? "undone" : "done", isWhole: true };
}

function indexOf(world: DirectoryNode): Index {
  const index = new Map<number, Placed>();
  const visit = (directory: DirectoryNode, path: DfsPath): void => {
    for (const [name, node] of directory.children) {
      const at = childPath(path, name);
      index.set(node.id, { node, parent: directory.id, name, path: at });
      if (node.kind === "directory") visit(node, at);
    }
  };
  visit(world, rootPath);
  return index;
}

function entriesOf(before: Index, after: Index): number {
  let entries = 0;
  for (const [id, placed] of after) {
    const was = before.get(id);
    if (was === undefined || !isSamePlace(was, placed) || revisions(was) !== revisions(placed)) entries += 1;
  }
  for (const [id, { parent, name }] of before) {
    const isReplaced = [...after.values()].some((placed) => placed.parent === parent && placed.name === name);
    if (!after.has(id) && !isReplaced) entries += 1;
  }
  return entries;
}

function planned(before: Index, after: Index, live: Index, shown: (path: DfsPath) => DfsPath): readonly Undoing[] {
  const refuse = (placed: Placed | undefined, why: string): never => {
    throw new DfsError("conflict", why, placed === undefined ? {} : { path: shown(placed.path) });
  };
  const plan: Undoing[] = [];
  for (const [id, placed] of after) {
    const [was, now] = [before.get(id), live.get(id)];
    if (was === undefined) {
      if (now === undefined) continue;
      if (!isSamePlace(now, placed)) refuse(now, "was moved since");
      if (!isSameContent(now, placed)) refuse(now, "was changed since");
      plan.push({ id, place: "remove", before: undefined, now, content: undefined });
      continue;
    }
    const isMoved = !isSamePlace(was, placed);
    const isRevised = revisions(was) !== revisions(placed);
    if (!isMoved && !isRevised) continue;
    if (now === undefined) throw refuse(placed, "was removed since");
    const isBack = isMoved && isSamePlace(now, was);
    if (isMoved && !isBack && !isSamePlace(now, placed)) refuse(now, "was moved since");
    const content = isRevised ? contentBack(was, placed, now, refuse) : undefined;
    if ((!isMoved || isBack) && content === undefined) continue;
    plan.push({ id, place: isMoved && !isBack ? "move" : "keep", before: was, now, content });
  }
  for (const [id, was] of before) {
    if (after.has(id)) continue;
    const now = live.get(id);
    if (now !== undefined && isSamePlace(now, was)) continue;
    if (now !== undefined) refuse(now, "is somewhere else by now");
    plan.push({ id, place: "reopen", before: was, now: undefined, content: undefined });
  }
  checkRoom(plan, live, refuse);
  return plan;
}

function contentBack(
  was: Placed,
  then: Placed,
  now: Placed,
  refuse: (placed: Placed, why: string) => never,
): FileNode | undefined {
  if (isSameContent(now, then)) return was.node as FileNode;
  return isSameContent(now, was) ? undefined : refuse(now, "was changed since");
}

/** Whatever is in the way has to leave, and whatever is to hold something has to be there. */
function checkRoom(
  plan: readonly Undoing[],
  live: Index,
  refuse: (placed: Placed | undefined, why: string) => never,
): void {
  const leaving = new Set(plan.filter(({ place }) => place === "remove" || place === "move").map(({ id }) => id));
  const coming = new Set(plan.filter(({ place }) => place === "reopen").map(({ id }) => id));
  const gone = new Set(plan.filter(({ place }) => place === "remove").map(({ id }) => id));
  for (const [id, placed] of live)
    if (gone.has(placed.parent) && !leaving.has(id))
      refuse(placed, "is in a directory that would go: it came there since");
  for (const { place, before } of plan) {
    if (before === undefined || place === "keep") continue;
    if (!live.has(before.parent) && !coming.has(before.parent))
      refuse(before, "the directory that it was in was removed since");
    for (const [id, placed] of live)
      if (placed.parent === before.parent && placed.name === before.name && !leaving.has(id))
        refuse(placed, "has come there since, and would be in the way");
  }
}

function apply(plan: readonly Undoing[], world: DirectoryNode): void {
  const directories = new Map<number, DirectoryNode>();
  const visit = (directory: DirectoryNode): void => {
    directories.set(directory.id, directory);
    for (const child of directory.children.values()) if (child.kind === "directory") visit(child);
  };
  visit(world);
  const live = new Map(plan.map(({ id, now }) => [id, now]));
  for (const { place, now } of plan)
    if (now !== undefined && place !== "keep") directories.get(now.parent)?.children.delete(now.name);
  for (const { id, place, before } of plan) {
    if (place !== "reopen" || before?.node.kind !== "directory") continue;
    directories.set(id, { ...before.node, children: new Map() });
  }
  for (const { id, place, before, now, content } of plan) {
    if (place === "remove") continue;
    const target = place === "keep" ? now : before;
    const present = live.get(id)?.node ?? before?.node;
    if (target === undefined || present === undefined) continue;
    const node = present.kind === "directory" ? directories.get(id) : present;
    const placed = content !== undefined && node?.kind === "file" ? withContentOf(node, content) : node;
    if (placed !== undefined) directories.get(target.parent)?.children.set(target.name, placed);
  }
}

function withContentOf(node: FileNode, earlier: FileNode): FileNode {
  const back = { ...newest(earlier), addedBytes: 0, expiresMs: undefined };
  return fileWith([...node.revisions, back], node);
}

function stepOf({ place, before, now, content }: Undoing, shown: (path: DfsPath) => DfsPath): UndoStep {
  const { kind } = ((before ?? now) as Placed).node;
  if (place === "remove") return { action: "remove", kind, path: shown((now as Placed).path) };
  if (place === "keep")
    return { action: "change-back", kind, path: shown((now as Placed).path), revision: content?.revisions.length };
  const path = shown((before as Placed).path);
  if (place === "reopen") return { action: "bring-back", kind, path };
  return { action: "move-back", kind, path, from: shown((now as Placed).path) };
}

function isSamePlace(one: Placed, other: Placed): boolean {
  return one.parent === other.parent && one.name === other.name;
}

function isSameContent({ node: one }: Placed, { node: other }: Placed): boolean {
  if (one.kind !== "file" || other.kind !== "file") return one.kind === other.kind;
  return Buffer.compare(newest(one).bytes, newest(other).bytes) === 0;
}

function revisions({ node }: Placed): number {
  return node.kind === "file" ? node.revisions.length : 0;
}
