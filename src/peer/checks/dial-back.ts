/** Dials a peer anew, to see whether it can be reached. */
import { multiaddr } from "@multiformats/multiaddr";
import { DfsError, toDfsError } from "../../core/errors.ts";
import { generatePeerKey } from "../../identity/peer-identity.ts";
import { startJoiningHost } from "../host.ts";

/**
 * Makes a connection to whoever is at these multiaddrs, each of which ends in the peer's id, and closes it again. It is
 * made as a stranger, who joins nothing: one more connection between the two peers themselves would soon carry their
 * calls, and its end would end them. Fails with `unreachable` where nobody is, or somebody else, and as `signal` says.
 */
export async function dialAsStranger(addresses: readonly string[], signal: AbortSignal): Promise<void> {
  if (addresses.length === 0) throw new DfsError("unreachable", "the network knows no address of it");
  const host = await startJoiningHost(await generatePeerKey());
  try {
    const connection = await host.dial(
      addresses.map((address) => multiaddr(address)),
      { signal },
    );
    await connection.close({ signal });
  } catch (error) {
    signal.throwIfAborted();
    const { message } = toDfsError(error);
    throw new DfsError("unreachable", `nothing at ${addresses.join(", ")}: ${message}`, { cause: error });
  } finally {
    await host.stop();
  }
}
