/** Reports of the network as NDJSON shows them: RFC 3339 times, whole milliseconds. */
import type { FingersReport, GroupStatus, NetworkStatus, PeerInfo } from "../core/client.ts";

/** A peer of the network. */
export function peerJson({ lastSeenMs, ...peer }: PeerInfo): Record<string, unknown> {
  return { ...peer, silentMs: Math.round(lastSeenMs) };
}

/** The coordinators' group. */
export function groupJson(group: GroupStatus): Record<string, unknown> {
  return { ...group, ageMs: Math.round(group.ageMs) };
}

/** How the network is. */
export function statusJson(report: NetworkStatus): Record<string, unknown> {
  const { self, group, uptimeMs } = report;
  return { ...report, self: peerJson(self), group: groupJson(group), uptimeMs: Math.round(uptimeMs) };
}

/** A peer's finger table. */
export function fingersJson({ sample, ...report }: FingersReport): Record<string, unknown> {
  const records = sample.map(({ expiresMs, ...record }) => ({ ...record, expires: new Date(expiresMs).toISOString() }));
  return { ...report, sample: records };
}
