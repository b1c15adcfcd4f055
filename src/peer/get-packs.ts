/**
 * Small files of a get, many at a time: their holders are looked up once, their chunks come in few messages, and a thread
 * opens and writes them in one piece of work.
 *
 * A pack is only a faster way: a file that does not go through with one is got by itself, which finds out what is the matter.
 */
import { setImmediate as turnOfEvents } from "node:timers/promises";
import { type ManifestChunk, readManifest } from "../chunking/manifest.ts";
import { fromThreadError } from "../chunking/chunking-messages.ts";
import type { ChunkingPool } from "../chunking/chunking-pool.ts";
import type { WantedFile } from "../chunking/write-pack.ts";
import type { ByteWindow } from "../core/byte-window.ts";
import { assert, DfsError } from "../core/errors.ts";
import { chunkBytesMin, packFileBytesMax, packFilesFirst, packFilesMax } from "../core/limits.ts";
import { ChunkGathering, type GatheredChunk, type WantedChunk, bundledBytes, fitsBundle } from "./chunk-gathering.ts";
import type { ContentSourceOptions, FetchCounters, FileContent } from "./content-source.ts";
import type { PauseGate } from "./jobs/pause-gate.ts";
import { SealedMemories, secretsOf } from "./sealed-memories.ts";
import { TaskGroup } from "./task-group.ts";

/** A file that is to be written: what is in it, and where it goes, as far as a pack needs to know. */
export interface PackableFile {
  readonly content: FileContent;
  /** On how many disks it is: files of one shelf with as many copies are on the same disks. */
  readonly copies: number;
  /** Where it goes, by paths at which it is written at this moment; without its chunks. */
  readonly place: () => Omit<WantedFile, "chunks">;
}

/** What a get does with the files of its packs. */
interface PackSteps<File, Packable extends PackableFile> {
  /** What is to be written; undefined where everything about the file is done. */
  readonly prepare: (file: File) => Promise<Packable | undefined>;
  /** The file is in its place; it has so many chunks. */
  readonly onWritten: (file: Packable, chunks: number) => void;
  readonly onFailed: (file: File, error: unknown) => void;
  /** Gets a file by itself that was prepared. */
  readonly getAlone: (file: File, packable: Packable) => Promise<void>;
  /** Nothing more happens to the file. */
  readonly onEnd: (file: File) => void;
}

export interface GetPacksOptions<File, Packable extends PackableFile> {
  readonly pool: ChunkingPool;
  readonly content: ContentSourceOptions;
  readonly counters: FetchCounters;
  /** Bounds the bytes in flight of the whole transfer. */
  readonly window: ByteWindow;
  readonly gate: PauseGate;
  /** Batches of files under way at the most. */
  readonly atOnce: number;
  readonly signal: AbortSignal;
  readonly steps: PackSteps<File, Packable>;
}

/** A file and its chunks. */
interface Opened<File, Packable> {
  readonly file: File;
  readonly packable: Packable;
  readonly chunks: readonly ManifestChunk[];
}

/** Files whose chunks come in one message. */
interface Pack<File, Packable> {
  readonly files: Opened<File, Packable>[];
  chunks: number;
  bytes: number;
}

export class GetPacks<File, Packable extends PackableFile> {
  readonly #options: GetPacksOptions<File, Packable>;
  #gathered: File[] = [];
  /** Of the batch that is being gathered. */
  #filesMax = packFilesFirst;
  readonly #underWay: TaskGroup;

  constructor(options: GetPacksOptions<File, Packable>) {
    this.#options = options;
    this.#underWay = new TaskGroup(options.atOnce);
  }

  /** Whether a file with this content goes with others. */
  takes({ reference: { depth, plaintextBytes } }: FileContent): boolean {
    return depth !== 2 && plaintextBytes <= packFileBytesMax;
  }

