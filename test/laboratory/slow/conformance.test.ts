import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod";
import { bootLedger } from "../../support/ledger.ts";

const run = promisify(execFile);

/** Fetched when it is wanted: it brings a hundred packages, and no test but this one needs them. */
const SUITE = ["--yes", "--prefer-offline", "@modelcontextprotocol/conformance@0.2.0-alpha.12"];

/** The scenarios of each protocol that ask for nothing but tools; the others want prompts, resources, or tools of the suite's own. */
const scenarios = {
  "2026-07-28": [
    "server-stateless",
    "tools-list",
    "server-sse-multiple-streams",
    "caching",
    "http-header-validation",
    "input-required-result-unsupported-methods",
    "input-required-result-ignore-extra-params",
  ],
  "2025-11-25": ["server-initialize", "ping", "tools-list"],
};

/** Their checks that cannot pass: they call tools that the suite wants to find, or list prompts and resources. */
const foreignChecks = [
  "sep-2549-prompts-list-caching-hints",
  "sep-2549-resources-list-caching-hints",
  "sep-2549-resources-templates-list-caching-hints",
  "sep-2575-http-server-no-independent-requests-on-stream",
  "sep-2575-missing-capability-http-400",
  "sep-2575-server-no-log-without-loglevel",
  "sep-2575-server-rejects-undeclared-capability",
];

const checks = z.array(z.object({ id: z.string(), status: z.string() }));

let ledger: Awaited<ReturnType<typeof bootLedger>>;
let folder: string;
beforeAll(async () => {
  // The suite can send no token, so Access lets it through.
  ledger = await bootLedger({ access: { aud: "audience", identity: { email: "robin@example.com" } } });
  folder = mkdtempSync(join(tmpdir(), "call-ledger-conformance-"));
});
afterAll(async () => {
  await ledger.harness.close();
  rmSync(folder, { recursive: true });
});

test.for(Object.entries(scenarios))(
  "/mcp conforms to the protocol of %s, by its own suite",
  async ([revision, names], { skip }) => {
    const suite = await run("npx", [...SUITE, "list"]).catch(() => undefined);
    skip(suite === undefined, "the suite is not on this machine, and could not be fetched");
    const output = join(folder, revision);
    const url = new URL("/mcp", ledger.url).href;
    // Ends with a failure for the scenarios that are left out.
    await run("npx", [...SUITE, "server", "--url", url, "--requirements", revision, "--output-dir", output]).catch(
      () => {},
    );
    const results = names.flatMap((name) => {
      const [result = ""] = readdirSync(output).filter((each) => each.startsWith(`server-${name}-20`));
      return checks.parse(JSON.parse(readFileSync(join(output, result, "checks.json"), "utf8")));
    });
    expect(results.filter(({ status }) => status === "SUCCESS").length).toBeGreaterThan(names.length);
    const failed = results.filter(({ status, id }) => status === "FAILURE" && !foreignChecks.includes(id));
    expect(failed).toEqual([]);
  },
);
