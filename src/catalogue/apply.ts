/**
 * Applying: from an entry of the log to a change of the tables and a result.
 *
 * Everything here depends on the tables and the entry alone, so that every replica comes to the same rows and the same
 * result bytes. All operations of a command happen, or none does: it runs in a savepoint, unless it is a single
 * operation that writes only once nothing can refuse it any more.
 */
import { DfsError } from "../core/errors.ts";
import { sessionsMax } from "../core/limits.ts";
import { type ApplyContext, type ApplyState, type Handler, authorText } from "./apply-context.ts";
import { collect } from "./collection.ts";
import { type Command, decodeCommand } from "./command.ts";
import { expire } from "./expiry.ts";
import { copyFile, makeDirectory, move, putFile, removeEntry } from "./file-operations.ts";
import { requireAdministrator } from "./administrators.ts";
import type { KnownUser } from "./known-rows.ts";
import { addInvite, admitPeer, initNetwork, revokeInvite } from "./network-operations.ts";
import { type Operation, type OperationName, administratorOnly, operationAuthors } from "./operation.ts";
import { rekey, share } from "./share-operations.ts";
import { orderCoordinator, orderPeer, removePeer, revokePeer, updatePeer } from "./peer-operations.ts";
import { reopenEntry } from "./reopen-operation.ts";
import { setPolicy } from "./policy.ts";
import { Refusal, requireThat } from "./refusal.ts";
import { type OperationResult, encodeResult } from "./result.ts";
import { idBytes } from "./id-bytes.ts";
import { RowCounts } from "./row-counts.ts";
import { addUser, removeUser, setAdmin, setCredential, setQuota } from "./user-operations.ts";
import { endLease, forgetDrops, orderChain, reportLink } from "./shelf-operations.ts";

/** One entry of the replicated log. */
export interface LogEntry {
  readonly index: number;
  /** When the leader proposed it, in milliseconds since 1970. */
  readonly timeMs: number;
  /** An encoded command; empty for an entry that only the log itself needs. */
  readonly command: Uint8Array;
  /** What `command` decodes to, where that is known already. */
  readonly decoded?: Command | undefined;
}

const handlers: { readonly [Name in OperationName]: Handler<Name> } = {
  initNetwork,
  addInvite,
  revokeInvite,
  admitPeer,
  updatePeer,
  makeDirectory,
  putFile,
  copyFile,
  move,
  removeEntry,
  reopenEntry,
  rekey,
  share,
  endLease,
  expire,
  orderCoordinator,
  orderPeer,
  removePeer,
  addUser,
  setCredential,
  removeUser,
  setAdmin,
  setQuota,
  revokePeer,
  setPolicy,
  orderChain,
  reportLink,
  collect,
  forgetDrops,
};

/** Operations whose refusals all come before their first write. */
const refusesBeforeWriting: ReadonlySet<OperationName> = new Set([
  "makeDirectory",
  "putFile",
  "copyFile",
  "move",
  "removeEntry",
  "reopenEntry",
  "rekey",
  "share",
  "endLease",
  "expire",
  "orderCoordinator",
  "orderPeer",
  "removePeer",
  "revokeInvite",
  "setCredential",
  "removeUser",
  "setAdmin",
  "setQuota",
  "revokePeer",
  "setPolicy",
  "orderChain",
  "reportLink",
  "collect",
  "forgetDrops",
]);

/** Applies one entry and returns its encoded result; the totals are changed in place. Refusals are results; what is thrown is the disk's failure or a bug. */
export function applyEntry(state: ApplyState, entry: LogEntry): Uint8Array {
  const { totals } = state;
  totals.appliedIndex = entry.index;
  totals.lastTimeMs = Math.max(totals.lastTimeMs, entry.timeMs);
  if (entry.command.length === 0) return new Uint8Array(0);
  try {
    const command = entry.decoded ?? readCommand(entry.command);
    const user = requireAuthor(state, command);
    const context = { ...state, command, user, index: entry.index, timeMs: entry.timeMs };
    return keptResult(context) ?? keepResult(context, runOperations(context));
  } catch (error) {
    return faultResult(error, null);
  }
}

function readCommand(bytes: Uint8Array): Command {
  try {
    return decodeCommand(bytes);
  } catch (error) {
    if (error instanceof DfsError && error.kind === "protocol") throw new Refusal("protocol", "a malformed command");
    throw error;
  }
}