  /** Adds a file to the batch that is being gathered; resolves when the one before, where that was full, is under way. */
  async add(file: File): Promise<void> {
    this.#gathered.push(file);
    if (this.#gathered.length < this.#filesMax) return;
    this.#filesMax = packFilesMax;
    await this.#begin();
  }

  /** Resolves when each file that was added is in its place or has failed. */
  async settled(): Promise<void> {
    await this.#begin();
    await this.#underWay.settled();
  }

  /** Resolves when what was gathered is under way. */
  async #begin(): Promise<void> {
    const batch = this.#gathered;
    this.#gathered = [];
    if (batch.length > 0) await this.#underWay.add(() => this.#get(batch));
  }

  async #get(batch: readonly File[]): Promise<void> {
    const { gate, signal, steps } = this.#options;
    const groups = new Map<string, { file: File; packable: Packable }[]>();
    const prepare = async (file: File): Promise<void> => {
      try {
        await gate.pass(signal);
        signal.throwIfAborted();
        const packable = await steps.prepare(file);
        if (packable === undefined) return steps.onEnd(file);
        const disks = `${packable.content.shelf} ${packable.copies}`;
        const group = groups.get(disks);
        if (group === undefined) groups.set(disks, [{ file, packable }]);
        else group.push({ file, packable });
      } catch (error) {
        this.#fail(file, error);
      }
    };
    await Promise.all(batch.map(prepare));
    await Promise.all(Array.from(groups.values(), (group) => this.#getGroup(group)));
  }

  /** Files that are on the same disks. */
  async #getGroup(group: readonly { file: File; packable: Packable }[]): Promise<void> {
    const { content, counters } = this.#options;
    const [first] = group;
    assert(first !== undefined, "a group has a file");
    const gathering = new ChunkGathering(first.packable.content, content, counters);
    const opened = await this.#open(group, gathering);
    await Promise.all(packsOf(opened).map((pack) => this.#getPack(pack, gathering)));
  }

  /** The files with their chunks; those whose manifest did not come are got by themselves. */
  async #open(
    group: readonly { file: File; packable: Packable }[],
    gathering: ChunkGathering,
  ): Promise<readonly Opened<File, Packable>[]> {
    const { signal } = this.#options;
    const pages = group.flatMap(
      ({
        packable: {
          content: { reference },
        },
      }): WantedChunk[] =>
        reference.depth === 1 ? [{ digest: reference.digest, bytes: pageBytesAbout(reference.plaintextBytes) }] : [],
    );
    const opened: Opened<File, Packable>[] = [];
    const alone: { file: File; packable: Packable }[] = [];
    const came = await gathering.gather(pages, signal).catch(() => []);
    let page = 0;
    for (const { file, packable } of group) {
      const { reference } = packable.content;
      const gathered = reference.depth === 1 ? came[page++] : undefined;
      try {
        const chunks: ManifestChunk[] = [];
        const fetchPage = async (): Promise<Uint8Array> => {
          if (gathered === undefined) throw new DfsError("not-found", "its manifest did not come");
          return gathered.sealed;
        };
        const whole = { offsetBytes: 0, lengthBytes: reference.plaintextBytes };
        for await (const chunk of readManifest(reference, fetchPage, whole)) chunks.push(chunk);
        opened.push({ file, packable, chunks });
      } catch (error) {
        if (gathered !== undefined && error instanceof DfsError) gathering.noteWrong(gathered, error);
        alone.push({ file, packable });
      }
    }
    await Promise.all(alone.map(({ file, packable }) => this.#alone(file, packable)));
    return opened;
  }

  async #getPack(pack: Pack<File, Packable>, gathering: ChunkGathering): Promise<void> {
    const { gate, signal, window } = this.#options;
    let rest: readonly Opened<File, Packable>[] = pack.files;
    try {
      await gate.pass(signal);
      await window.take(pack.bytes, signal);
      try {
        const chunks = pack.files.flatMap((file) => file.chunks);
        const wanted = chunks.map(({ digest, plaintextBytes }) => ({ digest, bytes: bundledBytes(plaintextBytes) }));
        rest = await this.#write(pack.files, await gathering.gather(wanted, signal), gathering);
      } finally {
        window.give(pack.bytes);
      }
    } catch {
      // Each by itself says why.
    }
    await Promise.all(rest.map(({ file, packable }) => this.#alone(file, packable)));
  }

  /** Writes the files all of whose chunks came; returns the others, and those that could not be written. */
  async #write(
    files: Pack<File, Packable>["files"],
    gathered: readonly (GatheredChunk | undefined)[],
    gathering: ChunkGathering,
  ): Promise<readonly Opened<File, Packable>[]> {
    const { content, pool, signal, steps } = this.#options;
    const memories = new SealedMemories();
    const whole: { opened: Opened<File, Packable>; from: readonly GatheredChunk[]; wanted: WantedFile }[] = [];
    const left: Opened<File, Packable>[] = [];
    let place = 0;
    for (const opened of files) {
      const came = gathered.slice(place, place + opened.chunks.length);
      place += opened.chunks.length;
      const from = came.filter((chunk) => chunk !== undefined);
      const target = from.length === came.length ? placeOf(opened.packable) : undefined;
      if (target === undefined) left.push(opened);
      else whole.push({ opened, from, wanted: { ...target, chunks: from.map(({ sealed }) => memories.add(sealed)) } });
    }
    if (whole.length === 0) return left;
    const secrets = secretsOf(whole.flatMap(({ opened }) => opened.chunks));
    const work = { files: whole.map(({ wanted }) => wanted), memories: memories.all(), secrets };
    const written = await pool.writePack(work, { signal });
    for (const memory of written.memories) content.links.reclaim(memory);
    for (const [at, { opened, from }] of whole.entries()) {
      const error = written.errors[at];
      if (error === undefined) {
        steps.onWritten(opened.packable, opened.chunks.length);
        steps.onEnd(opened.file);
      } else {
        if (error.kind === "integrity") for (const chunk of from) gathering.noteWrong(chunk, fromThreadError(error));
        left.push(opened);
      }
    }
    await turnOfEvents();
    return left;
  }

  async #alone(file: File, packable: Packable): Promise<void> {
    const { gate, signal, steps } = this.#options;
    try {
      await gate.pass(signal);
      signal.throwIfAborted();
      await steps.getAlone(file, packable);
      steps.onEnd(file);
    } catch (error) {
      this.#fail(file, error);
    }
  }

  #fail(file: File, error: unknown): void {
    const { signal, steps } = this.#options;
    if (!signal.aborted) steps.onFailed(file, error);
    steps.onEnd(file);
  }
}

/** Files in their order, as many in each pack as one message brings. */
function packsOf<File, Packable>(files: readonly Opened<File, Packable>[]): readonly Pack<File, Packable>[] {
  const packs: Pack<File, Packable>[] = [];
  for (const opened of files) {
    const bytes = opened.chunks.reduce((sum, { plaintextBytes }) => sum + bundledBytes(plaintextBytes), 0);
    const last = packs.at(-1);
    if (last !== undefined && fitsBundle(last.chunks + opened.chunks.length, last.bytes + bytes)) {
      last.files.push(opened);
      last.chunks += opened.chunks.length;
      last.bytes += bytes;
    } else packs.push({ files: [opened], chunks: opened.chunks.length, bytes });
  }
  return packs;
}

/** Where a file goes; undefined where its folder is not where it should be, which getting it by itself tells. */
function placeOf({ place }: PackableFile): ReturnType<PackableFile["place"]> | undefined {
  try {
    return place();
  } catch {
    return undefined;
  }
}

/** Sealed bytes of a manifest page of a file of so many bytes, at the most. */
function pageBytesAbout(plaintextBytes: number): number {
  const entries = Math.ceil(plaintextBytes / chunkBytesMin) + 1;
  return bundledBytes(entries * 72 + 64);
}
