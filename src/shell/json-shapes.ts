/** What each command prints with `--json`: the shape of one line. docs/json is made of this, and every output is held against it. */
import { checkAreas } from "../core/checks.ts";
import { bytes, count, either, flag, list, mark, nullable, object, text, time } from "./json-schema.ts";
import type { JsonSchema } from "./json-schema.ts";
import { safety, store, work } from "./json-status-shapes.ts";
import { jobs, transfer } from "./json-transfer-shapes.ts";

const state = text("up, suspect after seconds of silence, down when others take over, out when it is given up", [
  "up",
  "suspect",
  "down",
  "out",
]);
const standing = text("how far the disk is: it leads, has everything, is being given what it lacks, or is not there", [
  "owner",
  "full",
  "filling",
  "new files only",
  "away",
]);
const peerId = text("the peer's id");
const peerName = text("the peer's name");
const kind = text("what it is", ["file", "directory"]);
const disks = count("disks that it is on; 0 for a directory");

const entry = object({
  path: text("from the root"),
  name: text("last part of the path; / for the root"),
  kind,
  sizeBytes: bytes("content of a file; 0 for a directory"),
  mode: count("POSIX permission bits"),
  modified: time("when the content was changed last"),
  committed: time("when this revision was committed"),
  revision: count("of a file, from 1; 0 for a directory"),
  copies: disks,
  addedBytes: bytes("what this revision added to the store, sealed"),
  historyBytes: bytes("what earlier revisions added, sealed"),
  "expires?": time("when the file goes away by itself"),
  "fileKey?": text("key of the content in the finger table"),
});

const comparedSide = object({
  path: text("from the root"),
  revision: count("of the file"),
  committed: time("when this revision was committed"),
  sizeBytes: bytes("its content"),
});
const recordedChange = object({
  command: text("what made the change"),
  started: time("when it was asked for"),
  entries: count("files and directories that it changed"),
  state: text("done, still running, or taken back", ["done", "running", "undone"]),
  isWhole: flag("whether all of it is known"),
});

const localEntry = object({
  path: text("from the local root"),
  name: text("last part of the path"),
  kind: text("what it is; unknown for what cannot be looked at", ["file", "directory", "other", "unknown"]),
  "sizeBytes?": bytes("content of a file; 0 for others"),
  "mode?": count("POSIX permission bits"),
  "modified?": time("when it was changed last"),
});

const sums = {
  logicalBytes: bytes("what ls shows"),
  uniqueBytes: bytes("what the newest revisions added to the store"),
  historyBytes: bytes("what earlier revisions added"),
  replicatedBytes: bytes("both, on all disks that they are on"),
};

const user = {
  name: text("the user's name"),
  id: text("the user's id"),
  isAdmin: flag("whether the user is an administrator"),
  usedBytes: bytes("what the user's files cost, with earlier revisions and removed files"),
  quotaBytes: nullable(bytes("what they may cost; null without a limit")),
  fingerprint: text("of the user's public keys"),
};

const account = object({
  ...user,
  isShared: flag("whether it is everybody: nobody is logged in"),
  "rememberedUntil?": time("until when the login is remembered on this machine"),
});

const revision = object({
  path: text("from the root; with --at the path in the past"),
  revision: count("its number, from 1"),
  sizeBytes: bytes("content"),
  mode: count("POSIX permission bits"),
  modified: time("when the content was changed last"),
  committed: time("when it was committed"),
  copies: count("disks that it is on"),
  addedBytes: bytes("what it added to the store, sealed"),
  fileKey: text("key of the content in the finger table"),
  current: flag("whether it is what reading the file gives"),
  "keptUntil?": time("from when on it may be removed for good; absent while it is one of the newest"),
  "expires?": time("when the file goes away by itself"),
});

const peerInfo = object({
  id: peerId,
  name: peerName,
  zone: text("room, building or site; may be empty"),
  addresses: list(text("a multiaddr"), "where it listens"),
  state,
  coordinator: flag("whether it votes"),
  self: flag("whether it is the peer that answers"),
  connected: flag("whether the answering peer has a connection to it"),
  "storageOrder?": text("what was ordered about its disk", ["drain", "remove", "abandon"]),
  capacityBytes: bytes("what it offers"),
  usedBytes: bytes("what is used of it"),
  freeBytes: bytes("what is free of it"),
  silentMs: count("milliseconds since it was heard of last"),
});

