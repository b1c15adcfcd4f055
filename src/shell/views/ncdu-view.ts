/** `ncdu`: walks a tree in the background, and lets a person look into it and remove what is too large. */
import type { DfsClient } from "../../core/client.ts";
import { toDfsError } from "../../core/errors.ts";
import { filesListedMax } from "../../core/limits.ts";
import { type DfsPath, baseName, childPath, parentPath } from "../../core/names.ts";
import type { ReadCalls } from "../command.ts";
import type { Key } from "../line-editor.ts";
import { DuScans } from "./du-scans.ts";
import { type DirectoryNode, addTotals, noTotals } from "./du-tree.ts";
import type { OpenView, View, ViewScreen } from "./full-screen.ts";
import { type LargestFiles, largestFiles } from "./largest-files.ts";
import {
  type Item,
  type Measure,
  type NcduState,
  listRoom,
  looks,
  measures,
  ncduRows,
  sortedItems,
} from "./ncdu-rows.ts";
import type { Row, ViewSpace } from "./rows.ts";
import { moveOf, offsetShowing, within } from "./scroll.ts";

export interface NcduOptions {
  readonly client: () => Promise<DfsClient>;
  readonly path: DfsPath;
  readonly reads: Omit<ReadCalls, "signal">;
  /** Directories and files that are kept at the most. */
  readonly directoriesMax?: number | undefined;
  readonly filesMax?: number | undefined;
}

export function ncduView(options: NcduOptions): OpenView {
  return (screen) => new NcduView(options, screen);
}

const noFiles: LargestFiles = { files: [], rest: noTotals(), refused: undefined };

class NcduView implements View {
  readonly #options: NcduOptions;
  readonly #screen: ViewScreen;
  readonly #scans: DuScans;
  #path: DfsPath;
  #listed: LargestFiles = noFiles;
  #listing: AbortController | undefined;
  /** What is selected, by its name: sizes, and so the order, change while the tree is walked. */
  #selected: string | undefined;
  #offset = 0;
  #measure: Measure = "logical";
  #look: NcduState["look"] = "graph";
  #order: NcduState["order"] = "size";
  #message: NcduState["message"];
  #question: Item | undefined;
  #isHelp = false;
  #isRemoving = false;
  #room = 1;
  #signal = new AbortController().signal;

