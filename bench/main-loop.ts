/** How late the main loop gets while something runs beside it. */
import type { Bench } from "./contest.ts";

const timerMs = 1;

/** Runs `work`, and adds a row with the latest that a timer came meanwhile. */
export async function watchMainLoop(bench: Bench, name: string, work: () => Promise<unknown>): Promise<void> {
  let worstMs = 0;
  let lastMs = performance.now();
  const look = (): void => {
    worstMs = Math.max(worstMs, performance.now() - lastMs - timerMs);
    lastMs = performance.now();
  };
  const timer = setInterval(look, timerMs);
  await work();
  clearInterval(timer);
  look();
  bench.add({ name, ours: `at most ${worstMs.toFixed(1)} ms late`, others: "", runs: "", processes: "" });
}
