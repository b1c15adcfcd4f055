/** Where a peer listens: at the port of its last run, so that others find it again, unless it was told otherwise. */
import { toDfsError } from "../core/errors.ts";
import { type Host, type HostOptions, startHost } from "./host.ts";

export interface Listening {
  readonly host: Host;
  /** The port of the last run, where it is not free any more. */
  readonly takenPort: number | undefined;
}

/** Starts the host at `listen`; any port there is the one of the last run, where that is free. Fails as startHost does. */
export async function startListening(
  options: Omit<HostOptions, "listen">,
  listen: string,
  lastPort: number | undefined,
): Promise<Listening> {
  const earlier = listen.replace(/\/tcp\/0$/, `/tcp/${lastPort ?? 0}`);
  if (earlier === listen) return { host: await startHost({ ...options, listen: [listen] }), takenPort: undefined };
  try {
    return { host: await startHost({ ...options, listen: [earlier] }), takenPort: undefined };
  } catch (error) {
    if (toDfsError(error).kind !== "address-in-use") throw error;
    return { host: await startHost({ ...options, listen: [listen] }), takenPort: lastPort };
  }
}
