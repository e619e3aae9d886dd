import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxConcurrency: 20,
    // Each file boots a Worker of its own: more at once than cores only slows them all down.
    maxWorkers: 2,
  },
});
