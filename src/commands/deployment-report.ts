import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";

const deployEntry = z.object({
  type: z.literal("deploy"),
  version_id: z.string().nullable(),
  targets: z.array(z.string()).default([]),
});

/** How `wrangler deploy` reports what it did. */
export interface DeploymentReport {
  /** False as well when there is no report that can be read. */
  uploaded: boolean;
  /** Where the Worker answers, without a slash at the end; `undefined` when it has only routes, or no address. */
  address: string | undefined;
}

/**
 * Hands `deploy` the variables that make wrangler report to a file, and reads the file afterwards. What wrangler prints
 * stays untouched: it may ask questions in between.
 */
export async function withReport(
  deploy: (environment: Record<string, string>) => Promise<number>,
): Promise<{ exitCode: number; report: DeploymentReport }> {
  const temporary = mkdtempSync(join(tmpdir(), "call-ledger-deploy-"));
  // A build service that asked for the report keeps getting it where it looks.
  const { WRANGLER_OUTPUT_FILE_PATH, WRANGLER_OUTPUT_FILE_DIRECTORY } = process.env;
  const path =
    WRANGLER_OUTPUT_FILE_PATH || join(WRANGLER_OUTPUT_FILE_DIRECTORY || temporary, "wrangler-output-deploy.json");
  const read = () => (existsSync(path) ? readFileSync(path, "utf8") : "");
  try {
    // wrangler appends, and an earlier deployment is not this one.
    const before = read().length;
    const exitCode = await deploy({ WRANGLER_OUTPUT_FILE_PATH: path });
    return { exitCode, report: readReport(read().slice(before)) };
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** Reads the last deployment in wrangler's report, which has a JSON object a line. */
export function readReport(lines: string): DeploymentReport {
  const entries = lines
    .split("\n")
    .map((line) => deployEntry.safeParse(parseLine(line)).data)
    .filter((entry) => entry !== undefined);
  const last = entries.at(-1);
  return {
    uploaded: Boolean(last?.version_id),
    address: last?.targets.map(targetAddress).find((address) => address !== undefined),
  };
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function targetAddress(target: string): string | undefined {
  if (target.startsWith("https://")) return target.replace(/\/+$/, "");
  const domain = /^(\S+) \(custom domain\b/.exec(target)?.[1];
  return domain && `https://${domain}`;
}
