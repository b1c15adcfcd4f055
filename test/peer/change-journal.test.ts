import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Operation } from "../../src/catalogue/operation.ts";
import { type SessionId, parseUserId } from "../../src/core/ids.ts";
import { undoChangesMax, undoCommitsMax } from "../../src/core/limits.ts";
import { SqlDatabase } from "../../src/core/sqlite.ts";
import { ChangeJournal } from "../../src/peer/undo/change-journal.ts";
import { id, makeDirectory, move, putFile, rekey, removeEntry, token } from "../catalogue/world.ts";

const ann = parseUserId("0a".repeat(16));
const bob = parseUserId("0b".repeat(16));
let folder: string;
let warnings: string[];
let journal: ChangeJournal;
const open = (): ChangeJournal =>
  new ChangeJournal({
    path: join(folder, "undo.db"),
    nowMs: () => 1_000,
    log: { warn: (text) => void warnings.push(text) },
  });

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "journal-"));
  warnings = [];
  journal = open();
});
afterEach(async () => {
  journal.stop();
  await rm(folder, { recursive: true });
});

let index = 0;
/** A change with one call and one command. */
function note(tag: string, user = ann, ...operations: Operation[]): void {
  const change = journal.begin(user, { id: tag, command: "mkdir" });
  index += 1;
  change.noteCommitted({ index, timeMs: index }, operations.length === 0 ? [makeDirectory(tag)] : operations);
  change.end();
}

const names = (user = ann): string[] => journal.changes(user).map(({ state, row }) => `${row} ${state}`);

