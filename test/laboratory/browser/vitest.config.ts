import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/laboratory/browser/**/*.browser.ts"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // One browser and one ledger are enough for two cores.
    maxWorkers: 1,
  },
});
