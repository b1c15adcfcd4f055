/** Who belongs to the group, and the one change at a time by which that is altered. */
import { DfsError } from "../core/errors.ts";
import { raftConfigContextBytesMax, raftMembersMax } from "../core/limits.ts";
import type { Configuration, MemberId } from "./types.ts";

/**
 * One step: a new learner, a learner that becomes a voter, or a voter or learner that leaves for good.
 * `context` is the driver's: where to reach the new member, for instance.
 */
export interface ConfigChange {
  readonly type: "add-learner" | "promote" | "remove";
  readonly id: MemberId;
  readonly context: Uint8Array;
}

const typeCodes = { "add-learner": 1, promote: 2, remove: 3 } as const;
const typeNames = new Map<number, ConfigChange["type"]>([
  [typeCodes["add-learner"], "add-learner"],
  [typeCodes.promote, "promote"],
  [typeCodes.remove, "remove"],
]);
const headBytes = 9;

/** Before anybody has joined: what an empty disk starts with. It can neither vote for itself nor lead. */
export const emptyConfiguration: Configuration = { voters: [], learners: [], highestId: 0 };

/** A group of these voters, for a founding snapshot. */
export function foundingConfiguration(voters: readonly MemberId[]): Configuration {
  return { voters: ascending(voters), learners: [], highestId: Math.max(...voters) };
}

/** The configuration after `change`, or undefined when the change makes no sense in `configuration`. */
export function changedConfiguration(
  configuration: Configuration,
  change: ConfigChange,
  mayReuseIds = false,
): Configuration | undefined {
  switch (change.type) {
    case "add-learner":
      return withLearner(configuration, change.id, mayReuseIds);
    case "promote":
      return withPromoted(configuration, change.id);
    default:
      return withoutMember(configuration, change.id);
  }
}

/** The change as entry data: type (1 byte), id (8 bytes, big-endian), context (the rest). Fails with `usage` when the context is too long. */
export function encodeConfigChange(change: ConfigChange): Uint8Array {
  if (change.context.length > raftConfigContextBytesMax)
    throw new DfsError(
      "usage",
      `a configuration change carries at most ${raftConfigContextBytesMax} bytes of context, not ${change.context.length}`,
    );
  const bytes = new Uint8Array(headBytes + change.context.length);
  bytes[0] = typeCodes[change.type];
  new DataView(bytes.buffer).setBigUint64(1, BigInt(change.id));
  bytes.set(change.context, headBytes);
  return bytes;
}

/** The change that `encodeConfigChange` wrote. Fails with `protocol` on any other bytes. */
export function decodeConfigChange(bytes: Uint8Array): ConfigChange {
  const type = typeNames.get(bytes[0] ?? 0);
  if (type === undefined || bytes.length < headBytes || bytes.length > headBytes + raftConfigContextBytesMax)
    throw new DfsError("protocol", "an entry of the log is no configuration change that this version knows");
  const id = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(1));
  if (!Number.isSafeInteger(id) || id < 1)
    throw new DfsError("protocol", "a configuration change names a member that cannot exist");
  return { type, id: id as MemberId, context: bytes.slice(headBytes) };
}

function withLearner(before: Configuration, id: MemberId, mayReuseIds: boolean): Configuration | undefined {
  const { voters, learners, highestId } = before;
  if (voters.includes(id) || learners.includes(id) || voters.length + learners.length >= raftMembersMax)
    return undefined;
  if (id <= highestId && !mayReuseIds) return undefined;
  return { voters, learners: ascending([...learners, id]), highestId: Math.max(highestId, id) };
}

function withPromoted({ voters, learners, highestId }: Configuration, id: MemberId): Configuration | undefined {
  if (!learners.includes(id)) return undefined;
  return { voters: ascending([...voters, id]), learners: without(learners, id), highestId };
}

function withoutMember({ voters, learners, highestId }: Configuration, id: MemberId): Configuration | undefined {
  const isLastVoter = voters.length === 1 && voters.includes(id);
  if (isLastVoter || (!voters.includes(id) && !learners.includes(id))) return undefined;
  return { voters: without(voters, id), learners: without(learners, id), highestId };
}

function ascending(ids: readonly MemberId[]): readonly MemberId[] {
  return ids.toSorted((left, right) => left - right);
}

function without(ids: readonly MemberId[], id: MemberId): readonly MemberId[] {
  return ids.filter((other) => other !== id);
}
