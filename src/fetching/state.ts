import * as z from "zod";
import type { FetchRow } from "../ledger/fetches.ts";
import { jobStatus } from "../ledger/jobs.ts";
import type { SettingProblem } from "../settings.ts";
import { configuredClients } from "./index.ts";

/** Runs fail for a while as platforms do; after an hour, four in a row have. */
const FAILING_MS = 60 * 60_000;

/** A call that had to be fetched is a reason to look for this long. */
const MISSED_MS = 60 * 60_000;

/** The newest run of a platform, as the outside sees it. */
export const fetchState = z.object({
  platform: z.string(),
  job: z.string().describe("see GET /jobs/{id}"),
  status: jobStatus.nullable(),
  started_at: z.string(),
  complete_until: z.string().nullable().describe("when the newest run that ended well began; null: none did"),
  failing_since: z.string().nullable(),
  reason: z.string().nullable().describe("why it fails"),
  missed: z.number().describe("calls whose end the newest run with any had to fetch"),
  missed_at: z.string().nullable(),
});
export type FetchState = z.infer<typeof fetchState>;

/** Returns the rows of the platforms whose key is set. */
export function statesOf(rows: readonly FetchRow[], env: Env): FetchState[] {
  const on = new Set(configuredClients(env).map(({ name }) => name));
  return rows.filter(({ platform }) => on.has(platform)).map(({ day: _, ...state }) => state);
}

/** Lists the platforms whose runs have failed for an hour, with the setting of their key. */
export function failingProblems(rows: readonly FetchRow[], env: Env, now: Date): SettingProblem[] {
  return configuredClients(env).flatMap(({ name, keySetting }) => {
    const row = rows.find(({ platform }) => platform === name);
    if (row === undefined || !isFailing(row, now)) return [];
    const problem = `is set, but missed calls could not be fetched since ${row.failing_since}: ${row.reason}`;
    return [{ setting: keySetting, problem }];
  });
}

function isFailing({ failing_since }: FetchRow, now: Date): boolean {
  return failing_since !== null && now.getTime() - Date.parse(failing_since) >= FAILING_MS;
}

/** Counts the calls that were missed of late. Holds too while runs fail: then nobody knows. */
export function missedCondition(rows: readonly FetchRow[], env: Env, now: Date): { holds: boolean; count: number } {
  const on = new Set(configuredClients(env).map(({ name }) => name));
  const counted = rows.filter(({ platform }) => on.has(platform));
  const since = new Date(now.getTime() - MISSED_MS).toISOString();
  const count = counted.reduce((sum, { missed, missed_at }) => sum + ((missed_at ?? "") >= since ? missed : 0), 0);
  return { holds: count > 0 || counted.some((row) => isFailing(row, now)), count };
}
