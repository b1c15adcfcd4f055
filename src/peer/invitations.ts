/** Making invites: a secret whose hash the catalogue keeps, and where this peer is to be found. */
import { randomBytes } from "node:crypto";
import type { Invite } from "../core/client.ts";
import { DfsError } from "../core/errors.ts";
import type { NetworkId } from "../core/ids.ts";
import { inviteMs, inviteMsMax, peerAddressesMax } from "../core/limits.ts";
import { encodeInvite, inviteHash } from "../identity/invite.ts";
import type { CommandSession } from "./command-session.ts";

export interface InvitationOptions {
  readonly networkId: NetworkId;
  /** Addresses of this peer, with its id at the end. */
  readonly addresses: readonly string[];
  /** Commits as this peer. */
  readonly commands: CommandSession;
  readonly expiresInMs: number | undefined;
  readonly signal: AbortSignal;
}

/** An invite for one machine. Fails with `usage` when it is to count for too long, and as a command does. */
export async function makeInvite(options: InvitationOptions): Promise<Invite> {
  const { networkId, addresses, commands, expiresInMs = inviteMs, signal } = options;
  if (expiresInMs > inviteMsMax)
    throw new DfsError("usage", `an invite counts for ${inviteMsMax / 86_400_000} days at the most`);
  const secret = new Uint8Array(randomBytes(32));
  const expiresMs = Date.now() + expiresInMs;
  await commands.execute([{ op: "addInvite", hash: inviteHash(secret), expiresMs, uses: 1, role: "storage" }], signal);
  const reachable = farthestFirst(addresses).slice(0, peerAddressesMax);
  return { text: encodeInvite({ networkId, addresses: reachable, secret, expiresMs }), expiresMs };
}

/** Loopback addresses last: they lead to this peer from its own machine only. */
function farthestFirst(addresses: readonly string[]): string[] {
  const isLoopback = (address: string): boolean => /^\/ip4\/127\.|^\/ip6\/::1\//.test(address);
  return [...addresses.filter((address) => !isLoopback(address)), ...addresses.filter(isLoopback)];
}