  constructor(options: NcduOptions, screen: ViewScreen) {
    this.#options = options;
    this.#screen = screen;
    this.#path = options.path;
    this.#scans = new DuScans(options.path, {
      ...options,
      changed: () => screen.changed(),
      failed: (message) => this.#tell(message),
    });
  }

  readonly work = async (signal: AbortSignal): Promise<void> => {
    this.#signal = signal;
    void this.#list();
    await this.#scans.start(signal);
  };

  readonly draw = (space: ViewSpace): readonly Row[] => {
    this.#room = listRoom(space);
    return ncduRows(this.#state(), space);
  };

  readonly press = (key: Key): void => {
    if (this.#isHelp) this.#isHelp = false;
    else if (this.#question !== undefined) this.#answer(this.#question, key);
    else if (key.sequence === "q" || key.name === "escape") this.#screen.leave();
    else this.#act(key);
  };

  #act(key: Key): void {
    const { name, sequence } = key;
    this.#message = undefined;
    if (name === "right" || name === "return" || sequence === "l") this.#enter();
    else if (name === "left" || name === "backspace" || sequence === "h") this.#goUp();
    else if (sequence === "a") this.#nextMeasure();
    else if (sequence === "g") this.#look = after(looks, this.#look);
    else if (sequence === "s") this.#order = "size";
    else if (sequence === "n") this.#order = "name";
    else if (sequence === "d") this.#ask();
    else if (sequence === "r") this.#refresh();
    else if (sequence === "?") this.#isHelp = true;
    else this.#move(key);
  }

  #move(key: Key): void {
    const { items, selected } = this.#state();
    const moved = within(selected + (moveOf(key, items.length, this.#room) ?? 0), items.length - 1);
    this.#selected = items[moved]?.name;
  }

  #nextMeasure(): void {
    this.#measure = after(measures, this.#measure);
    // Of too many files those were listed that are the largest by the other measure.
    if (this.#listed.rest.files > 0) void this.#list();
  }

  #enter(): void {
    const { items, selected } = this.#state();
    const item = items[selected];
    if (item?.kind === "directory") this.#goTo(childPath(this.#path, item.name), undefined);
  }

  #goUp(): void {
    if (this.#path === this.#options.path) this.#tell("this is where ncdu began; q quits", false);
    else this.#goTo(parentPath(this.#path), baseName(this.#path));
  }

  #goTo(path: DfsPath, selected: string | undefined): void {
    this.#path = path;
    this.#selected = selected;
    this.#offset = 0;
    void this.#list();
    const isFolded = this.#scans.nodeAt(path)?.children === undefined;
    if (isFolded && !this.#isBusyAt()) void this.#scans.sumUp(path, this.#signal);
  }

  /** Two walks at once would each take the other's time: what is folded waits for the one that is under way. */
  #isBusyAt(): boolean {
    const isBusy = !this.#scans.scan.isDone;
    if (isBusy) this.#tell("what is in it is summed up once the first walk has ended: r", false);
    return isBusy;
  }

  #refresh(): void {
    if (!this.#scans.scan.isDone) return this.#tell("wait until everything is summed up", false);
    void this.#list();
    void this.#scans.sumUp(this.#path, this.#signal);
  }

  /** Lists the files of the directory that is shown. */
  async #list(): Promise<void> {
    this.#listing?.abort();
    const listing = new AbortController();
    this.#listing = listing;
    this.#listed = noFiles;
    const onAbort = (): void => listing.abort();
    this.#signal.addEventListener("abort", onAbort, { once: true });
    const { client, reads, filesMax = filesListedMax } = this.#options;
    try {
      const calls = { ...reads, signal: listing.signal };
      const listed = await largestFiles(await client(), this.#path, this.#measure, filesMax, calls);
      if (this.#listing !== listing) return;
      this.#listed = listed;
      if (listed.refused !== undefined) this.#tell(`left out: ${listed.refused}`);
    } catch (error) {
      if (!listing.signal.aborted) this.#tell(toDfsError(error).message);
    } finally {
      this.#signal.removeEventListener("abort", onAbort);
      if (this.#listing === listing) this.#listing = undefined;
      this.#screen.changed();
    }
  }

  #ask(): void {
    const { items, selected, scan } = this.#state();
    const item = items[selected];
    if (item === undefined || item.kind === "rest") return;
    if (!scan.isDone || this.#isRemoving) this.#tell("wait until everything is summed up", false);
    else this.#question = item;
  }

  #answer(item: Item, { sequence }: Key): void {
    this.#question = undefined;
    if (sequence === "y" || sequence === "Y") void this.#remove(item);
    else this.#tell("nothing was removed", false);
  }

  async #remove({ kind, name, totals }: Item): Promise<void> {
    const from = this.#path;
    this.#isRemoving = true;
    this.#tell(`removing ${name} …`, false);
    try {
      const client = await this.#options.client();
      await client.remove(childPath(from, name), { recursive: kind === "directory", signal: this.#signal });
      const gone = noTotals();
      addTotals(gone, totals);
      if (kind === "directory") gone.directories += 1;
      this.#scans.subtract(from, gone, name);
      if (this.#path === from) this.#forget(name);
      this.#tell(`${name} is removed`, false);
    } catch (error) {
      if (!this.#signal.aborted) this.#tell(`${name}: ${toDfsError(error).message}`);
    } finally {
      this.#isRemoving = false;
    }
  }

  /** Takes a removed file off the list; the next item is selected. */
  #forget(name: string): void {
    const { items, selected } = this.#state();
    this.#selected = (items[selected + 1] ?? items[selected - 1])?.name;
    this.#listed = { ...this.#listed, files: this.#listed.files.filter((file) => file.name !== name) };
  }

  #tell(text: string, isBad = true): void {
    this.#message = { text, isBad };
    this.#screen.changed();
  }

  #state(): NcduState {
    const node = this.#scans.nodeAt(this.#path);
    const items = sortedItems(itemsOf(node, this.#listed), this.#measure, this.#order);
    const found = items.findIndex(({ name }) => name === this.#selected);
    const selected = within(found, items.length - 1);
    this.#offset = within(offsetShowing(selected, this.#offset, this.#room), items.length - this.#room);
    return {
      path: this.#path,
      totals: node?.totals ?? noTotals(),
      items,
      selected,
      offset: this.#offset,
      measure: this.#measure,
      look: this.#look,
      order: this.#order,
      scan: this.#scans.scan,
      isListing: this.#listing !== undefined,
      message: this.#message,
      question: this.#question,
      isHelp: this.#isHelp,
    };
  }
}

/** Directories from the walk, files from the listing, and what was too much of either. */
function itemsOf(node: DirectoryNode | undefined, { files, rest }: LargestFiles): readonly Item[] {
  const directories = [...(node?.children ?? [])].map(([name, { totals }]): Item => ({
    kind: "directory",
    name,
    totals,
  }));
  const smaller = node?.rest.directories ?? 0;
  return [
    ...directories,
    ...files.map(({ name, totals }): Item => ({ kind: "file", name, totals })),
    ...(node === undefined || smaller === 0
      ? []
      : [{ kind: "rest" as const, name: `… ${smaller} smaller directories`, totals: node.rest }]),
    ...(rest.files === 0 ? [] : [{ kind: "rest" as const, name: `… ${rest.files} smaller files`, totals: rest }]),
  ];
}

/** The one that follows `value`, and the first after the last. */
function after<Value>(values: readonly Value[], value: Value): Value {
  return values[(values.indexOf(value) + 1) % values.length] as Value;
}
