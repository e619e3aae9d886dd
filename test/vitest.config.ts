import { existsSync } from "node:fs";
import { join } from "node:path";
import { configDefaults, defineConfig } from "vitest/config";

const projectFolder = join(import.meta.dirname, "..");

/** What `npm run test:slow` runs: faults, the benchmark, the simulator, and what works on copies of the project. */
const laboratory = "test/laboratory/**";

/** The faces that can be taken out, and the tests that go through their doors: without the one, not the others. */
export const testsThrough = {
  "src/dashboard": ["test/dashboard/**", "test/{alerts,deliveries,figures,looked-at,reading}.test.ts"],
  "src/api": [
    "test/{alerts,api,csv,deliveries,erasure,looked-at,openapi,queries,reading,search}.test.ts",
    "test/laboratory/{bench/seed/seed,commands/dev,commands/listing,slow/simulate}.test.ts",
  ],
  "src/mcp": ["test/mcp.test.ts", "test/laboratory/slow/conformance.test.ts"],
};

export const testsOfFacesTakenOut = Object.entries(testsThrough).flatMap(([room, tests]) =>
  existsSync(join(projectFolder, room)) ? [] : tests,
);

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: [...configDefaults.exclude, laboratory, ...testsOfFacesTakenOut],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxConcurrency: 20,
    // What passes has nothing to say.
    silent: "passed-only",
    reporters: ["dot"],
    // No test changes a module, and wrangler takes a second to import: once a worker, not once a file.
    isolate: false,
    // Each file boots a Worker of its own: more at once than cores only slows them all down.
    maxWorkers: 2,
  },
});
