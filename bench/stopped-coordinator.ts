/** The coordinator of a peer that is stopped, run in this process: the fast way to bring much into a catalogue, through its log. */
import { join } from "node:path";
import type { ShelfId } from "../src/core/ids.ts";
import { decoySaltKey } from "../src/identity/credentials.ts";
import { deriveNetwork } from "../src/identity/network-keys.ts";
import { decodePeerKey, peerIdOf } from "../src/identity/peer-identity.ts";
import { type UserKeys, sharedUserKeys } from "../src/identity/user-keys.ts";
import { CommandSession } from "../src/peer/command-session.ts";
import { Coordinator } from "../src/peer/coordination/coordinator.ts";
import { openSeat, readSeat } from "../src/peer/coordination/seat-files.ts";
import { segmentBytesFor } from "../src/peer/coordination/seat.ts";
import { createLog } from "../src/peer/log.ts";
import { loadMembership } from "../src/peer/peer-config.ts";
import { usualSettings } from "../src/peer/peer-settings.ts";

interface StoppedPeer {
  readonly coordinator: Coordinator;
  /** The shared user. */
  readonly user: UserKeys;
  readonly shelf: ShelfId | null;
  /** A new session of commands of the shared user. */
  readonly newSession: () => CommandSession;
}

/** Does `work` with the coordinator of the stopped peer in `folder`, alone in its network. */
export async function withStoppedCoordinator<Result>(
  folder: string,
  work: (peer: StoppedPeer) => Promise<Result>,
): Promise<Result> {
  const [membership, seat] = [await loadMembership(folder), await readSeat(folder)];
  if (membership === undefined || seat === undefined) throw new Error("the peer is no coordinator");
  const { compactAfterEntries } = usualSettings;
  const files = await openSeat(folder, seat, segmentBytesFor(compactAfterEntries));
  const coordinator = new Coordinator({
    self: peerIdOf(decodePeerKey(membership.identity)),
    seat,
    cataloguePath: join(folder, "catalogue.db"),
    ...files,
    links: { call: () => Promise.reject(new Error("there is nobody else")) },
    send: () => undefined,
    peerOf: () => undefined,
    compactAfterEntries,
    decoyKey: decoySaltKey(membership.networkSecret),
    standings: usualSettings,
    nowMs: Date.now,
    log: createLog(() => undefined, { level: "silent", json: false }),
    onFault: (fault) => {
      throw fault;
    },
    onChange: () => undefined,
  });
  await coordinator.start();
  const user = sharedUserKeys(membership.networkSecret);
  const { networkId } = deriveNetwork(membership.networkSecret);
  const sign = (bytes: Uint8Array): Uint8Array => user.sign(bytes);
  try {
    return await work({
      coordinator,
      user,
      shelf: membership.config.shelf,
      newSession: () =>
        new CommandSession({ network: networkId, author: { user: user.userId }, sign }, (command, signal) =>
          coordinator.propose(command, signal),
        ),
    });
  } finally {
    await coordinator.stop();
  }
}
