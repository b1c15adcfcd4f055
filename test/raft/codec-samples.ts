/** Messages and entries for the tests of the codecs: one of each with fixed bytes, and any that there may be. */
import * as fc from "fast-check";
import type { Message } from "../../src/raft/messages.ts";
import type { Configuration, Entry, EntryKind, MemberId } from "../../src/raft/types.ts";
import { member } from "./group.ts";

const number = fc.oneof(fc.nat(300), fc.maxSafeNat());
const positive = fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }));
const id = positive.map((value) => member(value));
const data = fc.uint8Array({ maxLength: 60 });
const kind = fc.constantFrom<EntryKind>("command", "no-op", "config");

/** Consecutive entries behind `prevIndex` whose terms never fall and lie between 1 and `termMax`. */
export function entriesBehind(prevIndex: number, termMin: number, termMax: number): fc.Arbitrary<Entry[]> {
  const one = fc.tuple(fc.integer({ min: Math.max(1, termMin), max: termMax }), kind, data);
  return fc.array(one, { maxLength: 6 }).map((drafts) => {
    const terms = drafts.map(([term]) => term).toSorted((a, b) => a - b);
    return drafts.map(([, kind, data], at) => ({ index: prevIndex + 1 + at, term: terms[at] as number, kind, data }));
  });
}

const configuration: fc.Arbitrary<Configuration> = fc
  .tuple(fc.uniqueArray(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 9 }), fc.nat(9), fc.nat(5))
  .map(([ids, learners, gone]) => {
    const ascending = ids.map((value) => member(value));
    const count = Math.max(1, ids.length - learners);
    const sort = (part: MemberId[]): MemberId[] => part.toSorted((a, b) => a - b);
    return {
      voters: sort(ascending.slice(0, count)),
      learners: sort(ascending.slice(count)),
      highestId: Math.max(...ids) + gone,
    };
  });

const envelope = { from: id, to: id, term: number };
const append = fc.tuple(fc.nat(1000), fc.nat(20), fc.nat(20)).chain(([prevIndex, prevTerm, more]) =>
  fc.record({
    type: fc.constant("append" as const),
    from: id,
    to: id,
    term: fc.constant(prevTerm + more + 1),
    prevIndex: fc.constant(prevIndex),
    prevTerm: fc.constant(prevTerm),
    entries: entriesBehind(prevIndex, prevTerm, prevTerm + more + 1),
    commit: number,
  }),
);

/** Any message that a member may send. */
export const anyMessage: fc.Arbitrary<Message> = fc.oneof(
  fc.record({
    type: fc.constantFrom("pre-vote" as const, "vote" as const),
    ...envelope,
    lastIndex: number,
    lastTerm: number,
    isTransfer: fc.boolean(),
  }),
  fc.record({
    type: fc.constantFrom("pre-vote-response" as const, "vote-response" as const),
    ...envelope,
    granted: fc.boolean(),
    commit: number,
    commitTerm: number,
  }),
  append,
  fc.record({
    type: fc.constant("append-response" as const),
    ...envelope,
    index: number,
    rejected: fc.boolean(),
    hintIndex: number,
    hintTerm: number,
  }),
  fc.record({ type: fc.constant("heartbeat" as const), ...envelope, commit: number, round: number }),
  fc.record({ type: fc.constant("heartbeat-response" as const), ...envelope, round: number }),
  fc.record({
    type: fc.constant("snapshot" as const),
    ...envelope,
    snapshot: fc.record({ index: positive, term: positive, configuration, data }),
  }),
  fc.record({ type: fc.constant("timeout-now" as const), ...envelope }),
  fc.record({ type: fc.constant("read-request" as const), ...envelope, readId: number }),
  fc.record({ type: fc.constant("read-response" as const), ...envelope, readId: number, index: number }),
);

const [from, to] = [member(1), member(2)];
const head = { from, to, term: 3 };
const entries: Entry[] = [
  { index: 8, term: 2, kind: "command", data: new Uint8Array([0xaa, 0xbb]) },
  { index: 9, term: 3, kind: "no-op", data: new Uint8Array(0) },
];
const snapshot = {
  index: 9,
  term: 3,
  configuration: { voters: [from, to], learners: [member(5)], highestId: 6 },
  data: new Uint8Array([0xcc]),
};

const envelopeBytes = "000000000000000100000000000000020000000000000003";
const eight = (value: number): string => value.toString(16).padStart(16, "0");
/** Two entries as docs/FORMATS.md shows them. */
export const knownEntries = {
  entries,
  bytes: "0100000000000000020000000202000000000000000300000000aabb",
};

/** One message of each type with its bytes, as docs/FORMATS.md lists them. */
export const knownMessages: readonly (readonly [Message, string])[] = [
  [
    { type: "pre-vote", ...head, lastIndex: 9, lastTerm: 2, isTransfer: false },
    `01${envelopeBytes}${eight(9)}${eight(2)}00`,
  ],
  [
    { type: "vote", ...head, lastIndex: 9, lastTerm: 2, isTransfer: true },
    `02${envelopeBytes}${eight(9)}${eight(2)}01`,
  ],
  [
    { type: "pre-vote-response", ...head, granted: false, commit: 7, commitTerm: 2 },
    `03${envelopeBytes}00${eight(7)}${eight(2)}`,
  ],
  [
    { type: "vote-response", ...head, granted: true, commit: 7, commitTerm: 2 },
    `04${envelopeBytes}01${eight(7)}${eight(2)}`,
  ],
  [
    { type: "append", ...head, prevIndex: 7, prevTerm: 2, entries, commit: 6 },
    `05${envelopeBytes}${eight(7)}${eight(2)}${eight(6)}00000002${knownEntries.bytes}`,
  ],
  [
    { type: "append-response", ...head, index: 7, rejected: true, hintIndex: 5, hintTerm: 1 },
    `06${envelopeBytes}${eight(7)}01${eight(5)}${eight(1)}`,
  ],
  [{ type: "heartbeat", ...head, commit: 6, round: 258 }, `07${envelopeBytes}${eight(6)}${eight(258)}`],
  [{ type: "heartbeat-response", ...head, round: 258 }, `08${envelopeBytes}${eight(258)}`],
  [
    { type: "snapshot", ...head, snapshot },
    `09${envelopeBytes}${eight(9)}${eight(3)}${eight(6)}0201${eight(1)}${eight(2)}${eight(5)}00000001cc`,
  ],
  [{ type: "timeout-now", ...head }, `0a${envelopeBytes}`],
  [{ type: "read-request", ...head, readId: Number.MAX_SAFE_INTEGER }, `0b${envelopeBytes}001fffffffffffff`],
  [{ type: "read-response", ...head, readId: 4, index: 9 }, `0c${envelopeBytes}${eight(4)}${eight(9)}`],
];
