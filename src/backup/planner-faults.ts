/**
 * Test-only switches that put a known mistake into the planner, so that the simulator can prove that it would notice.
 *
 * Production code never sets one.
 */
export type PlannerFault =
  /** Whoever is up takes over, whatever it has. */
  | "take-over-by-anyone"
  /** A suspect owner is replaced at once. */
  | "take-over-for-suspect"
  /** A draining owner hands over to whoever is there. */
  | "hand-over-early"
  /** A link that is not wanted any more goes before enough others are full. */
  | "drop-before-full"
  /** A link that is down leaves its chain at once. */
  | "drop-who-is-down"
  /** A stand-in for a link that is down is filled. */
  | "fill-for-a-reboot"
  /** Many peers vanish at once, and everything is copied. */
  | "fill-in-bulk"
  /** As many shelves are filled at once as there are. */
  | "fill-without-limit"
  /** A peer without room is elected. */
  | "elect-without-room"
  /** Links are moved for a difference of one. */
  | "balance-for-ever"
  /** What an abandoned peer claims is waited for. */
  | "wait-for-the-abandoned"
  /** A link that is replaced gives up what it keeps as soon as the other one begins to get it. */
  | "push-off";

/** No mistake: what production plans with. */
export const noPlannerFaults: ReadonlySet<PlannerFault> = new Set<PlannerFault>();
