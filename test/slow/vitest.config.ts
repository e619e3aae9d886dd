import { configDefaults, defineConfig } from "vitest/config";
import { slowTests, testsOfFacesTakenOut } from "../vitest.config.ts";

export default defineConfig({
  test: {
    include: slowTests,
    exclude: [...configDefaults.exclude, ...testsOfFacesTakenOut],
    testTimeout: 120_000,
    hookTimeout: 60_000,
    maxConcurrency: 20,
    maxWorkers: 2,
  },
});
