/**
 * The mark that the group's log leaves in the catalogue with every transaction: which entry was applied last, and who
 * belonged to the group then.
 *
 * A *group* is the coordinators of a network; its *members* have numbers, and each number is one peer's for good. A
 * group that had to be started anew from a survivor gets a new id and the next *generation*, so that nobody takes
 * messages of the old one for its own.
 */
import * as v from "valibot";
import { type PeerId, parsePeerId } from "../../core/ids.ts";
import { groupPeersKnownMax, raftMembersMax } from "../../core/limits.ts";
import {
  type ConfigChange,
  changedConfiguration,
  decodeConfigChange,
  foundingConfiguration,
} from "../../raft/configuration.ts";
import type { Configuration, Entry, MemberId } from "../../raft/types.ts";
import { decodeCbor, encodeCbor } from "../wire/cbor.ts";

/** 16 random bytes in hexadecimal. */
export type GroupId = string;

export interface GroupMark {
  readonly group: GroupId;
  /** Grows by one when a group is started anew from a survivor. */
  readonly generation: number;
  /** The term of the entry that was applied last. */
  readonly term: number;
  readonly configuration: Configuration;
  /** Whose number each member is; with those that left lately, for they may still have a say. */
  readonly peers: ReadonlyMap<MemberId, PeerId>;
}

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const memberId = v.pipe(
  v.number(),
  v.safeInteger(),
  v.minValue(1),
  v.transform((id) => id as MemberId),
);
const members = v.pipe(v.array(memberId), v.maxLength(raftMembersMax));

/** Forms that other messages about a group share. */
export const groupSchemas = {
  memberId,
  group: v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/)),
  generation: v.pipe(count, v.minValue(1)),
  peer: v.pipe(v.string(), v.maxLength(64), v.regex(/^[1-9A-HJ-NP-Za-km-z]{40,64}$/), v.transform(parsePeerId)),
  configuration: v.object({ voters: members, learners: members, highestId: count }),
};

const markSchema = v.object({
  group: groupSchemas.group,
  generation: groupSchemas.generation,
  term: count,
  configuration: groupSchemas.configuration,
  peers: v.pipe(v.array(v.tuple([memberId, groupSchemas.peer])), v.maxLength(groupPeersKnownMax)),
});

/** The mark of a group of one that begins. */
export function foundingMark(
  group: GroupId,
  generation: number,
  self: MemberId,
  peer: PeerId,
  term: number,
): GroupMark {
  return { group, generation, term, configuration: foundingConfiguration([self]), peers: new Map([[self, peer]]) };
}

export function encodeMark(mark: GroupMark): Uint8Array {
  return encodeCbor({ ...mark, peers: [...mark.peers] });
}

/** The mark that `encodeMark` wrote. Fails with `protocol` on anything else. */
export function decodeMark(bytes: Uint8Array): GroupMark {
  const mark = decodeCbor(bytes, markSchema, "mark of the catalogue's group");
  return { ...mark, peers: new Map(mark.peers) };
}

/** The mark after an entry is applied. A change of the configuration that makes no sense any more changes nothing, as in the core. */
export function markAfter(mark: GroupMark, entry: Entry): GroupMark {
  const moved = { ...mark, term: entry.term };
  if (entry.kind !== "config") return moved;
  const change = decodeConfigChange(entry.data);
  const configuration = changedConfiguration(mark.configuration, change);
  if (configuration === undefined) return moved;
  return { ...moved, configuration, peers: peersAfter(mark.peers, change, configuration) };
}

/** What a change carries along: whose number the new member's is. */
export function changeContext(peer: PeerId): Uint8Array {
  return Buffer.from(peer);
}

/** Adds the peer of a new member, and forgets the numbers that left longest ago where too many are known. */
function peersAfter(
  peers: ReadonlyMap<MemberId, PeerId>,
  change: ConfigChange,
  { voters, learners }: Configuration,
): ReadonlyMap<MemberId, PeerId> {
  const peer = v.safeParse(groupSchemas.peer, Buffer.from(change.context).toString());
  if (change.type !== "add-learner" || !peer.success) return peers;
  const after = new Map(peers).set(change.id, peer.output);
  for (const id of after.keys()) {
    if (after.size <= groupPeersKnownMax) break;
    if (!voters.includes(id) && !learners.includes(id)) after.delete(id);
  }
  return after;
}
