/** The methods of the control socket: DfsClient, call by call. Both ends check what arrives by these schemas. */
import * as v from "valibot";
import type {
  FingersReport,
  Found,
  GroupStatus,
  NetworkStatus,
  PeerInfo,
  Staleness,
  WhyReport,
} from "../../core/client.ts";
import { type ChunkId, parseChunkId, parseNetworkId } from "../../core/ids.ts";
import type { FindQuery } from "../../core/find-query.ts";
import { findNamesMax, globCharactersMax, pageRowsMax, walkPageEntries } from "../../core/limits.ts";
import { defineMethod } from "../wire/rpc-method.ts";
import {
  count,
  flag,
  integer,
  linkStanding,
  milliseconds,
  nothing,
  parsed,
  path,
  peerId,
  peerName,
  peerState,
  shelfId,
  storageOrder,
  text,
  wireError,
} from "./control-schemas.ts";
import { accountMethods } from "./account-methods.ts";
import { directoryMethods, entry, fileKey } from "./directory-methods.ts";
import { entryColumns } from "./entry-columns.ts";
import { checkMethods } from "./check-methods.ts";
import { historyMethods } from "./history-methods.ts";
import { jobMethods } from "./job-methods.ts";
import { storageMethods } from "./storage-methods.ts";
import { getFields, putFields, putSource, summary, transferEvent } from "./transfer-schemas.ts";
import { change, undoMethods } from "./undo-methods.ts";

const bytes: v.GenericSchema<unknown, Uint8Array> = v.instance(Uint8Array);

const chunkId: v.GenericSchema<unknown, ChunkId> = parsed(parseChunkId);

const found: v.GenericSchema<unknown, Found> = v.object({
  kind: v.picklist(["file", "directory"]),
  path,
  entry: v.optional(entry),
});

const nameTest = v.object({ glob: v.pipe(text, v.maxLength(globCharactersMax)), ignoreCase: v.boolean() });
const finite = v.pipe(v.number(), v.finite());
const findQuery: v.GenericSchema<unknown, FindQuery> = v.strictObject({
  names: v.optional(v.pipe(v.array(nameTest), v.maxLength(findNamesMax))),
  kinds: v.optional(v.pipe(v.array(v.picklist(["file", "directory"])), v.maxLength(findNamesMax))),
  sizeMinBytes: v.optional(count),
  sizeMaxBytes: v.optional(integer),
  modifiedAfterMs: v.optional(finite),
  modifiedUntilMs: v.optional(finite),
  depthMin: v.optional(count),
  depthMax: v.optional(count),
});

const peerInfo: v.GenericSchema<unknown, PeerInfo> = v.object({
  id: peerId,
  name: peerName,
  zone: text,
  addresses: v.array(text),
  state: peerState,
  coordinator: v.boolean(),
  self: v.boolean(),
  connected: v.boolean(),
  storageOrder: v.optional(storageOrder),
  capacityBytes: count,
  usedBytes: count,
  freeBytes: count,
  lastSeenMs: count,
});

const group: v.GenericSchema<unknown, GroupStatus> = v.object({
  hasQuorum: v.boolean(),
  term: count,
  leader: v.optional(peerName),
  commitIndex: count,
  appliedIndex: count,
  members: v.array(
    v.object({
      name: peerName,
      role: v.picklist(["voter", "learner"]),
      isLeader: v.boolean(),
      isActive: v.boolean(),
      matchIndex: v.optional(count),
      lagEntries: v.optional(count),
    }),
  ),
  ageMs: milliseconds,
});

const staleness: v.GenericSchema<unknown, Staleness> = v.object({
  ageMs: milliseconds,
  hasQuorum: v.boolean(),
  servedBy: peerName,
});

const networkStatus: v.GenericSchema<unknown, NetworkStatus> = v.object({
  networkId: parsed(parseNetworkId),
  self: peerInfo,
  health: v.picklist(["healthy", "degraded", "unavailable"]),
  reason: text,
  advice: v.optional(text),
  peers: v.object({ up: count, suspect: count, down: count, out: count }),
  group,
  files: count,
  directories: count,
  logicalBytes: count,
  storedBytes: count,
  store: v.object({
    chunks: count,
    records: count,
    bytes: count,
    freeBytes: count,
    quarantined: count,
    missing: count,
  }),
  safety: v.object({
    copies: count,
    fewestCopies: count,
    belowRevisions: count,
    belowBytes: count,
    unreadableRevisions: count,
    halted: v.optional(v.array(peerName)),
  }),
  announceQueue: count,
  work: v.object({
    flushes: count,
    chunksHashed: count,
    sent: v.array(v.object({ protocol: text, frames: count, bytes: count })),
    calls: v.array(v.object({ method: text, count })),
  }),
  uptimeMs: count,
  version: text,
});

