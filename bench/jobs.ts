/** The jobs of `npm run bench`, by name. */
import { catchUp, collect } from "./backup.ts";
import { getBig, putBig, putBigAgain, putBigChanged, putBigFromGuest } from "./big-files.ts";
import { catalogue } from "./catalogue.ts";
import { chunkStore } from "./chunk-store.ts";
import { chunking } from "./chunking.ts";
import type { Job } from "./contest.ts";
import { failover } from "./failover.ts";
import { find } from "./find.ts";
import { catalogueGrowth } from "./catalogue-growth.ts";
import { groupCommits } from "./group-commits.ts";
import { growth } from "./growth.ts";
import { announce, hops, lookup } from "./holders.ts";
import { largeDirectory } from "./large-directory.ts";
import { login } from "./login.ts";
import { overload } from "./overload.ts";
import { rest } from "./rest.ts";
import { restart } from "./restart.ts";
import { start } from "./start.ts";
import { getTree, putSmall, putSmallAgain, putTree } from "./trees.ts";
import { typing } from "./typing.ts";

const GiB = 1024 ** 3;

/** A job, and what it leaves on the disk at the most. */
export interface NamedJob {
  readonly run: Job;
  readonly diskBytes: number;
  /** Its files are few and large, so that they can go before the next job without making it slower. */
  readonly isLarge?: boolean;
}

/** Rows of the main table. Those that create many files come before those that leave little room. */
const main = {
  group: { run: groupCommits, diskBytes: GiB },
  announce: { run: announce, diskBytes: GiB },
  lookup: { run: lookup, diskBytes: GiB },
  hops: { run: hops, diskBytes: GiB },
  "put-small": { run: putSmall, diskBytes: 2 * GiB },
  "put-small-again": { run: putSmallAgain, diskBytes: GiB },
  "put-tree": { run: putTree, diskBytes: 5 * GiB },
  "get-tree": { run: getTree, diskBytes: 5 * GiB },
  "put-big": { run: putBig, diskBytes: 20 * GiB, isLarge: true },
  "put-big-guest": { run: putBigFromGuest, diskBytes: 20 * GiB, isLarge: true },
  "put-big-again": { run: putBigAgain, diskBytes: 16 * GiB, isLarge: true },
  "put-big2": { run: putBigChanged, diskBytes: 22 * GiB, isLarge: true },
  "get-big": { run: getBig, diskBytes: 22 * GiB, isLarge: true },
} satisfies Record<string, NamedJob>;

const others = {
  start: { run: start, diskBytes: GiB },
  typing: { run: typing, diskBytes: 6 * GiB },
  login: { run: login, diskBytes: GiB },
  catalogue: { run: catalogue, diskBytes: GiB },
  failover: { run: failover, diskBytes: GiB },
  rest: { run: rest, diskBytes: GiB },
  restart: { run: restart, diskBytes: GiB },
  overload: { run: overload, diskBytes: GiB },
  "catalogue-growth": { run: catalogueGrowth, diskBytes: 12 * GiB },
  find: { run: find, diskBytes: 2 * GiB },
  ls: { run: largeDirectory, diskBytes: GiB },
  chunking: { run: chunking, diskBytes: 2 * GiB },
  "chunk-store": { run: chunkStore, diskBytes: 5 * GiB },
  "catch-up": { run: catchUp, diskBytes: 10 * GiB },
  growth: { run: growth, diskBytes: 16 * GiB, isLarge: true },
  collect: { run: collect, diskBytes: 12 * GiB },
} satisfies Record<string, NamedJob>;

export const jobs: Readonly<Record<string, NamedJob>> = { ...main, ...others };
export const tableJobs: readonly string[] = Object.keys(main);
