/** What a watcher knows of the network: the last answer to each question, how old it is, and why there is no newer one. */
import type { NetworkStatus, PeerInfo, ShelfBackup, SpaceReport } from "../../core/client.ts";
import type { DfsClient } from "../../core/client.ts";
import { withDeadline } from "../../core/deadline.ts";
import { toDfsError } from "../../core/errors.ts";
import { watchAnswerMs } from "../../core/limits.ts";
import { type JobsSeen, seenJobs } from "./job-rates.ts";

/** The last answer to one question. */
export interface Answer<Value> {
  readonly value?: Value | undefined;
  /** When it came, by a clock that nobody can set. */
  readonly atMs?: number | undefined;
  /** Why the last try brought none. */
  readonly failure?: string | undefined;
}

interface Answers {
  readonly status: Answer<NetworkStatus>;
  readonly peers: Answer<readonly PeerInfo[]>;
  readonly shelves: Answer<readonly ShelfBackup[]>;
  readonly space: Answer<SpaceReport>;
  /** The user's transfers. */
  readonly jobs: Answer<JobsSeen>;
}

export interface Picture extends Answers {
  /** Bytes a second that links receive which are being filled, under `fillKey`. */
  readonly fillRates: ReadonlyMap<string, number>;
}

export const emptyPicture: Picture = { status: {}, peers: {}, shelves: {}, space: {}, jobs: {}, fillRates: new Map() };

/** Names a link of a shelf's chain. */
export function fillKey(shelf: string, peer: string): string {
  return `${shelf} ${peer}`;
}

/** Asks the peer everything at once; what does not come within the deadline keeps its last answer. Fails only as `signal` says. */
export async function nextPicture(
  before: Picture,
  client: DfsClient,
  signal: AbortSignal,
  nowMs: () => number = () => performance.now(),
): Promise<Picture> {
  const ask = async <Value>(
    last: Answer<Value>,
    call: (signal: AbortSignal) => Promise<Value>,
  ): Promise<Answer<Value>> => {
    try {
      return { value: await withDeadline(watchAnswerMs, signal, call), atMs: nowMs() };
    } catch (error) {
      signal.throwIfAborted();
      return { ...last, failure: toDfsError(error).message };
    }
  };
  const [status, peers, shelves, space, jobs] = await Promise.all([
    ask(before.status, (bounded) => client.status({ signal: bounded })),
    ask(before.peers, (bounded) => client.peers({ signal: bounded })),
    ask(before.shelves, (bounded) => client.backup({ signal: bounded })),
    ask(before.space, (bounded) => client.space({ signal: bounded })),
    ask(before.jobs, async (bounded) => seenJobs(before.jobs.value, await client.jobs({ signal: bounded }), nowMs())),
  ]);
  return { status, peers, shelves, space, jobs, fillRates: ratesBetween(before, shelves) };
}

/** How fast fillings went on between two answers; as before where there is no newer one. */
function ratesBetween(
  before: Pick<Picture, "shelves" | "fillRates">,
  shelves: Picture["shelves"],
): ReadonlyMap<string, number> {
  const { value: earlier, atMs: earlierMs } = before.shelves;
  if (earlier === undefined || shelves.value === undefined || shelves.atMs === earlierMs) return before.fillRates;
  const seconds = ((shelves.atMs ?? 0) - (earlierMs ?? 0)) / 1000;
  const filledBefore = new Map(filledBytes(earlier));
  return new Map(
    filledBytes(shelves.value).flatMap(([key, bytes]) => {
      const from = filledBefore.get(key);
      return from === undefined || bytes < from || seconds <= 0 ? [] : [[key, (bytes - from) / seconds] as const];
    }),
  );
}

function filledBytes(shelves: readonly ShelfBackup[]): readonly (readonly [string, number])[] {
  return shelves.flatMap(({ shelf, links }) =>
    links.flatMap(({ name, standing, filledBytes: bytes }) =>
      standing === "filling" && bytes !== undefined ? [[fillKey(shelf, name), bytes] as const] : [],
    ),
  );
}
