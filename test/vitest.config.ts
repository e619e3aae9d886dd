import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { configDefaults, defineConfig } from "vitest/config";

const projectFolder = join(import.meta.dirname, "..");

/** What `npm run test:slow` runs: faults, the benchmark, the simulator, and what works on copies of the project. */
const laboratory = "test/laboratory/**";

/** What a test has in it that goes through the door of a face. */
const traces = {
  "src/dashboard": /support\/sign-in\.ts|src\/dashboard\//,
  "src/api": /support\/ask\.ts|["'`]\/api\/|src\/api\//,
  "src/mcp": /src\/mcp\/|["'`]\/mcp\b/,
} as const;
export type Face = keyof typeof traces;

/** Besides these: pages of the dashboard, and commands and seeds that ask the API. */
const others: Record<Face, RegExp> = {
  "src/dashboard": /^test\/dashboard\//,
  "src/api": /^test\/laboratory\/(bench\/seed\/seed|commands\/dev|commands\/listing|slow\/simulate)\./,
  "src/mcp": /^$/,
};

/** The tests that go through the door of a face: without it, they are left out. Paths from the project's folder. */
export function testsThrough(face: Face): string[] {
  return globSync("test/**/*.test.ts", { cwd: projectFolder }).filter(
    (path) => others[face].test(path) || traces[face].test(readFileSync(join(projectFolder, path), "utf8")),
  );
}

const faces: readonly Face[] = ["src/dashboard", "src/api", "src/mcp"];
export const testsOfFacesTakenOut = faces
  .filter((face) => !existsSync(join(projectFolder, face)))
  .flatMap((face) => testsThrough(face));

/** What `npm run test:quick` runs: something of every folder. */
const quick = [
  "test/{alert-decisions,archive,backoff,body,figures,intake,ladder,log,mcp,migrations,openapi,phone,readme,record,sync}.test.ts",
  "test/dashboard/{call,caller,doors,formats}.test.ts",
  "test/platforms/{elevenlabs,filter,off,payloads,retell,tool-calls,vapi}.test.ts",
];

export default defineConfig(({ mode }) => ({
  test: {
    include: mode === "quick" ? quick : ["test/**/*.test.ts"],
    exclude: [...configDefaults.exclude, laboratory, ...testsOfFacesTakenOut],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxConcurrency: 20,
    // What passes has nothing to say.
    silent: "passed-only",
    reporters: ["dot"],
    // No test changes a module, and wrangler takes a second to import: once a worker, not once a file.
    isolate: false,
    // Each file boots a Worker of its own. One more than cores: much of their time is spent waiting for queues and stores that hang.
    maxWorkers: 3,
  },
}));
