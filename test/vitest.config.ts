import { existsSync } from "node:fs";
import { join } from "node:path";
import { configDefaults, defineConfig } from "vitest/config";

const projectFolder = join(import.meta.dirname, "..");

/** The faces that can be taken out, and the tests that go through their doors: without the one, not the others. */
const testsThrough: Record<string, string[]> = {
  "src/dashboard": ["test/dashboard/**"],
  "src/api": [
    "test/{api,csv,erasure,openapi,queries,reading,search}.test.ts",
    "test/{bench/seed/seed,commands/dev,simulator/simulate}.test.ts",
  ],
};

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: [
      ...configDefaults.exclude,
      // `npm run test:slow`.
      "test/slow/**",
      "test/chaos/**",
      ...Object.entries(testsThrough).flatMap(([room, tests]) => (existsSync(join(projectFolder, room)) ? [] : tests)),
    ],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxConcurrency: 20,
    // Each file boots a Worker of its own: more at once than cores only slows them all down.
    maxWorkers: 2,
  },
});
