import { defineConfig } from "vitest/config";

/** Tests on copies of the project: each builds, deploys or adapts one, which takes seconds. */
export default defineConfig({
  test: { include: ["test/slow/**/*.test.ts"], testTimeout: 120_000, hookTimeout: 60_000, maxWorkers: 2 },
});
