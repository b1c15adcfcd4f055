/**
 * Joining a network: the new machine dials the peer that invited it, shows the invite's secret, and is told the network's.
 *
 * The connection is encrypted and the invite names the inviter's peer id, so the secret reaches nobody else. The answer
 * is believed only when the network key that it leads to is the one that the invite names. Joining happens on a
 * connection of its own, which ends with it.
 */
import type { Connection } from "@libp2p/interface";
import { multiaddr } from "@multiformats/multiaddr";
import * as v from "valibot";
import { type PeerDescription, peerRoles } from "../catalogue/operation.ts";
import type { PeerRow } from "../catalogue/rows.ts";
import { DfsError } from "../core/errors.ts";
import { type PeerId, type PeerName, parsePeerName, parseShelfId } from "../core/ids.ts";
import {
  dialTimeoutMs,
  joinCallsBurst,
  joinCallsPerSecondMax,
  handshakeMs,
  joinFrameBytesMax,
  joinPatienceMs,
  joinPauseMsMax,
  joinPauseMsMin,
  joinTimeoutMs,
  strangerConnectionsMax,
  zoneBytesMax,
} from "../core/limits.ts";
import { type InviteContent, inviteHash } from "../identity/invite.ts";
import { deriveNetwork } from "../identity/network-keys.ts";
import { decodePeerKey } from "../identity/peer-identity.ts";
import type { CommandSession } from "./command-session.ts";
import type { CatalogueAccess } from "./coordination/catalogue-access.ts";
import { memberListSchemas, plainMemberList } from "./coordination/catalogue-methods.ts";
import { type Host, startJoiningHost } from "./host.ts";
import type { Members } from "./members.ts";
import { joinProtocol } from "./protocols.ts";
import { withRetries } from "./retry.ts";
import { CallBudget } from "./wire/call-budget.ts";
import { RpcClient } from "./wire/rpc-client.ts";
import { defineMethod, route } from "./wire/rpc-method.ts";
import { routeTable, serveRpc } from "./wire/rpc-server.ts";
import { streamChannel } from "./wire/stream-channel.ts";

const secret = v.pipe(v.instance(Uint8Array), v.length(32)) as v.GenericSchema<unknown, Uint8Array>;
const text = <Value>(parse: (value: string) => Value): v.GenericSchema<unknown, Value> =>
  v.pipe(
    v.string(),
    v.maxLength(128),
    v.check((value) => {
      try {
        parse(value);
        return true;
      } catch {
        return false;
      }
    }, "not of this form"),
    v.transform(parse),
  );

/** The one method that a stranger may call. */
export const joinMethod = defineMethod({
  name: "join",
  params: v.object({
    secret,
    name: text(parsePeerName),
    zone: v.pipe(v.string(), v.maxBytes(zoneBytesMax)),
    capacityBytes: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
    shelf: v.nullable(text(parseShelfId)),
    mayCoordinate: v.boolean(),
    /** Takes the place of a member whose disk is lost: of this one, or with null of the only one that is down. */
    restore: v.optional(v.object({ as: v.nullable(text(parsePeerName)) })),
  }),
  result: v.object({
    networkSecret: secret,
    name: text(parsePeerName),
    /** What the invite makes of it: a client keeps no files and does not coordinate. */
    role: v.picklist(peerRoles),
    /** The shelf that is this peer's from now on. */
    shelf: v.nullable(text(parseShelfId)),
    version: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
    ...memberListSchemas,
  }),
});

/** What a machine says of itself when it joins, and whose place it takes, where it is to take one. */
export interface JoinRequest extends Omit<PeerDescription, "id" | "addresses" | "store"> {
  readonly restore?: { readonly as: PeerName | null } | undefined;
}
/** What it is told when it is let in. */
export type JoinAnswer = v.InferOutput<typeof joinMethod.result>;

export interface JoinOptions {
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  /** A try failed for a reason that may pass, and another one follows. */
  readonly onRetry: (error: DfsError) => void;
}

/**
 * Joins the network of an invite with the peer key in `identity`. What may pass is tried again for a while: the network
 * knows a repeated request by its key and invite. Fails with `bad-invite` when the network refuses it or the invite has
 * expired, `unreachable` when no address of the invite answers (at once when nobody listens there), `integrity` when the
 * network that answers is another one.
 */
export async function requestJoin(
  invite: InviteContent,
  identity: Uint8Array,
  request: JoinRequest,
  { nowMs, onRetry }: JoinOptions,
): Promise<JoinAnswer> {
  if (invite.expiresMs <= nowMs) {
    throw new DfsError(
      "bad-invite",
      `the invite expired at ${new Date(invite.expiresMs).toISOString()}; ask for a new one (dfs-shell -c invite)`,
    );
  }
  const retrying = { forMs: joinPatienceMs, pauseMs: joinPauseMsMin, pauseMsMax: joinPauseMsMax, signal: undefined };
  const mayPass = (error: DfsError): boolean => {
    if (isNobodyThere(error)) return false;
    onRetry(error);
    return true;
  };
  return withRetries({ ...retrying, mayPass }, (attempt) =>
    // Who was too slow for the first deadline begins the handshake anew, and is as slow again.
    joinOnce(invite, identity, request, attempt === 1 ? dialTimeoutMs : handshakeMs),
  );
}

