import { QUARANTINE_PREFIX } from "./archive/keys.ts";
import { problemResponse } from "./http/problem.ts";
import { countWaiting, type WaitingRow } from "./ledger/waiting.ts";
import { logError, reasonOf } from "./log.ts";
import { PARKED_PREFIX } from "./parking/bucket.ts";
import { readSettings } from "./settings.ts";
import { attempt } from "./stores/attempt.ts";
import { STORE_LIMIT } from "./stores/limits.ts";
import { configuredDestinations } from "./sync/destinations/index.ts";

/** One page of a listing: a thousand is enough to ring for, however many more there are. */
const COUNTED = 1000;

/**
 * `GET /healthz`: whether events can be taken and passed on. Names what is wrong, never a value, and what is piling up: how
 * many, and since when, so that a monitor can ring.
 */
export async function health(_request: Request, env: Env): Promise<Response> {
  const settings = [readSettings(env), ...configuredDestinations(env)].flatMap(({ problems }) => problems);
  const [database, archive] = await Promise.all([
    ask("DB", "does not answer, or has not been migrated", () => countWaiting(env.DB, new Date().toISOString())),
    ask("ARCHIVE", "does not answer", () => waitingInBucket(env.ARCHIVE)),
  ]);
  const errors = [
    ...settings.map(({ setting, problem }) => ({ path: setting, message: problem })),
    ...[database, archive].flatMap(({ error }) => error ?? []),
  ];
  const waiting = summary(database.value ?? [], archive.value ?? []);
  if (errors.length === 0) return Response.json({ status: "ok", ...waiting });
  return problemResponse({
    status: 503,
    type: "unhealthy",
    title: "Not healthy",
    detail: errors.map(({ path, message }) => `${path} ${message}`).join("; "),
    errors,
    extra: waiting,
  });
}

interface Waiting {
  what: string;
  count: number;
  oldest: string | null;
}

async function waitingInBucket(bucket: R2Bucket): Promise<Waiting[]> {
  const count = async (what: string, prefix: string) => {
    const { objects } = await bucket.list({ prefix, limit: COUNTED });
    const oldest = objects.reduce<string | null>((least, { uploaded }) => earlier(least, uploaded.toISOString()), null);
    return { what, count: objects.length, oldest };
  };
  return Promise.all([count("parked", PARKED_PREFIX), count("quarantined", QUARANTINE_PREFIX)]);
}

function earlier(a: string | null, b: string | null): string | null {
  if (a === null || b === null) return a ?? b;
  return a < b ? a : b;
}

const names: Record<WaitingRow["what"], string> = {
  parked: "parked",
  pending: "overdue_deliveries",
  failed: "failed_deliveries",
};

/** Nothing at all when nothing waits. */
function summary(inDatabase: readonly WaitingRow[], inBucket: readonly Waiting[]) {
  const waiting: Record<string, { count: number; oldest: string | null }> = {};
  for (const { what, count, oldest } of [
    ...inDatabase.map((row) => ({ ...row, what: names[row.what] })),
    ...inBucket,
  ]) {
    if (count === 0) continue;
    const before = waiting[what] ?? { count: 0, oldest: null };
    waiting[what] = { count: before.count + count, oldest: earlier(before.oldest, oldest) };
  }
  return Object.keys(waiting).length === 0 ? {} : { waiting };
}

async function ask<T>(path: string, message: string, question: () => Promise<T>) {
  try {
    return { value: await attempt(question, STORE_LIMIT) };
  } catch (error) {
    logError({ message: "a store failed its health check", store: path, error: reasonOf(error) });
    return { error: { path, message } };
  }
}
