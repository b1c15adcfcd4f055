/** A log that is the same in every process, and the marks that its batches carry. */
import type { LogEntry } from "../../src/catalogue/apply.ts";
import type { Catalogue, LogMark } from "../../src/catalogue/catalogue.ts";
import { type TimedCommand, fixedCommands } from "./model.ts";
import { Person, founding, id, peerSession, putFile, startMs, token, userSession } from "./world.ts";

/** Some thousand entries, many of them refusals. */
export function fixedLog(): readonly LogEntry[] {
  return logOf(Array.from({ length: 25 }, (_, seed) => fixedCommands(seed)).flat());
}

/** A founding with a policy that keeps little, users one of whom ends, and these commands, as entries; whoever ends what has expired collects as well. */
export function logOf(commands: readonly TimedCommand[]): LogEntry[] {
  const user = userSession();
  const peer = peerSession();
  const policy = { op: "setPolicy", copies: null, minCopies: null, retainRevisions: 1, retainMs: 2 } as const;
  const [ann, bob] = [new Person("ann"), new Person("bob")];
  const own = { parent: bob.keys.rootDirectory };
  const first = [
    peer.next(founding, policy),
    user.next(ann.added()),
    ann.session.next(bob.added({ quotaBytes: 200 })),
    bob.session.next(putFile("own", { ...own, node: id("own") })),
    bob.session.next(putFile("own", { ...own, node: id("own"), baseRevision: 1 })),
    ann.session.next({ op: "removeUser", user: bob.keys.userId }),
  ].map((command) => ({ timeMs: startMs, command }));
  const others = commands.map(({ timeMs, operations }) => ({
    timeMs,
    command: operations === "expire" ? peer.next({ op: "expire" }, { op: "collect" }) : user.next(...operations),
  }));
  return [...first, ...others].map((entry, place) => ({ index: place + 1, ...entry }));
}

/** Applies the batch that comes next: one to three entries, with a mark that names the last of them. */
export function applyNextBatch(catalogue: Catalogue, entries: readonly LogEntry[]): void {
  const start = catalogue.appliedIndex();
  const batch = entries.slice(start, start + 1 + (start % 3));
  catalogue.applyBatch(batch, markAt(start + batch.length));
}

/** The mark of a batch up to this index; the log's members change now and then. */
export function markAt(index: number): LogMark {
  return { bytes: token(`applied up to ${index}`), membersChanged: index % 5 === 0 };
}