describe("the journal of changes", () => {
  it("UNDO-18 has the changes of each user, the newest first, with their commands, over a restart too", () => {
    note("a");
    note("b", bob);
    const change = journal.begin(ann, { id: "c", command: "put" });
    for (const at of [7, 9]) change.noteCommitted({ index: at, timeMs: at }, [putFile("x"), putFile("y")]);
    change.end();
    journal.stop();
    journal = open();
    expect(journal.changes(ann)).toMatchObject([
      { command: "put", startedMs: 1_000, entries: 4, state: "done", isWhole: true, commits: 2 },
      { command: "mkdir", entries: 1 },
    ]);
    const [put] = journal.changes(ann);
    expect(put && journal.commits(put)).toEqual([
      { index: 7, timeMs: 7, rows: 2 },
      { index: 9, timeMs: 9, rows: 2 },
    ]);
    expect(names(bob)).toHaveLength(1);
  });

  it("UNDO-18 counts the rows that each command left behind", () => {
    note("a", ann, makeDirectory("d"), removeEntry("d"), putFile("f"), rekey("f"));
    note("b", ann, move("a", "b"), move("a", "b", { replace: id("b") }), move("a", "a", { toToken: token("a") }));
    expect(journal.changes(ann).map((change) => journal.commits(change)[0]?.rows)).toEqual([3, 2]);
    expect(journal.changes(ann).map(({ entries }) => entries)).toEqual([3, 3]);
  });

  it("UNDO-18 a change runs while any of its calls does, and is none when they changed nothing", () => {
    const [first, second] = ["a", "a"].map((tag) => journal.begin(ann, { id: tag, command: "rm" }));
    first?.noteCommitted({ index: 1, timeMs: 1 }, [removeEntry("a")]);
    first?.end();
    expect(journal.changes(ann)).toMatchObject([{ state: "running" }]);
    expect(journal.next(ann, false)).toBeUndefined();
    second?.end();
    expect(journal.changes(ann)).toMatchObject([{ state: "done" }]);
    journal.begin(ann, { id: "b", command: "rm" }).end();
    expect(journal.changes(ann)).toHaveLength(1);
  });

  it("UNDO-21 what was under way when the peer was stopped, or had no answer, is perhaps not all", () => {
    const session = id<SessionId>("session");
    const whole = journal.begin(ann, { id: "whole", command: "cp" });
    whole.noteCommitted({ index: 1, timeMs: 1 }, [putFile("a")]);
    journal.begin(ann, { id: "nothing", command: "mkdir" });
    const cut = journal.begin(ann, { id: "cut", command: "put" });
    cut.noteSent({ session, sequence: 1 }, [putFile("a")]);
    cut.noteCommitted({ index: 2, timeMs: 2 }, [putFile("a")]);
    cut.noteSettled({ session, sequence: 1 });
    cut.noteSent({ session, sequence: 2 }, [putFile("b"), putFile("c")]);
    const unanswered = journal.begin(ann, { id: "unanswered", command: "rm" });
    unanswered.noteSent({ session, sequence: 3 }, [removeEntry("a")]);
    unanswered.noteUnknown();
    unanswered.end();
    journal.stop();
    journal = open();
    expect(journal.changes(ann)).toMatchObject([
      { command: "rm", state: "done", isWhole: false, entries: 0 },
      { command: "put", state: "done", isWhole: false, entries: 1 },
      { command: "cp", state: "done", isWhole: true, entries: 1 },
    ]);
    const [rm, put] = journal.changes(ann);
    if (rm === undefined || put === undefined) throw new Error("they were there just now");
    expect(journal.unanswered(put)).toEqual([{ session, sequence: 2, rows: 2, entries: 2 }]);
    for (const sent of journal.unanswered(put)) journal.answer(put, sent, { index: 3, timeMs: 3 });
    for (const sent of journal.unanswered(rm)) journal.answer(rm, sent, undefined);
    expect(journal.changes(ann)).toMatchObject([
      { isWhole: true, commits: 0 },
      { isWhole: true, entries: 3, commits: 2 },
      {},
    ]);
  });

  it("UNDO-18 rounds take a change back and make it again, and a new change ends that", () => {
    for (const tag of ["a", "b"]) note(tag);
    const takeBack = (isRedo: boolean, at: number): void => {
      const change = journal.next(ann, isRedo);
      if (change === undefined) throw new Error("nothing to do");
      journal.nextRound(change).noteCommitted({ index: at, timeMs: at }, [removeEntry("a")]);
      journal.turn(change);
    };
    takeBack(false, 50);
    takeBack(false, 51);
    expect(journal.next(ann, false)).toBeUndefined();
    expect(names()).toEqual(["2 undone", "1 undone"]);
    takeBack(true, 52);
    expect(names()).toEqual(["2 undone", "1 done"]);
    const [, first] = journal.changes(ann);
    expect(first && journal.commits(first)).toEqual([{ index: 52, timeMs: 52, rows: 1 }]);
    note("c");
    expect(names()).toEqual(["3 done", "1 done"]);
    expect(journal.next(ann, true)).toBeUndefined();
  });

  it("UNDO-19 is bounded: so many changes of a user, and so many commands of a change", () => {
    for (let change = 0; change < undoChangesMax + 5; change += 1) note(`t${change}`);
    expect(journal.changes(ann)).toHaveLength(undoChangesMax);
    expect(journal.changes(ann).at(-1)?.row).toBe(6);
    const large = journal.begin(ann, { id: "large", command: "put" });
    for (let commit = 1; commit <= undoCommitsMax + 3; commit += 1)
      large.noteCommitted({ index: commit, timeMs: commit }, [putFile("a")]);
    large.end();
    const [kept] = journal.changes(ann);
    expect(kept?.commits).toBe(undoCommitsMax + 3);
    expect(kept && journal.commits(kept)).toHaveLength(undoCommitsMax);
  });

  it("UNDO-19 a journal that cannot be used costs the undo and no call", () => {
    const sql = new SqlDatabase(join(folder, "undo.db"), { durability: "normal" });
    sql.exec("PRAGMA user_version = 99");
    sql.close();
    note("a");
    expect(warnings).toEqual([expect.stringContaining("has version 99, and this program knows 1")]);
    expect(() => journal.changes(ann)).toThrow(/version 99/);
  });
});
