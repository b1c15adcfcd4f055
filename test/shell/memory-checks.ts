/** The checks of a peer in memory: the results that a healthy peer has, as far as a test has not said otherwise. */
import type { CheckArea, CheckResult } from "../../src/core/checks.ts";
import type { GroupStatus } from "../../src/core/client.ts";

/** Every check of a peer, in its order. */
export const checkNames: readonly (readonly [CheckArea, string])[] = [
  ["machine", "node"],
  ["machine", "memory"],
  ["machine", "open-files"],
  ["machine", "data-folder"],
  ["machine", "file-system"],
  ["disk", "free-space"],
  ["disk", "write"],
  ["disk", "chunks"],
  ["ports", "port"],
  ["ports", "listening"],
  ["ports", "reachable"],
  ["clock", "jumps"],
  ["clock", "skew"],
  ["coordinators", "quorum"],
  ["coordinators", "leader"],
  ["coordinators", "lag"],
  ["coordinators", "round-trip"],
  ["finger table", "fingers"],
  ["finger table", "own-record"],
  ["finger table", "announcing"],
  ["backup", "copies"],
  ["backup", "lag"],
  ["backup", "verified"],
  ["users", "administrator"],
  ["versions", "versions"],
];

export class MemoryChecks {
  readonly #findings = new Map<string, Omit<CheckResult, "area" | "name">>();

  /** From now on this is what the check of that name finds. */
  set(name: string, finding: Omit<CheckResult, "area" | "name">): void {
    this.#findings.set(name, finding);
  }

  results({ hasQuorum }: GroupStatus): readonly CheckResult[] {
    return checkNames.map(([area, name]) => {
      const isHeadless = !hasQuorum && (name === "quorum" || name === "leader");
      const usual = isHeadless
        ? { outcome: "fault" as const, found: "no majority answers", advice: "start dfs-peer on ben" }
        : { outcome: "ok" as const, found: "all is well" };
      return { area, name, ...usual, ...this.#findings.get(name) };
    });
  }
}