async function joinOnce(
  invite: InviteContent,
  identity: Uint8Array,
  request: JoinRequest,
  patienceMs: number,
): Promise<JoinAnswer> {
  const host = await startJoiningHost(decodePeerKey(identity));
  try {
    const connection = await dialFirst(host, invite.addresses, patienceMs);
    const stream = await connection
      .newStream(joinProtocol, { signal: AbortSignal.timeout(patienceMs) })
      .catch((error: unknown) => {
        throw new DfsError(
          "unreachable",
          "the peer that invited this machine does not take it in now; try again shortly",
          { cause: error },
        );
      });
    const rpc = new RpcClient(streamChannel(stream, joinFrameBytesMax));
    const answer = await rpc.call(joinMethod, { ...request, secret: invite.secret }, { timeoutMs: joinTimeoutMs });
    await rpc.close();
    if (deriveNetwork(answer.networkSecret).networkId !== invite.networkId) {
      throw new DfsError(
        "integrity",
        "the peer that answered is not of the network that the invite names; ask for a new invite",
      );
    }
    return answer;
  } finally {
    await host.stop();
  }
}

async function dialFirst(
  host: Awaited<ReturnType<typeof startJoiningHost>>,
  addresses: readonly string[],
  patienceMs: number,
): Promise<Connection> {
  const errors: unknown[] = [];
  for (const address of addresses) {
    try {
      return await host.dial(multiaddr(address), { signal: AbortSignal.timeout(patienceMs) });
    } catch (error) {
      errors.push(error);
    }
  }
  const where = addresses.join(", ");
  throw new DfsError(
    "unreachable",
    `no answer from the peer that made the invite (${where}); is it running and reachable from here?`,
    { cause: new AggregateError(errors) },
  );
}

/** Whether every address of an invite refused the connection: the machine is there, and no peer runs on it. */
function isNobodyThere({ cause }: DfsError): boolean {
  return cause instanceof AggregateError && cause.errors.every((error) => String(error).includes("ECONNREFUSED"));
}

export interface JoinServiceOptions {
  readonly networkSecret: Uint8Array;
  /** Commits as this peer. */
  readonly commands: CommandSession;
  readonly members: Members;
  readonly catalogue: CatalogueAccess;
}

/** Takes in machines that show a valid invite. */
export async function serveJoins(host: Host, options: JoinServiceOptions): Promise<void> {
  // One for all: a stranger gets another identity for nothing.
  const budget = new CallBudget({
    rate: { perSecond: joinCallsPerSecondMax, burst: joinCallsBurst },
    inFlightMax: strangerConnectionsMax,
  });
  await host.handle(
    joinProtocol,
    async (stream, connection) => {
      const id = connection.remotePeer.toString() as PeerId;
      await serveRpc(
        streamChannel(stream, joinFrameBytesMax),
        routeTable([route(joinMethod, (request) => admit(id, request, options))]),
        budget,
      );
      await connection.close();
    },
    { maxInboundStreams: 1, maxOutboundStreams: 1 },
  );
}

async function admit(
  id: PeerId,
  request: v.InferOutput<typeof joinMethod.params>,
  options: JoinServiceOptions,
): Promise<JoinAnswer> {
  const { commands, members, networkSecret } = options;
  const { secret: inviteSecret, restore, ...description } = request;
  if (restore !== undefined) await members.refresh();
  // The answer to an earlier try may have been lost.
  const member = members.peer(id);
  const replaced = restore === undefined || member !== undefined ? undefined : await lostPeer(restore.as, options);
  const shelf = member?.shelf ?? replaced?.shelf ?? description.shelf;
  const [result] = await commands.execute([
    {
      op: "admitPeer",
      inviteSecretHash: inviteHash(inviteSecret),
      peer: { ...description, shelf, id, addresses: [], store: null },
      replaces: replaced?.id ?? null,
    },
  ]);
  if (result?.op !== "admitPeer")
    throw new DfsError("internal", "the catalogue did not say whether the peer was admitted");
  await members.refresh();
  const { list } = members;
  if (list === undefined) throw new DfsError("unreachable", "no coordinator is known here: try again shortly");
  const { name, role } = result;
  return { networkSecret, name, role, shelf: role === "client" ? null : shelf, ...plainMemberList(list) };
}

/** The member whose place is to be taken. Fails with `not-found`, and with `usage` for one that is up, or where it is not clear which. */
async function lostPeer(name: PeerName | null, { catalogue, members }: JoinServiceOptions): Promise<PeerRow> {
  const presence = new Map((await catalogue.presence()).map((seen) => [seen.id, seen.standing]));
  const isDown = ({ id }: PeerRow): boolean => ["down", "out"].includes(presence.get(id) ?? "down");
  const down = members.peers.filter(isDown);
  if (name === null) {
    const [only, ...others] = down;
    if (only !== undefined && others.length === 0) return only;
    const names = down.map((peer) => peer.name).join(", ");
    const why = only === undefined ? "no member is down" : `several members are down (${names})`;
    throw new DfsError("usage", `${why}: say with --as which one this machine takes the place of`);
  }
  const peer = members.peers.find((row) => row.name === name);
  if (peer === undefined) throw new DfsError("not-found", `no member is called ${name}; see peers`);
  if (!isDown(peer))
    throw new DfsError("usage", `${name} is up: a machine can only take the place of one that is gone; stop it first`);
  return peer;
}
