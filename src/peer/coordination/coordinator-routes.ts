/** What members may ask of the coordinator on this peer, which may come and go while they are connected. */
import { DfsError } from "../../core/errors.ts";
import type { PeerId } from "../../core/ids.ts";
import type { WorkQueue } from "../load/work-queue.ts";
import { type RpcRoute, route } from "../wire/rpc-method.ts";
import { catalogueMethods, plainMemberList } from "./catalogue-methods.ts";
import type { Coordinator } from "./coordinator.ts";
import { groupMethods } from "./group-methods.ts";

/**
 * The routes for calls of `from`; each fails with `not-leader` while this peer is no coordinator. Reads of the catalogue
 * wait their turn in `questions`, which may refuse them as `busy`, and keep their place until their answer has left: a slow line
 * is as much at its end as a slow disk.
 */
export function coordinatorRoutes(
  own: () => Coordinator | undefined,
  from: PeerId,
  questions: WorkQueue<PeerId>,
): RpcRoute[] {
  const here = (): Coordinator => {
    const coordinator = own();
    if (coordinator === undefined) throw new DfsError("not-leader", "this peer is no coordinator");
    return coordinator;
  };
  const inTurn = ({ method, handler }: RpcRoute): RpcRoute => ({
    method,
    handler: (params, call) =>
      questions.run({ caller: from, deadlineMs: call.deadlineMs, signal: call.signal, until: call.answered }, () =>
        handler(params, call),
      ),
  });
  return [...readRoutes(here).map(inTurn), ...otherRoutes(here, from)];
}

function readRoutes(here: () => Coordinator): RpcRoute[] {
  return [
    route(
      catalogueMethods.entry,
      async ({ user, parent, token, at, stale }, { signal }) =>
        (await here().entry(user, parent, token, { at, stale, signal })) ?? null,
    ),
    route(catalogueMethods.entries, async ({ user, parent, tokens, at, stale }, { signal }) => [
      ...(await here().entries(user, parent, tokens, { at, stale, signal })),
    ]),
    route(catalogueMethods.list, async ({ user, parent, after, limit, at, isBrief, stale }, { signal }) =>
      here().list(user, parent, after, limit, { at, isBrief, stale, signal }),
    ),
    route(
      catalogueMethods.revision,
      async ({ node, revision, stale }, { signal }) =>
        (await here().revision(node, revision, { stale, signal })) ?? null,
    ),
    route(catalogueMethods.revisions, async ({ node, before, limit, stale }, { signal }) =>
      here().revisions(node, before, limit, { stale, signal }),
    ),
    route(catalogueMethods.lineage, async ({ node, stale }, { signal }) => [
      ...(await here().lineage(node, { stale, signal })),
    ]),
    route(catalogueMethods.shares, async ({ query, after, stale }, { signal }) =>
      here().shares(query, after, { stale, signal }),
    ),
    route(catalogueMethods.users, async ({ after, limit, stale }, { signal }) =>
      here().users(after, limit, { stale, signal }),
    ),
    route(
      catalogueMethods.user,
      async ({ user, stale }, { signal }) => (await here().user(user, { stale, signal })) ?? null,
    ),
    route(
      catalogueMethods.userByName,
      async ({ name, stale }, { signal }) => (await here().userByName(name, { stale, signal })) ?? null,
    ),
    route(catalogueMethods.invites, async ({ stale }, { signal }) => [...(await here().invites({ stale, signal }))]),
    route(catalogueMethods.changes, async ({ user, stale, ...query }, { signal }) =>
      here().changes(user, query, { stale, signal }),
    ),
    route(
      catalogueMethods.outcome,
      async ({ session, sequence, stale }, { signal }) =>
        (await here().outcome(session, sequence, { stale, signal })) ?? null,
    ),
    route(catalogueMethods.effects, async ({ stale, ...query }, { signal }) =>
      here().effects(query, { stale, signal }),
    ),
    route(catalogueMethods.totals, async ({ stale }, { signal }) => here().totals({ stale, signal })),
    route(catalogueMethods.references, async ({ shelf, fileKeys }, { signal }) => [
      ...(await here().references(shelf, fileKeys, signal)),
    ]),
    route(catalogueMethods.drops, async ({ shelf, limit }, { signal }) => [
      ...(await here().drops(shelf, limit, signal)),
    ]),
    route(catalogueMethods.referencedKeys, async ({ shelf, after, limit }, { signal }) => [
      ...(await here().referencedKeys(shelf, after, limit, signal)),
    ]),
  ];
}

/** What a network needs to stay together, and what has a queue of its own. */
function otherRoutes(here: () => Coordinator, from: PeerId): RpcRoute[] {
  return [
    route(catalogueMethods.members, async (_, { signal }) => {
      return plainMemberList(await here().members(signal));
    }),
    route(catalogueMethods.group, async () => {
      const report = await here().group();
      return { ...report, members: [...report.members] };
    }),
    route(catalogueMethods.presence, async () => [...(await here().presence())]),
    route(catalogueMethods.heartbeat, async (beat) => here().sight(from, beat)),
    route(catalogueMethods.loginSalt, async ({ name }, { signal }) => here().loginSalt(name, signal)),
    route(catalogueMethods.login, async ({ name, proof }, { signal }) => here().loginOf(from, name, proof, signal)),
    route(catalogueMethods.propose, async ({ command }, { signal }) => here().proposeChecked(command, signal)),
    route(catalogueMethods.transfer, async ({ to }) => {
      await here().transfer(to);
      return null;
    }),
    route(groupMethods.offerSnapshot, async ({ group, message }) => {
      await here().snapshots.take(from, group, message);
      return null;
    }),
    route(groupMethods.readSnapshot, async ({ group, digest, offset }) =>
      here().snapshots.read(from, group, digest, offset),
    ),
  ];
}
