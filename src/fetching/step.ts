import { ingestContext } from "../ingest/ingest.ts";
import { readJob } from "../ledger/jobs.ts";
import { readSettings } from "../settings.ts";
import { configuredDestinations } from "../sync/destinations/index.ts";
import { advance, failJobOf, kindOf, type StepResult } from "./advance.ts";
import type { ApiPace } from "./api.ts";
import { apiOf, findClient, isOn } from "./index.ts";
import { fetchSubject } from "./progress.ts";

const DAY_MS = 24 * 60 * 60_000;

/** Until the cron goes on with an import that failed. A run that failed is left alone: another begins anyway. */
const IMPORT_RETRY_MS = 15 * 60_000;

/**
 * Performs one step of a job. Safe to repeat.
 * @param budget requests that it may make
 * @returns how it ended, and the requests that it made
 */
export async function performStep(
  job: string,
  budget: number,
  env: Env,
  ctx: ExecutionContext,
  pace: ApiPace,
): Promise<StepResult & { requests: number }> {
  const row = await readJob(env.DB, job);
  if (row === undefined || row.subject === null) return { kind: "over", requests: 0 };
  const { platform, deliver } = fetchSubject.parse(JSON.parse(row.subject));
  const retryMs = kindOf(row) === "import" ? IMPORT_RETRY_MS : undefined;
  const client = findClient(platform);
  if (client === undefined || !isOn(client, env)) {
    const setting = client?.keySetting ?? "the platform's API key";
    return { ...(await failJobOf(row, `${setting} is not set`, undefined, env.DB)), requests: 0 };
  }
  const waits: Promise<unknown>[] = [];
  const ingest = {
    ...ingestContext(env, ctx, deliver ? configuredDestinations(env) : []),
    waitUntil: (work: Promise<unknown>) => void waits.push(work),
  };
  const { retentionDays } = readSettings(env);
  const keptSince =
    retentionDays === undefined ? undefined : new Date(Date.now() - retentionDays * DAY_MS).toISOString();
  const api = apiOf(client, env, budget, pace);
  const result = await advance(row, { client, api, ingest, keptSince, retryMs });
  await Promise.all(waits);
  return { ...result, requests: api.requests };
}

/** Ends a job whose step failed for good: a store was down. Safe to repeat. */
export async function failStep(job: string, db: D1Database): Promise<void> {
  const row = await readJob(db, job);
  if (row === undefined || row.status !== "running") return;
  await failJobOf(
    row,
    "a store of the ledger did not answer",
    kindOf(row) === "import" ? IMPORT_RETRY_MS : undefined,
    db,
  );
}
