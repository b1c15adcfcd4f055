/** Opens connections to a peer's control socket: TLS with the key in its data folder (see control-key.ts). */
import { type Socket, connect as connectPlain } from "node:net";
import { type TLSSocket, connect as connectTls } from "node:tls";
import { DfsError } from "../../core/errors.ts";
import { controlHandshakeMs, controlKeyReadingsMax } from "../../core/limits.ts";
import { pskClientTls } from "../wire/psk-tls.ts";
import { type ControlAddress, controlKeyIdentity, keyRefusal, readControlKey } from "./control-key.ts";

/**
 * A connection to the peer that listens at `address`, which has proved that it has the key as well.
 *
 * Fails with `unreachable` when no peer listens or it stops; `permission` without the key or with another one;
 * `timeout` when the peer does not answer within `controlHandshakeMs`.
 */
export async function openControlSocket(address: ControlAddress): Promise<Socket> {
  for (let reading = 1; ; reading++) {
    const key = await readControlKey(address.keyPath);
    try {
      return key === undefined ? await refuseKeyless(address) : await handshake(address, key);
    } catch (error) {
      const isRefused = error instanceof DfsError && error.kind === "permission";
      // A peer that has started meanwhile has a new key.
      if (!isRefused || reading >= controlKeyReadingsMax || !(await isOther(key, address.keyPath))) throw error;
    }
  }
}

/** Without a key there is only to say whether a peer listens. */
async function refuseKeyless({ socketPath, keyPath }: ControlAddress): Promise<never> {
  await new Promise<void>((resolve, reject) => {
    const probe = connectPlain(socketPath);
    probe.once("connect", () => {
      probe.destroy();
      resolve();
    });
    probe.once("error", (error) => reject(nobodyListens(socketPath, error)));
  });
  throw keyRefusal(`a peer listens at ${socketPath}, but its key is not at ${keyPath}`, keyPath);
}

function handshake({ socketPath, keyPath }: ControlAddress, key: Buffer): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    let isListening = false;
    const socket = connectTls({
      ...pskClientTls,
      path: socketPath,
      pskCallback: () => ({ psk: key, identity: controlKeyIdentity }),
    });
    const deadline = setTimeout(
      () =>
        socket.destroy(new DfsError("timeout", "the peer does not answer at its control socket", { path: socketPath })),
      controlHandshakeMs,
    );
    const onError = (error: NodeJS.ErrnoException): void => {
      clearTimeout(deadline);
      if (!isListening) reject(nobodyListens(socketPath, error));
      else reject(handshakeFailure(error, socketPath, keyPath));
    };
    socket.once("error", onError);
    socket.once("connect", () => (isListening = true));
    socket.once("secureConnect", () => {
      clearTimeout(deadline);
      socket.off("error", onError);
      resolve(socket);
    });
  });
}

function nobodyListens(socketPath: string, cause: unknown): DfsError {
  if (cause instanceof DfsError) return cause;
  return new DfsError("unreachable", "no peer answers at the control socket", { path: socketPath, cause });
}

function handshakeFailure(error: NodeJS.ErrnoException, socketPath: string, keyPath: string): DfsError {
  if (error instanceof DfsError && error.kind === "timeout") return error;
  const isCutOff = error.code === "ECONNRESET" || error.code === "EPIPE";
  if (!isCutOff) return keyRefusal(`the peer at ${socketPath} does not have the key at ${keyPath}`, keyPath, error);
  return new DfsError("unreachable", "the peer stops, or has too many connections at its control socket; try again", {
    path: socketPath,
    cause: error,
  });
}

async function isOther(key: Buffer | undefined, keyPath: string): Promise<boolean> {
  const now = await readControlKey(keyPath);
  return now !== undefined && (key === undefined || !now.equals(key));
}
