/** Has the leader end the files whose time is over. */
import { expiryReviewMs } from "../../core/limits.ts";
import { LeaderDuty, type LeaderDutyOptions } from "./leader-duty.ts";

/** `nowMs`: milliseconds since 1970. */
export function expiryDuty({ own, commands, log }: LeaderDutyOptions, nowMs: () => number): LeaderDuty {
  return new LeaderDuty({
    own,
    log,
    everyMs: expiryReviewMs,
    what: "ending files whose time is over",
    round: async (coordinator, signal) => {
      const dueMs = coordinator.nextExpiryMs();
      if (dueMs === undefined || dueMs > nowMs()) return;
      for (let isMoreDue = true; isMoreDue;) {
        const [result] = await commands.execute([{ op: "expire" }], signal);
        isMoreDue = result?.op === "expire" && result.isMoreDue;
      }
    },
  });
}
