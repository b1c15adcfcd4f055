/**
 * Where a DfsClient comes from: the peer that holds the data folder, over its control socket, or else a peer in this
 * process. The peer's own code is loaded only when it is needed, so that an attached command starts fast.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { CheckResult } from "../core/checks.ts";
import type { CallOptions, DfsClient } from "../core/client.ts";
import { DfsError } from "../core/errors.ts";
import { attachRetryMs, attachWaitMs } from "../core/limits.ts";
import { connectControl } from "./control/control-client.ts";
import { controlAddress, defaultDataFolder } from "./data-folder-paths.ts";
import { createLog } from "./log.ts";
import { usualSettings } from "./peer-settings.ts";
import { guardProcess } from "./process-guard.ts";
import type { RunningPeerOptions } from "./running-peer.ts";

export interface OpenClientOptions {
  /** Path of the data folder; the platform's usual one without it. */
  readonly dataFolder?: string | undefined;
  /** Hears what takes its time. */
  readonly onProgress?: ((message: string) => void) | undefined;
  readonly version: string;
}

/** A client of this machine's peer. Fails with `locked`, `version`, `integrity`, `permission`, `timeout`, `address-in-use`. */
export async function openClient(options: OpenClientOptions): Promise<DfsClient> {
  const folder = options.dataFolder ?? defaultDataFolder();
  const deadlineMs = Date.now() + attachWaitMs;
  for (;;) {
    const attached = await attach(folder);
    if (attached !== undefined) return attached;
    try {
      return await startClient(folder, options);
    } catch (error) {
      // Whoever holds the folder may be just starting, and will have a socket, or stopping, and let go of it.
      const mayChange = error instanceof DfsError && error.kind === "locked" && Date.now() < deadlineMs;
      if (!mayChange) throw error;
    }
    await delay(attachRetryMs);
  }
}

async function startClient(folder: string, { onProgress, version }: OpenClientOptions): Promise<DfsClient> {
  onProgress?.("starting this machine's peer");
  const { startRunningPeer } = await import("./running-peer.ts");
  const log = shellLog();
  const peer = await startRunningPeer({ folder, log, version, ...inShell(version) });
  guardProcess(log);
  return peer.client;
}

/** Makes this machine a member of the network of an invite. Fails with `bad-invite`, `exists`, `unreachable`, `locked`. */
export async function joinNetwork({
  dataFolder,
  invite,
  version,
}: OpenClientOptions & { readonly invite: string }): Promise<{ peerName: string; networkId: string }> {
  const { joinOnly } = await import("./running-peer.ts");
  const folder = dataFolder ?? defaultDataFolder();
  const { config } = await joinOnly({
    folder,
    invite,
    log: shellLog(),
    version,
    ...inShell(version),
  });
  return { peerName: config.name, networkId: config.networkId };
}

/** The checks of this machine that can be made where no peer runs; as `checks` of a client makes them. */
export async function* checkMachine({
  dataFolder,
  signal,
}: CallOptions & { readonly dataFolder?: string | undefined }): AsyncGenerator<CheckResult> {
  const [{ makeChecks }, { machineChecks }] = await Promise.all([
    import("./checks/check.ts"),
    import("./checks/machine-checks.ts"),
  ]);
  yield* makeChecks(machineChecks(dataFolder ?? defaultDataFolder()), signal);
}

async function attach(folder: string): Promise<DfsClient | undefined> {
  try {
    return await connectControl(controlAddress(folder));
  } catch (error) {
    // Where nobody listens a peer is started, and says what is wrong if something is.
    if (error instanceof DfsError && error.kind === "unreachable") return undefined;
    throw error;
  }
}

/** How a peer is started that lives as long as a shell. */
function inShell(version: string): Pick<RunningPeerOptions, "setup" | "settings" | "isDaemon" | "onFault" | "program"> {
  const onFault = ({ message, exitCode }: DfsError): void => {
    process.stderr.write(`dfs-shell: the catalogue of this peer cannot go on: ${message}\n`);
    process.exit(exitCode);
  };
  return { setup: {}, settings: usualSettings, isDaemon: false, onFault, program: `dfs-shell ${version}` };
}

/** Only what a person must know reaches a shell's stderr. */
function shellLog() {
  return createLog((line) => process.stderr.write(line), { level: "error", json: false });
}
