/** The tasks of an undo, looked up: where each thing goes, what has to be out of its way first, and whether anything forbids it. */
import pLimit from "p-limit";
import type { RevisionRow } from "../../catalogue/rows.ts";
import { DfsError } from "../../core/errors.ts";
import type { NodeId } from "../../core/ids.ts";
import { undoReadsAtOnce } from "../../core/limits.ts";
import { childPath } from "../../core/names.ts";
import { openName } from "../../identity/name-token.ts";
import type { CatalogueReader } from "../coordination/catalogue-access.ts";
import type { KeyRenewal } from "../key-renewal.ts";
import type { Located } from "../located.ts";
import { requireWritable } from "../sealed-operations.ts";
import type { Place, Touched } from "./change-effects.ts";
import type { PastKeys, UndoPlaces, UndoPlacesOptions } from "./undo-places.ts";
import { ChangedSince, type Undoing } from "./undo-plan.ts";

/** One thing to do, and what has to be done before. */
export interface UndoTask extends Undoing {
  /** Nodes that stand in the way of its name, are still in it, or are to hold it. */
  readonly waitsFor: ReadonlySet<NodeId>;
  /** Of what comes back or moves: the name that it gets. */
  readonly name?: string | undefined;
  /** Of what is there and is moved, or changed: as it is now. */
  readonly source?: Located | undefined;
  /** Of what comes back: the keys that it had. */
  readonly past?: PastKeys | undefined;
  /** Of a file that is changed back: the revision that it gets the content of. */
  readonly content?: RevisionRow | undefined;
}

export interface UndoTasksOptions extends UndoPlacesOptions {
  readonly catalogue: UndoPlacesOptions["catalogue"] & Pick<CatalogueReader, "revision">;
  readonly renewal: KeyRenewal;
  /** Keys that have to be replaced are, unless nothing may be changed. */
  readonly dryRun: boolean;
}

export class UndoTasks {
  readonly #options: UndoTasksOptions;
  readonly #places: UndoPlaces;
  readonly #undoings: ReadonlyMap<NodeId, Undoing>;

  constructor(options: UndoTasksOptions, places: UndoPlaces, undoings: readonly Undoing[]) {
    this.#options = options;
    this.#places = places;
    this.#undoings = new Map(undoings.map((undoing) => [undoing.touched.node, undoing]));
  }

