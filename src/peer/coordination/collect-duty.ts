/** Has the leader give up revisions whose time is over. */
import { collectReviewMs } from "../../core/limits.ts";
import { LeaderDuty, type LeaderDutyOptions } from "./leader-duty.ts";

/** `nowMs`: milliseconds since 1970. */
export function collectDuty({ own, commands, log }: LeaderDutyOptions, nowMs: () => number): LeaderDuty {
  return new LeaderDuty({
    own,
    log,
    everyMs: collectReviewMs,
    what: "giving up revisions",
    round: async (coordinator, signal) => {
      const dueMs = coordinator.nextCollectMs();
      if (dueMs === undefined || dueMs > nowMs()) return;
      for (let isMoreDue = true; isMoreDue;) {
        const [result] = await commands.execute([{ op: "collect" }], signal);
        isMoreDue = result?.op === "collect" && result.isMoreDue;
      }
    },
  });
}
