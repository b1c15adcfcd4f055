/** Strangers' connections are counted, and closed when they have not joined in time. */
import type { Connection } from "@libp2p/interface";
import { DfsError } from "../core/errors.ts";
import { strangerConnectionMs } from "../core/limits.ts";
import { hasEnded } from "./connection-door.ts";
import type { Host } from "./host.ts";
import type { MemberGate } from "./member-gate.ts";

/** Watches `host` for connections of peers that `gate` does not know as members. */
export function watchStrangers(host: Host, gate: MemberGate): void {
  host.addEventListener("connection:open", ({ detail: connection }) => {
    if (connection.direction === "inbound" && !gate.isMember(connection.remotePeer.toString()))
      limitStranger(connection, gate);
  });
}

function limitStranger(connection: Connection, gate: MemberGate): void {
  // One that was closed at once says so no more, and to abort it would fail.
  if (hasEnded(connection)) return;
  if (!gate.admitStranger(connection)) {
    connection.abort(new DfsError("busy", "too many peers are joining at once"));
    return;
  }
  const timer = setTimeout(() => {
    if (!hasEnded(connection)) connection.abort(new DfsError("timeout", "did not join in time"));
  }, strangerConnectionMs);
  connection.addEventListener("close", () => clearTimeout(timer));
}
