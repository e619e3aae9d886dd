import { defineConfig } from "vitest/config";

/** What takes long: tests on copies of the project, each of which builds, deploys or adapts one, and the matrix of faults. */
export default defineConfig({
  test: {
    include: ["test/{slow,chaos}/**/*.test.ts"],
    testTimeout: 120_000,
    hookTimeout: 60_000,
    maxConcurrency: 20,
    maxWorkers: 2,
  },
});
