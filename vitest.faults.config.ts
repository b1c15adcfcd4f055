/** `npm run test:faults`: see test/faults/scenarios.ts. */
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/faults/scenarios.ts"],
    bail: 0,
  },
});