  /** A task for each undoing that is still wanted. Fails with `conflict`, naming the path, where something is in the way, `not-found`, `permission`. */
  async all(): Promise<readonly UndoTask[]> {
    await this.#renewTargets();
    const limited = pLimit(undoReadsAtOnce);
    const tasks = await limited.map([...this.#undoings.values()], (undoing) => this.#task(undoing));
    return tasks.filter((task) => task !== undefined);
  }

  /** Where something is, for people, as far as it can be told. */
  async pathOf({ now, before, after, lastName }: Touched): Promise<string> {
    const place = now ?? after ?? before ?? lastName;
    if (place === undefined) return "?";
    const parent = await this.#places.directory(place.parent);
    return childPath(parent.path, openName(parent.keyring, parent.node, place.token));
  }

  /** Nothing is sealed for a directory by a key that somebody lost. */
  async #renewTargets(): Promise<void> {
    const { renewal, dryRun, reading } = this.#options;
    const targets = new Set<NodeId>();
    for (const { place, touched } of this.#undoings.values())
      if ((place === "reopen" || place === "move") && touched.before !== undefined) targets.add(touched.before.parent);
    for (const node of targets) {
      if (dryRun || this.#undoings.get(node)?.place === "reopen") continue;
      const target = await this.#places.directory(node);
      if (!target.isStale || this.#places.isEnded(node)) continue;
      await renewal.fresh(target, reading.signal);
      this.#places.forget();
    }
  }

  async #task(undoing: Undoing): Promise<UndoTask | undefined> {
    try {
      if (undoing.place === "remove") return await this.#removal(undoing);
      if (undoing.place === "keep") return await this.#kept(undoing);
      return await this.#return(undoing);
    } catch (error) {
      if (!(error instanceof DfsError) || error.path !== undefined) throw error;
      const path = await this.pathOf(undoing.touched).catch(() => undefined);
      throw path === undefined ? error : new DfsError(error.kind, error.message, { path, cause: error });
    }
  }

  async #removal(undoing: Undoing): Promise<UndoTask> {
    const { kind, node, now } = undoing.touched;
    const waitsFor = new Set<NodeId>();
    if (now !== undefined) requireWritable(await this.#places.directory(now.parent));
    if (kind === "file") return { ...undoing, waitsFor };
    const directory = await this.#places.directory(node);
    const { namespace, reading } = this.#options;
    const check = (child: NodeId, path: string): void => {
      const leaving = this.#undoings.get(child)?.place;
      if (leaving !== "remove" && leaving !== "move")
        throw new DfsError("conflict", "is in a directory that would go: it came there since", { path });
      waitsFor.add(child);
    };
    const onRefused = ({ place, error }: { place: Located; error: DfsError }): void =>
      check(place.node, error.path ?? directory.path);
    for await (const child of namespace.children(directory, { ...reading, onRefused })) check(child.node, child.path);
    return { ...undoing, waitsFor };
  }

  async #kept(undoing: Undoing): Promise<UndoTask | undefined> {
    const content = await this.#content(undoing);
    if (content === undefined) return undefined;
    return { ...undoing, waitsFor: new Set(), content, source: await this.#source(undoing.touched) };
  }

  async #return(undoing: Undoing): Promise<UndoTask> {
    const { touched, place } = undoing;
    const before = touched.before as Place;
    const directory = await this.#places.directory(before.parent);
    requireWritable(directory);
    const waitsFor = new Set<NodeId>();
    const name = openName(directory.keyring, directory.node, before.token);
    if (this.#undoings.get(before.parent)?.place === "reopen") waitsFor.add(before.parent);
    else if (this.#places.isEnded(before.parent))
      throw new DfsError("conflict", "the directory that it was in was removed since", {
        path: childPath(directory.path, name),
      });
    else await this.#checkName(touched, directory, name, waitsFor);
    const source = place === "move" ? await this.#source(touched) : undefined;
    const past = place === "reopen" ? await this.#places.pastKeys(touched) : undefined;
    return { ...undoing, waitsFor, name, source, past, content: await this.#content(undoing) };
  }

  /** What has the name by now has to leave it in the same undo. */
  async #checkName(touched: Touched, directory: Located, name: string, waitsFor: Set<NodeId>): Promise<void> {
    const { namespace, reading } = this.#options;
    const there = await namespace.child(directory, name, reading);
    if (there === undefined || there.node === touched.node) return;
    const leaving = this.#undoings.get(there.node)?.place;
    if (leaving !== "remove" && leaving !== "move")
      throw new DfsError("conflict", "has come there since, and would be in the way", { path: there.path });
    waitsFor.add(there.node);
  }

  /** What is there now, with keys that may be written with. */
  async #source(touched: Touched): Promise<Located> {
    const { renewal, dryRun, reading } = this.#options;
    const source = await this.#look(touched);
    if (!source.isStale || dryRun) return source;
    await renewal.fresh(source, reading.signal);
    this.#places.forget();
    return this.#look(touched);
  }

  async #look(touched: Touched): Promise<Located> {
    const { namespace, reading } = this.#options;
    const { node, now } = touched;
    if (now === undefined) throw new ChangedSince(touched, "was removed since");
    const directory = await this.#places.directory(now.parent);
    const name = openName(directory.keyring, directory.node, now.token);
    const found = await namespace.child(directory, name, reading);
    if (found?.node !== node) throw new ChangedSince(touched, "was changed just now: look again");
    return found;
  }

  /** The earlier content that a file gets again; undefined where it has it. */
  async #content({ touched, contentOf }: Undoing): Promise<RevisionRow | undefined> {
    const { node, revised, revision, nowKey } = touched;
    if (contentOf === undefined || revised === undefined) return undefined;
    const row = await this.#options.catalogue.revision(node, contentOf, this.#options.reading);
    if (row === undefined) throw new DfsError("not-found", `revision ${contentOf} of it is no longer kept: see retain`);
    if (revision === revised.last || nowKey === revised.lastKey) return row;
    if (nowKey === row.fileKey) return undefined;
    throw new ChangedSince(touched, `was changed since: it is at revision ${revision}`);
  }
}
