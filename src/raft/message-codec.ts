/**
 * The bytes of messages. Integers are big-endian; ids, terms and indexes are u64 up to 2^53 − 1, a flag is one byte.
 *
 * Each message begins with its type (u8), from, to and term; what follows depends on the type. The entries of an append
 * follow their count (u32) as entry-codec.ts writes them, the first behind `prevIndex`.
 */
import { DfsError, assert } from "../core/errors.ts";
import { raftMembersMax, raftMessageBytesMax, raftSnapshotDataBytesMax } from "../core/limits.ts";
import { ByteReader, ByteWriter } from "./byte-codec.ts";
import { decodeEntries, encodeEntries } from "./entry-codec.ts";
import type { AppendRequest, Message, SnapshotRequest } from "./messages.ts";
import type { Configuration, MemberId } from "./types.ts";

const typeCodes = {
  "pre-vote": 1,
  vote: 2,
  "pre-vote-response": 3,
  "vote-response": 4,
  append: 5,
  "append-response": 6,
  heartbeat: 7,
  "heartbeat-response": 8,
  snapshot: 9,
  "timeout-now": 10,
  "read-request": 11,
  "read-response": 12,
} as const satisfies Record<Message["type"], number>;
const typeNames: ReadonlyMap<number, Message["type"]> = new Map(
  Object.entries(typeCodes).map(([name, code]) => [code, name as Message["type"]]),
);

const headBytes = 25;
const idBytes = 8;

/** A message as parts to be sent one after the other; the data of entries and snapshots is not copied. */
export function encodeMessage(message: Message): Uint8Array[] {
  switch (message.type) {
    case "pre-vote":
    case "vote":
      return [begin(message, 17).u64(message.lastIndex).u64(message.lastTerm).flag(message.isTransfer).finish()];
    case "pre-vote-response":
    case "vote-response":
      return [begin(message, 17).flag(message.granted).u64(message.commit).u64(message.commitTerm).finish()];
    case "append":
      return encodeAppend(message);
    case "append-response": {
      const { index, rejected, hintIndex, hintTerm } = message;
      return [begin(message, 25).u64(index).flag(rejected).u64(hintIndex).u64(hintTerm).finish()];
    }
    case "heartbeat":
      return [begin(message, 16).u64(message.commit).u64(message.round).finish()];
    case "heartbeat-response":
      return [begin(message, 8).u64(message.round).finish()];
    case "snapshot":
      return encodeSnapshot(message);
    case "timeout-now":
      return [begin(message, 0).finish()];
    case "read-request":
      return [begin(message, 8).u64(message.readId).finish()];
    default:
      return [begin(message, 16).u64(message.readId).u64(message.index).finish()];
  }
}

/**
 * The message that `encodeMessage` wrote; it keeps nothing of `bytes` alive. Fails with `protocol` on any other bytes:
 * an unknown type, a number out of its range, entries whose terms fall or lie beyond the sender's, a configuration
 * that no group can have, anything too long or too short.
 */
export function decodeMessage(bytes: Uint8Array): Message {
  if (bytes.length > raftMessageBytesMax)
    throw new DfsError("protocol", `a message of the group has ${bytes.length} bytes`);
  const reader = new ByteReader(bytes);
  const type = typeNames.get(reader.u8());
  if (type === undefined) throw new DfsError("protocol", "a message of the group has an unknown type");
  const [from, to, term] = [reader.u64(1) as MemberId, reader.u64(1) as MemberId, reader.u64()];
  const message = decodeBody(type, { from, to, term }, reader);
  reader.finish();
  return message;
}

type Envelope = Pick<Message, "from" | "to" | "term">;

function begin({ type, from, to, term }: Message, bodyBytes: number): ByteWriter {
  return new ByteWriter(headBytes + bodyBytes).u8(typeCodes[type]).u64(from).u64(to).u64(term);
}

function encodeAppend(message: AppendRequest): Uint8Array[] {
  const { prevIndex, prevTerm, commit, entries } = message;
  assert(entries.length === 0 || entries[0]?.index === prevIndex + 1, `an append leaves a gap behind ${prevIndex}`);
  const head = begin(message, 28).u64(prevIndex).u64(prevTerm).u64(commit).u32(entries.length).finish();
  return [head, ...encodeEntries(entries)];
}

