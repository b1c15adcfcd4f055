/** Making invites: a secret whose hash the catalogue keeps, and where this peer is to be found. */
import { randomBytes } from "node:crypto";
import type { InviteRequest } from "../core/accounts.ts";
import type { Invite } from "../core/client.ts";
import { DfsError } from "../core/errors.ts";
import type { NetworkId } from "../core/ids.ts";
import { inviteMs, inviteMsMax, inviteUsesMax, peerAddressesMax } from "../core/limits.ts";
import { encodeInvite, inviteHash } from "../identity/invite.ts";
import type { CommandTarget } from "./command-session.ts";

export interface InvitationOptions {
  readonly networkId: NetworkId;
  /** Addresses of this peer, with its id at the end. */
  readonly addresses: readonly string[];
  /** Commits as an administrator, or as this peer while there is none. */
  readonly commands: CommandTarget;
  readonly request: InviteRequest;
  readonly signal: AbortSignal | undefined;
}

/** An invite, for one machine unless it says otherwise. Fails with `usage` when it is to count for too long or too often, and as a command does. */
export async function makeInvite({
  networkId,
  addresses,
  commands,
  request,
  signal,
}: InvitationOptions): Promise<Invite> {
  const { expiresInMs = inviteMs, uses = 1, role = "storage" } = request;
  if (expiresInMs > inviteMsMax)
    throw new DfsError("usage", `an invite counts for ${inviteMsMax / 86_400_000} days at the most`);
  if (!(Number.isSafeInteger(uses) && uses >= 1 && uses <= inviteUsesMax))
    throw new DfsError("usage", `an invite admits 1 to ${inviteUsesMax} machines, not ${uses}`);
  const secret = new Uint8Array(randomBytes(32));
  const expiresMs = Date.now() + expiresInMs;
  await commands.execute([{ op: "addInvite", hash: inviteHash(secret), expiresMs, uses, role }], signal);
  const reachable = farthestFirst(addresses).slice(0, peerAddressesMax);
  return { text: encodeInvite({ networkId, addresses: reachable, secret, expiresMs }), expiresMs };
}

/** Loopback addresses last: they lead to this peer from its own machine only. */
function farthestFirst(addresses: readonly string[]): string[] {
  const isLoopback = (address: string): boolean => /^\/ip4\/127\.|^\/ip6\/::1\//.test(address);
  return [...addresses.filter((address) => !isLoopback(address)), ...addresses.filter(isLoopback)];
}
