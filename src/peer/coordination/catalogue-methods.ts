/** RPC methods of the coordinators. */
import * as v from "valibot";
import { brandedText } from "../../catalogue/row-schema.ts";
import { rowSchemas } from "../../catalogue/rows.ts";
import {
  parseFileKey,
  parseNodeId,
  parseShelfId,
  parseUserId,
  parseUserName,
  isUserName,
  type SessionId,
} from "../../core/ids.ts";
import {
  commandBytesMax,
  failingLinksMax,
  nameTokenBytesMax,
  openInvitesMax,
  pageRowsMax,
  pathDepthMax,
  peersMax,
  raftMembersMax,
  recordsPerCallMax,
  shelvesMax,
  wrappedKeyBytesMax,
} from "../../core/limits.ts";
import { proofBytes, saltBytes } from "../../identity/credentials.ts";
import { defineMethod } from "../wire/rpc-method.ts";
import type { MemberList } from "./catalogue-access.ts";
import { groupSchemas } from "./group-mark.ts";

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const bytes = (most: number): v.GenericSchema<unknown, Uint8Array> => v.pipe(v.instance(Uint8Array), v.maxLength(most));
const user = v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/), v.transform(parseUserId));
const node = v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/), v.transform(parseNodeId));
const session = v.pipe(
  v.string(),
  v.regex(/^[0-9a-f]{32}$/),
  v.transform((id) => id as SessionId),
);
const shelf = v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/), v.transform(parseShelfId));
const fileKey = brandedText(parseFileKey);
const fileKeys = v.pipe(v.array(fileKey), v.maxLength(recordsPerCallMax));
const keyLimit = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(recordsPerCallMax));
const rowLimit = v.pipe(count, v.minValue(1), v.maxValue(pageRowsMax));
const userName = v.pipe(v.string(), v.check(isUserName, "a user name expected"), v.transform(parseUserName));
const token = bytes(nameTokenBytesMax);
const stale = v.optional(v.boolean());
/** A state of the past. */
const at = v.optional(v.union([v.strictObject({ index: count }), v.strictObject({ timeMs: count })]));
const { group, generation, memberId, peer } = groupSchemas;

const rosterMember = { id: memberId, peer, isVoter: v.boolean() };

/** Forms of the membership that files and other methods share. */
export const memberListSchemas = {
  peers: v.pipe(v.array(rowSchemas.peer), v.maxLength(peersMax)),
  shelves: v.pipe(v.array(rowSchemas.shelf), v.maxLength(shelvesMax)),
  policy: rowSchemas.policy,
  roster: v.object({
    group,
    generation,
    members: v.pipe(v.array(v.object(rosterMember)), v.maxLength(raftMembersMax)),
  }),
};

const memberListSchema = v.object({ version: count, ...memberListSchemas });
type PlainMemberList = v.InferOutput<typeof memberListSchema>;

/** A list as the wire's schemas type it, which know no read-only arrays. */
export function plainMemberList({ version, peers, shelves, policy, roster }: MemberList): PlainMemberList {
  return {
    version,
    peers: [...peers],
    shelves: [...shelves],
    policy,
    roster: { ...roster, members: [...roster.members] },
  };
}