const why: v.GenericSchema<unknown, WhyReport> = v.object({
  path,
  revision: count,
  sizeBytes: count,
  fileKey,
  shelf: shelfId,
  copiesWanted: count,
  chain: v.array(v.object({ id: peerId, name: peerName, state: peerState, standing: linkStanding })),
  holders: v.array(v.object({ id: peerId, name: v.optional(peerName), answered: v.boolean(), complete: v.boolean() })),
  foundBy: v.picklist(["cache", "finger-table", "catalogue"]),
  fallbackReason: v.optional(text),
  chunks: count,
  sealedBytes: count,
  firstChunks: v.array(chunkId),
  failuresToLoss: integer,
});

const fingers: v.GenericSchema<unknown, FingersReport> = v.object({
  self: peerId,
  fingers: v.array(
    v.object({ id: peerId, name: v.optional(peerName), commonPrefixBits: count, addresses: v.array(text) }),
  ),
  records: count,
  announceQueue: count,
  cachedKeys: count,
  sample: v.array(v.object({ fileKey, holder: peerId, expiresMs: v.number() })),
});

const listPage = v.object({
  entries: v.array(entryColumns),
  refused: v.optional(v.array(wireError)),
  next: v.optional(text),
});

export const methods = {
  stat: defineMethod({ name: "stat", params: v.object({ path, stale: flag }), result: entry }),
  list: defineMethod({
    name: "list",
    params: v.object({
      path,
      cursor: v.optional(text),
      limit: v.optional(v.pipe(count, v.minValue(1), v.maxValue(pageRowsMax))),
      stale: flag,
    }),
    result: listPage,
  }),
  walk: defineMethod({
    name: "walk",
    params: v.object({ path, stale: flag }),
    item: v.array(entryColumns),
    result: nothing,
  }),
  find: defineMethod({
    name: "find",
    params: v.object({ path, query: findQuery, whole: flag, stale: flag }),
    item: v.pipe(v.array(found), v.maxLength(walkPageEntries)),
    result: nothing,
  }),
  mkdir: defineMethod({ name: "mkdir", params: v.object({ path, parents: flag, change }), result: nothing }),
  rmdir: defineMethod({ name: "rmdir", params: v.object({ path, change }), result: nothing }),
  remove: defineMethod({ name: "remove", params: v.object({ path, recursive: flag, change }), result: count }),
  move: defineMethod({
    name: "move",
    params: v.object({ from: path, to: path, force: flag, change }),
    result: nothing,
  }),
  copy: defineMethod({
    name: "copy",
    params: v.object({ from: path, to: path, force: flag, recursive: flag, change }),
    result: count,
  }),
  put: defineMethod({
    name: "put",
    params: v.object({ sources: v.pipe(v.array(putSource), v.minLength(1)), dryRun: flag, ...putFields, change }),
    item: v.array(transferEvent),
    result: summary,
  }),
  get: defineMethod({
    name: "get",
    params: v.object({ dryRun: flag, ...getFields }),
    item: v.array(transferEvent),
    result: summary,
  }),
  read: defineMethod({
    name: "read",
    params: v.object({
      path,
      offsetBytes: v.optional(integer),
      lengthBytes: v.optional(count),
      revision: v.optional(v.pipe(count, v.minValue(1))),
      stale: flag,
    }),
    item: bytes,
    result: nothing,
  }),
  why: defineMethod({ name: "why", params: v.object({ path, stale: flag }), result: why }),
  status: defineMethod({ name: "status", params: v.object({}), result: networkStatus }),
  peers: defineMethod({ name: "peers", params: v.object({}), result: v.array(peerInfo) }),
  fingers: defineMethod({ name: "fingers", params: v.object({}), result: fingers }),
  staleness: defineMethod({ name: "staleness", params: v.object({}), result: staleness }),
  changeCoordinator: defineMethod({
    name: "changeCoordinator",
    params: v.object({ change: v.picklist(["add", "remove", "transfer"]), peer: peerName }),
    result: nothing,
  }),
  ...directoryMethods,
  ...storageMethods,
  ...jobMethods,
  ...accountMethods,
  ...checkMethods,
  ...historyMethods,
  ...undoMethods,
  /** A word by which another connection can name this one, once. */
  ticket: defineMethod({ name: "ticket", params: v.object({}), result: v.object({ ticket: text }) }),
  /**
   * Begins a transaction of the user that this connection acts for. From then on every call of the connection that gave
   * the ticket, or of this one without a ticket, goes to it; that connection's end abandons it.
   */
  begin: defineMethod({ name: "begin", params: v.object({ ticket: v.optional(text) }), result: nothing }),
  commit: defineMethod({ name: "commit", params: v.object({ change }), result: v.object({ changes: count }) }),
};
