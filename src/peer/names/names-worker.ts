/** The program of a names thread: owns one index file and the keys to its names, and answers each request in turn. */
import { parentPort, workerData } from "node:worker_threads";
import { assert, toDfsError } from "../../core/errors.ts";
import { ChangeApplier } from "./change-applier.ts";
import { NamePages } from "./name-pages.ts";
import { NameSearch } from "./name-search.ts";
import { NamesDatabase, removeNames } from "./names-database.ts";
import {
  type NamesJob,
  type NamesReply,
  type NamesRequest,
  type NamesResults,
  unpackChanges,
} from "./names-messages.ts";

assert(parentPort !== null, "the names worker runs as a thread");
const port = parentPort;
const job = workerData as NamesJob;
let { names, applier, search, pages } = openIndex();

function openIndex() {
  const names = new NamesDatabase(job);
  const { root, rootKeyring } = job;
  return {
    names,
    applier: new ChangeApplier(names, root, rootKeyring),
    search: new NameSearch(names, root),
    pages: new NamePages(names, root),
  };
}

function work(request: NamesRequest): NamesResults[keyof NamesResults] {
  if (request.type === "search") return search.page(request.request);
  if (request.type === "namesIn") return pages.page(request.request);
  if (request.type === "followed") return names.followed();
  change(request);
  return null;
}

function change(request: Exclude<NamesRequest, { type: "search" | "namesIn" | "followed" }>): void {
  switch (request.type) {
    case "clear":
      applier.clear();
      break;
    case "apply":
      applier.apply(unpackChanges(request.rows));
      break;
    case "reached":
      names.setFollowed(request.followed);
  }
}

function answer(request: NamesRequest): NamesReply {
  try {
    return { type: "done", id: request.id, value: work(request) };
  } catch (error) {
    const { kind, message } = toDfsError(error);
    if (kind === "integrity") startAnew();
    return { type: "failed", id: request.id, kind, message };
  }
}

/** What is damaged is of no more use: whoever follows the catalogue finds an empty index. */
function startAnew(): void {
  names.sql.close();
  removeNames(job.path);
  ({ names, applier, search, pages } = openIndex());
}

port.on("message", (request: NamesRequest) => port.postMessage(answer(request), []));
