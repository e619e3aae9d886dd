import { configDefaults, defineConfig } from "vitest/config";
import { testsOfFacesTakenOut } from "../../vitest.config.ts";

export default defineConfig({
  test: {
    include: ["test/laboratory/**/*.test.ts"],
    exclude: [...configDefaults.exclude, ...testsOfFacesTakenOut],
    testTimeout: 300_000,
    hookTimeout: 60_000,
    maxConcurrency: 20,
    // What passes has nothing to say.
    silent: "passed-only",
    reporters: ["dot"],
    // One more than cores: much of their time is spent waiting for stores that hang and for queues.
    maxWorkers: 3,
  },
});
