/** What a network costs while nobody asks anything of it: CPU time and packets of each peer, among ten and thirty. */
import { setTimeout as delay } from "node:timers/promises";
import type { Bench } from "./contest.ts";
import { Network } from "./peers.ts";
import { median } from "./process-usage.ts";
import { figureText } from "./result.ts";
import { onTheWire } from "./wire.ts";

const sizes = [10, 30] as const;
/** The first of them store and coordinate, the others do neither. */
const storing = 5;
/** What a peer does after it has joined is over by then. */
const settleMs = 15_000;
const lookMs = 20_000;

export async function rest(bench: Bench): Promise<void> {
  const network = new Network(bench.program);
  try {
    let peers = 0;
    for (const size of sizes) {
      const startedMs = performance.now();
      for (; peers < size; peers += 1)
        await network.add(`peer-${peers}`, peers < storing ? [] : ["--capacity", "0", "--coordinator", "never"]);
      process.stderr.write(`  ${size} peers after ${((performance.now() - startedMs) / 1000).toFixed(0)} s\n`);
      await delay(settleMs);
      const { result, packets } = await onTheWire(() =>
        network.measured(async () => {
          await delay(lookMs * bench.scale);
          return [];
        }),
      );
      const seconds = (lookMs * bench.scale) / 1000;
      const shares = result.map(({ cpuSeconds }) => (1000 * cpuSeconds) / seconds);
      bench.add({
        job: `at rest, one of ${size} peers`,
        unit: "ms of CPU a second",
        better: "less",
        ours: { name: "ours", values: [median(shares)], processes: [] },
        others: [],
        targets: [],
        also: `at most ${figureText(Math.max(...shares))}; ${figureText(packets / seconds / size)} packets a second`,
      });
    }
  } finally {
    await network.stop();
  }
}
