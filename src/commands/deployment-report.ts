import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";

const deployEntry = z.object({
  type: z.literal("deploy"),
  version_id: z.string().nullable(),
  targets: z.array(z.string()).default([]),
});

/** What `wrangler deploy` says it did. */
export interface DeploymentReport {
  /** False after a dry run, and when somebody answered no. */
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
  try {
    const exitCode = await deploy({ WRANGLER_OUTPUT_FILE_PATH: path });
    return { exitCode, report: readReport(existsSync(path) ? readFileSync(path, "utf8") : "") };
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** Reads the last deployment in wrangler's report, which has a JSON object a line. */
export function readReport(lines: string): DeploymentReport {
  const entries = lines
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => deployEntry.safeParse(JSON.parse(line)).data)
    .filter((entry) => entry !== undefined);
  const last = entries.at(-1);
  return {
    uploaded: Boolean(last?.version_id),
    address: last?.targets.map(targetAddress).find((address) => address !== undefined),
  };
}

function targetAddress(target: string): string | undefined {
  if (target.startsWith("https://")) return target.replace(/\/+$/, "");
  const domain = /^(\S+) \(custom domain\b/.exec(target)?.[1];
  return domain && `https://${domain}`;
}