function encodeSnapshot(message: SnapshotRequest): Uint8Array[] {
  const { index, term, configuration, data } = message.snapshot;
  const { voters, learners, highestId } = configuration;
  assert(data.length <= raftSnapshotDataBytesMax, `a snapshot message carries ${data.length} bytes`);
  const writer = begin(message, 30 + (voters.length + learners.length) * idBytes)
    .u64(index)
    .u64(term);
  writer.u64(highestId).u8(voters.length).u8(learners.length);
  for (const id of [...voters, ...learners]) writer.u64(id);
  return [writer.u32(data.length).finish(), data];
}

function decodeBody(type: Message["type"], envelope: Envelope, reader: ByteReader): Message {
  switch (type) {
    case "pre-vote":
    case "vote":
      return { type, ...envelope, lastIndex: reader.u64(), lastTerm: reader.u64(), isTransfer: reader.flag() };
    case "pre-vote-response":
    case "vote-response":
      return { type, ...envelope, granted: reader.flag(), commit: reader.u64(), commitTerm: reader.u64() };
    case "append":
      return decodeAppend(envelope, reader);
    case "append-response": {
      const [index, rejected] = [reader.u64(), reader.flag()];
      return { type, ...envelope, index, rejected, hintIndex: reader.u64(), hintTerm: reader.u64() };
    }
    case "heartbeat":
      return { type, ...envelope, commit: reader.u64(), round: reader.u64() };
    case "heartbeat-response":
      return { type, ...envelope, round: reader.u64() };
    case "snapshot":
      return decodeSnapshot(envelope, reader);
    case "timeout-now":
      return { type, ...envelope };
    case "read-request":
      return { type, ...envelope, readId: reader.u64() };
    default:
      return { type, ...envelope, readId: reader.u64(), index: reader.u64() };
  }
}

function decodeAppend(envelope: Envelope, reader: ByteReader): AppendRequest {
  const [prevIndex, prevTerm, commit, count] = [reader.u64(), reader.u64(), reader.u64(), reader.u32()];
  const entries = decodeEntries(reader.rest(), prevIndex + 1, count, Math.max(prevTerm, 1));
  const lastTerm = entries.at(-1)?.term ?? prevTerm;
  if (lastTerm > envelope.term)
    throw new DfsError("protocol", `an append of term ${envelope.term} has an entry of term ${lastTerm}`);
  return { type: "append", ...envelope, prevIndex, prevTerm, entries, commit };
}

function decodeSnapshot(envelope: Envelope, reader: ByteReader): SnapshotRequest {
  const [index, term] = [reader.u64(1), reader.u64(1)];
  const configuration = decodeConfiguration(reader);
  const length = reader.u32();
  if (length > raftSnapshotDataBytesMax) throw new DfsError("protocol", `a snapshot message carries ${length} bytes`);
  const data = new Uint8Array(reader.raw(length));
  return { type: "snapshot", ...envelope, snapshot: { index, term, configuration, data } };
}

function decodeConfiguration(reader: ByteReader): Configuration {
  const [highestId, voterCount, learnerCount] = [reader.u64(), reader.u8(), reader.u8()];
  if (voterCount === 0 || voterCount + learnerCount > raftMembersMax)
    throw new DfsError("protocol", `a group has ${voterCount} voters and ${learnerCount} learners`);
  const voters = decodeIds(reader, voterCount);
  const learners = decodeIds(reader, learnerCount);
  if (learners.some((id) => voters.includes(id)) || Math.max(...voters, ...learners) > highestId)
    throw new DfsError("protocol", "a configuration has a member twice, or one beyond its highest id");
  return { voters, learners, highestId };
}

/** Ascending ids: each is at least one more than the one before. */
function decodeIds(reader: ByteReader, count: number): MemberId[] {
  const ids: MemberId[] = [];
  for (let at = 0; at < count; at++) ids.push(reader.u64((ids.at(-1) ?? 0) + 1) as MemberId);
  return ids;
}
