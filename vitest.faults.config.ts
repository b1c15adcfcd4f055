/** `npm run test:faults`: see test/faults/scenarios.ts, burn-scenarios.ts and savepoint-scenarios.ts. */
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/faults/*scenarios.ts"],
    // Each of them takes all that the machine has.
    fileParallelism: false,
    bail: 0,
  },
});
