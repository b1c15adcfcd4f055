import type { UpkeepClock } from "../../src/backup/upkeep/ports.ts";
import { FakeClock } from "../dht/fake-clock.ts";

/** A clock that stands still until it is advanced. */
export class UpkeepTestClock extends FakeClock implements UpkeepClock {
  delay(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) reject(signal.reason as Error);
      const cancel = this.after(ms, resolve);
      signal.addEventListener("abort", () => {
        cancel();
        reject(signal.reason as Error);
      });
    });
  }
}
