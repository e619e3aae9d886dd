import { configDefaults, defineConfig } from "vitest/config";
import { slowTests, testsOfFacesTakenOut } from "../vitest.config.ts";

export default defineConfig({
  test: {
    include: slowTests,
    exclude: [...configDefaults.exclude, ...testsOfFacesTakenOut],
    testTimeout: 300_000,
    hookTimeout: 60_000,
    maxConcurrency: 20,
    // One more than cores: much of their time is spent waiting for stores that hang and for queues.
    maxWorkers: 3,
  },
});
