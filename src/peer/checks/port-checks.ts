/** Checks of this peer's port: whether it listens, on which one, and whether others reach it. */
import { connect } from "node:net";
import { toDfsError } from "../../core/errors.ts";
import { dialBackPeersMax } from "../../core/limits.ts";
import type { PeerLinks } from "../peer-links.ts";
import type { AskedPeer } from "./asked-peers.ts";
import { type Finding, fault, fine, warning } from "./check.ts";
import { named } from "./check-texts.ts";
import { checkMethods } from "./check-methods.ts";

/** Where a multiaddr of this peer leads. */
interface Port {
  readonly host: string;
  readonly port: number;
}

export function portIn(address: string): Port | undefined {
  const [, host, port] = /^\/ip[46]\/([^/]+)\/tcp\/(\d+)/.exec(address) ?? [];
  return host === undefined ? undefined : { host, port: Number(port) };
}

/** Connects to this peer's own port, as another peer would. */
export async function findListening(addresses: readonly string[], signal: AbortSignal): Promise<Finding> {
  const ports = addresses.flatMap((address) => portIn(address) ?? []);
  const first = ports[0];
  if (first === undefined)
    return fault("this peer listens nowhere", "start dfs-peer with --listen /ip4/0.0.0.0/tcp/4001");
  const { host, port } = ports.find(({ host: own }) => own.startsWith("127.") || own === "::1") ?? first;
  try {
    await knock(host, port, signal);
    return fine(`port ${port} listens`);
  } catch (error) {
    signal.throwIfAborted();
    const { message } = toDfsError(error);
    return fault(`port ${port} of this peer does not answer at ${host}: ${message}`, "stop the peer and start it anew");
  }
}

function knock(host: string, port: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, signal });
    socket.once("connect", () => {
      socket.destroy();
      resolve();
    });
    socket.once("error", reject);
  });
}

/** Where the peer listens, as against the port of its last run. */
export function judgePort(port: number | undefined, takenPort: number | undefined): Finding {
  if (takenPort === undefined) return fine(port === undefined ? "no port" : `port ${port}, as before`);
  return warning(
    `port ${takenPort} of the last run is taken by another program, so that this peer listens on ${port ?? "another"}`,
    `end what listens on ${takenPort} (ss -ltnp), or open ${port ?? "the new one"} in the firewall`,
  );
}

/** Asks a few other members to make a new connection to this one. */
export async function findReachable(
  peers: readonly AskedPeer[],
  links: Pick<PeerLinks, "call">,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<Finding> {
  const asked = await Promise.all(
    peers.slice(0, dialBackPeersMax).map(async ({ id, name }) => {
      try {
        return { name, reason: await links.call(id, checkMethods.dialBack, {}, { timeoutMs, signal }) };
      } catch {
        signal.throwIfAborted();
        return undefined;
      }
    }),
  );
  return judgeReachable(
    peers.length,
    asked.filter((answer) => answer !== undefined),
  );
}

interface DialledBack {
  readonly name: string;
  /** Why that peer cannot reach this one; null where it can. */
  readonly reason: string | null;
}

/** `others`: members besides this peer; `asked`: what those of them said that answered. */
export function judgeReachable(others: number, asked: readonly DialledBack[]): Finding {
  if (others === 0) return fine("there is no other peer yet that would have to reach this one");
  if (asked.length === 0)
    return warning("no other peer answers that could try to reach this one", "start dfs-peer on them; see peers");
  const failed = asked.filter(({ reason }) => reason !== null);
  const names = named(asked.map(({ name }) => name));
  if (failed.length === 0) return fine(`${names} can reach this peer`);
  const text = named(failed.map(({ name, reason }) => `${name} (${reason})`));
  const advice = "let the firewall of this machine pass its port, or start dfs-peer with a --listen that others reach";
  if (failed.length < asked.length) return warning(`not every other peer can reach this one: ${text}`, advice);
  return fault(`other peers cannot reach this one: ${text}`, advice);
}