export const catalogueMethods = {
  entry: defineMethod({
    name: "catalogue.entry",
    params: v.object({ user, parent: node, token, at, stale }),
    result: v.nullable(rowSchemas.entry),
  }),
  entries: defineMethod({
    name: "catalogue.entries",
    params: v.object({
      user,
      parent: node,
      tokens: v.pipe(v.array(token), v.minLength(1), v.maxLength(pageRowsMax)),
      at,
      stale,
    }),
    result: v.pipe(v.array(v.nullable(rowSchemas.entry)), v.minLength(1), v.maxLength(pageRowsMax)),
  }),
  list: defineMethod({
    name: "catalogue.list",
    params: v.object({
      user,
      parent: node,
      after: v.optional(token),
      limit: rowLimit,
      at,
      isBrief: v.optional(v.boolean()),
      stale,
    }),
    result: rowSchemas.directoryPage,
  }),
  revision: defineMethod({
    name: "catalogue.revision",
    params: v.object({ node, revision: count, stale }),
    result: v.nullable(rowSchemas.revision),
  }),
  revisions: defineMethod({
    name: "catalogue.revisions",
    params: v.object({ node, before: v.optional(count), limit: rowLimit, stale }),
    result: rowSchemas.revisionPage,
  }),
  lineage: defineMethod({
    name: "catalogue.lineage",
    params: v.object({ node, stale }),
    result: v.pipe(v.array(rowSchemas.node), v.maxLength(pathDepthMax + 1)),
  }),
  shares: defineMethod({
    name: "catalogue.shares",
    params: v.object({
      query: v.union([v.strictObject({ by: user }), v.strictObject({ to: user }), v.strictObject({ of: node })]),
      after: v.nullable(v.strictObject({ node, grantee: user })),
      stale,
    }),
    result: rowSchemas.sharePage,
  }),
  users: defineMethod({
    name: "catalogue.users",
    params: v.object({ after: v.optional(userName), limit: rowLimit, stale }),
    result: rowSchemas.userPage,
  }),
  user: defineMethod({
    name: "catalogue.user",
    params: v.object({ user, stale }),
    result: v.nullable(rowSchemas.user),
  }),
  userByName: defineMethod({
    name: "catalogue.user-by-name",
    params: v.object({ name: userName, stale }),
    result: v.nullable(rowSchemas.user),
  }),
  invites: defineMethod({
    name: "catalogue.invites",
    params: v.object({ stale }),
    result: v.pipe(v.array(rowSchemas.invite), v.maxLength(openInvitesMax)),
  }),
  changes: defineMethod({
    name: "catalogue.changes",
    params: v.object({
      user,
      sinceIndex: count,
      after: v.optional(rowSchemas.changeCursor),
      limit: v.optional(rowLimit),
      isBrief: v.optional(v.boolean()),
      stale,
    }),
    result: rowSchemas.changePage,
  }),
  outcome: defineMethod({
    name: "catalogue.outcome",
    params: v.object({ session, sequence: v.pipe(count, v.minValue(1)), stale }),
    result: v.nullable(bytes(2 * commandBytesMax)),
  }),
  effects: defineMethod({
    name: "catalogue.effects",
    params: v.object({
      index: count,
      timeMs: count,
      after: v.optional(rowSchemas.effectCursor),
      limit: v.optional(rowLimit),
      stale,
    }),
    result: rowSchemas.effectPage,
  }),
  members: defineMethod({
    name: "catalogue.members",
    params: v.object({}),
    result: memberListSchema,
  }),
  totals: defineMethod({
    name: "catalogue.totals",
    params: v.object({ stale }),
    result: v.object({ counts: rowSchemas.counts, appliedIndex: count }),
  }),
  references: defineMethod({
    name: "catalogue.references",
    params: v.object({ shelf, fileKeys }),
    result: v.pipe(v.array(v.boolean()), v.maxLength(recordsPerCallMax)),
  }),
  drops: defineMethod({
    name: "catalogue.drops",
    params: v.object({ shelf, limit: keyLimit }),
    result: fileKeys,
  }),
  referencedKeys: defineMethod({
    name: "catalogue.referenced-keys",
    params: v.object({ shelf, after: v.optional(fileKey), limit: keyLimit }),
    result: v.pipe(v.array(rowSchemas.referencedKey), v.maxLength(recordsPerCallMax)),
  }),
  group: defineMethod({
    name: "catalogue.group",
    params: v.object({}),
    result: v.object({
      from: peer,
      hasQuorum: v.boolean(),
      isLeader: v.boolean(),
      leader: v.nullable(peer),
      term: count,
      commitIndex: count,
      appliedIndex: count,
      lastIndex: count,
      ageMs: count,
      members: v.pipe(
        v.array(
          v.object({ ...rosterMember, isLeader: v.boolean(), isActive: v.boolean(), matchIndex: v.nullable(count) }),
        ),
        v.maxLength(raftMembersMax),
      ),
    }),
  }),
  presence: defineMethod({
    name: "catalogue.presence",
    params: v.object({}),
    result: v.pipe(
      v.array(
        v.object({
          id: v.string(),
          ageMs: count,
          standing: v.picklist(["up", "suspect", "down", "out"]),
          usedBytes: count,
          freeBytes: count,
        }),
      ),
      v.maxLength(peersMax),
    ),
  }),
  heartbeat: defineMethod({
    name: "catalogue.heartbeat",
    params: v.object({
      usedBytes: count,
      freeBytes: count,
      failing: v.optional(v.pipe(v.array(v.object({ shelf, peer })), v.maxLength(failingLinksMax))),
    }),
    result: count,
  }),
  loginSalt: defineMethod({
    name: "catalogue.login-salt",
    params: v.object({ name: userName }),
    result: v.pipe(v.instance(Uint8Array), v.length(saltBytes)),
  }),
  login: defineMethod({
    name: "catalogue.login",
    params: v.object({ name: userName, proof: v.pipe(v.instance(Uint8Array), v.length(proofBytes)) }),
    result: v.object({ wrappedKey: bytes(wrappedKeyBytesMax), user: rowSchemas.user }),
  }),
  propose: defineMethod({
    name: "catalogue.propose",
    params: v.object({ command: bytes(commandBytesMax) }),
    result: bytes(2 * commandBytesMax),
  }),
  transfer: defineMethod({ name: "catalogue.transfer", params: v.object({ to: peer }), result: v.null() }),
};