/** Checks that the author belongs to this network and may sign each kind of operation; returns the user who is the author. */
function requireAuthor(state: ApplyState, { network, author, operations }: Command): KnownUser | undefined {
  const { database, known } = state;
  const founded = known.network();
  const first = operations[0];
  if (founded === undefined) requireThat(first?.op === "initNetwork", "not-found", "the network is not founded yet");
  else requireThat(founded === network, "permission", "the command is for another network");
  const kind = "user" in author ? "user" : "peer";
  const isAllowed = operations.every(({ op }) => [kind, "either"].includes(operationAuthors[op]));
  requireThat(isAllowed, "permission", `a ${kind} cannot ask for this operation`);
  if (founded === undefined) return undefined;
  if ("peer" in author) {
    const member = database.prepare("SELECT 1 FROM peers WHERE peer = ?").get(author.peer);
    requireThat(member !== undefined, "permission", "the peer is not a member of the network");
    return undefined;
  }
  const user = known.user(author.user);
  requireThat(user !== undefined, "permission", "the network has no such user");
  return user;
}

/** The result of a command that is repeated; undefined for the next one of its session. Refuses with `conflict` and `permission`. */
function keptResult({ database, command, user }: ApplyContext): Uint8Array | undefined {
  const { sequence } = command;
  const id = idBytes(command.session);
  const session = database.prepare("SELECT author, last_sequence FROM sessions WHERE session = ?").get(id);
  const last = Number(session?.["last_sequence"] ?? 0);
  if (session !== undefined)
    requireThat(session["author"] === authorText(command.author), "permission", "the session is somebody else's");
  // Whoever ended itself may still ask what became of that, and of nothing else.
  requireThat(user?.isEnded !== true || sequence === last, "permission", "the network has no such user any more");
  if (session === undefined) {
    requireThat(sequence === 1, "conflict", "session expired: start a new one");
    return undefined;
  }
  if (sequence === last + 1) return undefined;
  requireThat(sequence === last, "conflict", `session out of order: ${sequence} after ${last}`);
  const kept = database.prepare("SELECT result FROM sessions WHERE session = ?").get(id);
  return Uint8Array.from(kept?.["result"] as Uint8Array);
}

/** Remembers the result for retries, and forgets the session unused for longest when there are too many. */
function keepResult({ database, command, index, totals }: ApplyContext, result: Uint8Array): Uint8Array {
  const session = idBytes(command.session);
  if (command.sequence > 1) {
    database
      .prepare("UPDATE sessions SET last_sequence = ?, last_index = ?, result = ? WHERE session = ?")
      .run(command.sequence, index, result, session);
    return result;
  }
  database
    .prepare("INSERT INTO sessions VALUES (?, ?, 1, ?, ?)")
    .run(session, authorText(command.author), index, result);
  totals.sessions += 1;
  if (totals.sessions > sessionsMax) {
    database
      .prepare("DELETE FROM sessions WHERE session = (SELECT session FROM sessions ORDER BY last_index LIMIT 1)")
      .run();
    totals.sessions -= 1;
  }
  return result;
}

/** Runs all operations, or none: a refusal undoes what the ones before it did. */
function runOperations(context: ApplyContext): Uint8Array {
  const { operations } = context.command;
  const [first] = operations;
  if (operations.length === 1 && first !== undefined && refusesBeforeWriting.has(first.op))
    return runAlone(context, first);
  return runInSavepoint(context);
}

function runAlone(context: ApplyContext, operation: Operation): Uint8Array {
  try {
    return encodeApplied(context, [runOperation(context, operation)]);
  } catch (error) {
    return faultResult(error, 0);
  }
}

function runInSavepoint(context: ApplyContext): Uint8Array {
  const { database, known, totals, rowCounts, command } = context;
  const totalsBefore = { ...totals };
  const countsBefore = new RowCounts(rowCounts);
  const results: OperationResult[] = [];
  database.exec("SAVEPOINT command");
  try {
    for (const operation of command.operations) results.push(runOperation(context, operation));
    database.exec("RELEASE command");
    return encodeApplied(context, results);
  } catch (error) {
    const result = faultResult(error, results.length);
    database.exec("ROLLBACK TO command; RELEASE command");
    Object.assign(totals, totalsBefore);
    rowCounts.takeBack(countsBefore);
    known.forget();
    return result;
  }
}

function runOperation(context: ApplyContext, operation: Operation): OperationResult {
  if (administratorOnly.has(operation.op)) requireAdministrator(context, operation);
  const handler = handlers[operation.op] as Handler<OperationName>;
  return handler(context, operation);
}

function encodeApplied({ index, timeMs }: ApplyContext, results: readonly OperationResult[]): Uint8Array {
  return encodeResult({ ok: { index, timeMs, results } });
}

/** A refusal as a result; anything else goes on. */
function faultResult(error: unknown, operation: number | null): Uint8Array {
  if (!(error instanceof Refusal)) throw error;
  return encodeResult({ error: { kind: error.kind, message: error.message, operation, revision: error.revision } });
}
