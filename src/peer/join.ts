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
import type { PeerDescription } from "../catalogue/operation.ts";
import { DfsError, toDfsError } from "../core/errors.ts";
import { type PeerId, parsePeerName, parseShelfId } from "../core/ids.ts";
import { dialTimeoutMs, joinFrameBytesMax, joinTimeoutMs, zoneBytesMax } from "../core/limits.ts";
import { type InviteContent, inviteHash } from "../identity/invite.ts";
import { deriveNetwork } from "../identity/network-keys.ts";
import { decodePeerKey } from "../identity/peer-identity.ts";
import type { CommandSession } from "./command-session.ts";
import { memberListSchemas } from "./coordination/catalogue-methods.ts";
import { type Host, startJoiningHost } from "./host.ts";
import type { Members } from "./members.ts";
import { joinProtocol } from "./protocols.ts";
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

const joinMethod = defineMethod({
  name: "join",
  params: v.object({
    secret,
    name: text(parsePeerName),
    zone: v.pipe(v.string(), v.maxBytes(zoneBytesMax)),
    capacityBytes: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
    shelf: v.nullable(text(parseShelfId)),
    mayCoordinate: v.boolean(),
  }),
  result: v.object({
    networkSecret: secret,
    name: text(parsePeerName),
    version: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
    ...memberListSchemas,
  }),
});

/** What a machine says of itself when it joins. */
export type JoinRequest = Omit<PeerDescription, "id" | "addresses">;
/** What it is told when it is let in. */
export type JoinAnswer = v.InferOutput<typeof joinMethod.result>;

/**
 * Joins the network of an invite with the peer key in `identity`. Fails with `bad-invite` when the network refuses it
 * or the invite has expired, `unreachable` when no address of the invite answers, `integrity` when the network that
 * answers is another one.
 */
export async function requestJoin(
  invite: InviteContent,
  identity: Uint8Array,
  request: JoinRequest,
  nowMs: number,
): Promise<JoinAnswer> {
  if (invite.expiresMs <= nowMs) {
    throw new DfsError(
      "bad-invite",
      `the invite expired at ${new Date(invite.expiresMs).toISOString()}; ask for a new one (dfs-shell -c invite)`,
    );
  }
  const host = await startJoiningHost(decodePeerKey(identity));
  try {
    const connection = await dialFirst(host, invite.addresses);
    const stream = await connection
      .newStream(joinProtocol, { signal: AbortSignal.timeout(dialTimeoutMs) })
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
): Promise<Connection> {
  let lastError: unknown;
  for (const address of addresses) {
    try {
      return await host.dial(multiaddr(address), { signal: AbortSignal.timeout(dialTimeoutMs) });
    } catch (error) {
      lastError = error;
    }
  }
  const where = addresses.join(", ");
  throw new DfsError(
    "unreachable",
    `no answer from the peer that made the invite (${where}); is it running and reachable from here?`,
    { cause: toDfsError(lastError) },
  );
}

export interface JoinServiceOptions {
  readonly networkSecret: Uint8Array;
  /** Commits as this peer. */
  readonly commands: CommandSession;
  readonly members: Members;
}

/** Takes in machines that show a valid invite. */
export async function serveJoins(host: Host, options: JoinServiceOptions): Promise<void> {
  await host.handle(
    joinProtocol,
    async (stream, connection) => {
      const id = connection.remotePeer.toString() as PeerId;
      await serveRpc(
        streamChannel(stream, joinFrameBytesMax),
        routeTable([route(joinMethod, (request) => admit(id, request, options))]),
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
  const { secret: inviteSecret, ...description } = request;
  const [result] = await commands.execute([
    { op: "admitPeer", inviteSecretHash: inviteHash(inviteSecret), peer: { ...description, id, addresses: [] } },
  ]);
  if (result?.op !== "admitPeer")
    throw new DfsError("internal", "the catalogue did not say whether the peer was admitted");
  await members.refresh();
  const { peers, roster, version } = members;
  if (roster === undefined) throw new DfsError("unreachable", "no coordinator is known here: try again shortly");
  return {
    networkSecret,
    name: result.name,
    version,
    peers: [...peers],
    roster: { ...roster, members: [...roster.members] },
  };
}