const group = object({
  hasQuorum: flag("whether a majority of the voters answers"),
  term: count("the term of the log"),
  "leader?": text("who leads"),
  commitIndex: count("the last entry that is committed"),
  appliedIndex: count("the last entry that the answering coordinator has applied"),
  members: list(
    object({
      name: peerName,
      role: text("whether it votes", ["voter", "learner"]),
      isLeader: flag("whether it leads"),
      isActive: flag("whether it answered lately"),
      "matchIndex?": count("the last entry that is on its disk, where that is known"),
      "lagEntries?": count("entries that it lacks, where that is known"),
    }),
    "the coordinators",
  ),
  ageMs: count("how old a stale answer would be, in milliseconds"),
});

const policy = object({
  copies: count("disks that each file is to be on"),
  minCopies: count("disks that a put needs at the least"),
  retainRevisions: count("newest revisions that every file keeps"),
  retainMs: count("how long other revisions and removed files are kept, in milliseconds"),
});

/** The shape of one line of each command that knows `--json`, and of `dfs-shell --json join`. */
export const jsonShapes: Readonly<Record<string, JsonSchema>> = {
  ls: entry,
  find: entry,
  tree: entry,
  stat: entry,
  pwd: object({ path: text("the current directory") }),
  lpwd: object({ path: text("the local directory") }),
  lls: localEntry,
  du: either(
    object({ path: text("the file or directory"), ...sums }),
    object({ total: mark("the grand total of -c"), ...sums }),
  ),
  df: either(
    object(
      {
        id: peerId,
        name: peerName,
        state,
        capacityBytes: bytes("what it offers"),
        usedBytes: bytes("what is used of it"),
        freeBytes: bytes("what is free of it"),
      },
      "a peer",
    ),
    object(
      {
        total: mark("the last line"),
        logicalBytes: bytes("files as they are now"),
        storedBytes: bytes("one copy of all that is kept, sealed"),
        own: object({
          liveBytes: bytes("what is in use on this peer's disk"),
          deadBytes: bytes("what is still to be given back"),
          diskBytes: bytes("both, as files on the disk"),
        }),
        "user?": account,
      },
      "all of them",
    ),
  ),
  put: transfer,
  get: transfer,
  why: object({
    path: text("from the root"),
    revision: count("the newest revision"),
    sizeBytes: bytes("content"),
    fileKey: text("key of the content in the finger table"),
    shelf: text("the shelf that it lies on"),
    copiesWanted: count("disks that it is to be on"),
    chain: list(
      object({
        id: peerId,
        name: peerName,
        state,
        standing,
        "verified?": time("when the owner compared it last"),
      }),
      "who keeps the shelf, the owner first",
    ),
    holders: list(
      object({
        id: peerId,
        "name?": peerName,
        answered: flag("whether it answered just now"),
        complete: flag("whether it has every chunk"),
      }),
      "who was asked just now",
    ),
    foundBy: text("where the holders were learned from", ["cache", "finger-table", "catalogue"]),
    "fallbackReason?": text("why the finger table did not answer"),
    chunks: count("chunks, 0 where no holder answers that could list them"),
    sealedBytes: bytes("those chunks, sealed"),
    firstChunks: list(text("a chunk's id"), "some of the chunks"),
    failuresToLoss: { type: "integer", minimum: -1, description: "disks that may fail; -1: it cannot be read now" },
  }),
  status: object({
    "time?": time("with --watch: when this was asked for"),
    networkId: text("the network's id"),
    self: peerInfo,
    health: text("one word on which to act", ["healthy", "degraded", "unavailable"]),
    reason: text("why"),
    "advice?": text("which command helps"),
    peers: object({
      up: count("peers that are up"),
      suspect: count("peers that were silent for seconds"),
      down: count("peers whose place others took"),
      out: count("peers that were given up"),
    }),
    group,
    files: count("files"),
    directories: count("directories"),
    logicalBytes: bytes("files as they are now"),
    storedBytes: bytes("one copy of all that is kept, sealed"),
    store,
    safety,
    announceQueue: count("file keys that wait to be announced"),
    work,
    uptimeMs: count("how long the peer has run, in milliseconds"),
    version: text("of the peer"),
  }),
  peers: peerInfo,
  coordinator: group,
  backup: object({
    shelf: text("the shelf's id"),
    "home?": text("whose shelf it is; absent once that peer was removed"),
    epoch: count("of the chain"),
    wanted: count("disks that it is to be on"),
    revisions: count("revisions on it"),
    bytes: bytes("those revisions, sealed"),
    links: list(
      object({
        id: peerId,
        name: peerName,
        state,
        standing,
        "epoch?": count("of its savepoint"),
        "sequence?": count("number of the last change that it has"),
        "lagChanges?": count("changes that it lacks"),
        "lagBytes?": bytes("what it lacks"),
        "filledBytes?": bytes("of a filling, what is through"),
        "fillBytes?": bytes("of a filling, all that there is"),
        "verified?": time("when the owner compared it last"),
      }),
      "the chain, the owner first",
    ),
  }),
  peer: object({
    name: peerName,
    order: text("what was ordered", ["drain", "remove", "abandon"]),
    isDone: flag("whether nothing depends on the peer any more"),
    shelves: count("shelves that still have it in their chain"),
    bytes: bytes("those shelves, sealed"),
    reason: text("what it waits for"),
  }),
  doctor: object({
    area: text("what the check is about", checkAreas),
    name: text("which check of the area"),
    outcome: text("whether it is as it should be", ["ok", "warning", "fault"]),
    found: text("what was found"),
    "advice?": text("what to do about it"),
  }),
  fsck: object({
    peer: peerName,
    isDone: flag("whether the check came to its end"),
    chunks: count("chunks that were read"),
    bytes: bytes("those chunks"),
    totalBytes: bytes("what there was to read"),
    damaged: count("chunks that were damaged or missing"),
    mended: count("of these, what was fetched from another disk"),
    "error?": object({ kind: text("of the error"), message: text("why the peer was not checked to the end") }),
  }),
  policy,
  retain: policy,
  fingers: object({
    self: text("the id of the peer that answers"),
    fingers: list(
      object({
        id: peerId,
        "name?": peerName,
        commonPrefixBits: count("bits that its hashed id shares with the own one"),
        addresses: list(text("a multiaddr"), "where it listens"),
      }),
      "peers that it knows",
    ),
    records: count("holder records that it keeps"),
    announceQueue: count("file keys that wait to be announced"),
    cachedKeys: count("file keys whose holders it remembers"),
    sample: list(
      object({
        fileKey: text("key of a content"),
        holder: text("the id of a peer that has it"),
        expires: time("when the record ends unless it is renewed"),
      }),
      "some of the records, newest first",
    ),
  }),
  invite: either(
    object({ invite: text("what the new machine needs"), expires: time("until when it is valid") }, "a new invite"),
    object(
      {
        id: text("how its hash begins"),
        role: text("what the machines may do", ["storage", "client"]),
        usesLeft: count("machines that may still join with it"),
        expires: time("until when it is valid"),
        createdBy: text("the peer or user that made it"),
      },
      "of list",
    ),
  ),
  whoami: account,
  users: object(user),
  quota: object(user),
  shares: object({
    owner: text("whose it is"),
    grantee: text("who may read it"),
    path: text("where it is: the own path, or one below /from"),
    kind,
    mayWrite: flag("whether the other one may change it"),
    since: time("when it was shared"),
  }),
  set: either(
    object({ name: text("of a variable"), value: text("its value") }),
    object({ option: text("an option of the shell, with -o"), on: flag("whether it is on") }),
  ),
  alias: object({ name: text("of an alias"), text: text("what it stands for") }),
  revisions: revision,
  jobs,
  diff: object({
    old: comparedSide,
    new: comparedSide,
    isSame: flag("whether their contents are the same"),
    "hunks?": list(
      object({
        oldStart: count("first line of the hunk in the old text, from 1"),
        oldLines: count("lines of it there"),
        newStart: count("first line of the hunk in the new text"),
        newLines: count("lines of it there"),
        lines: list(text("a line behind a blank, - or +; behind a backslash a note on the line before"), "its lines"),
      }),
      "what went and came",
    ),
    "firstByte?": count("place of the first byte that differs, from 1, of what is not told by lines"),
  }),
  undo: either(
    recordedChange,
    object({
      change: recordedChange,
      steps: count("things that were done"),
      shown: list(
        object({
          action: text("what became of it", ["remove", "bring-back", "move-back", "change-back"]),
          kind,
          path: text("where it is then; of what goes, where it was"),
          "from?": text("where it was moved from"),
          "revision?": count("whose content it has again"),
        }),
        "the first of them",
      ),
    }),
  ),
  join: object({ networkId: text("the network's id"), peerName: text("this machine's name in it") }),
};
