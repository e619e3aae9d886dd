import { QUARANTINE_PREFIX } from "./archive/keys.ts";
import { countObjects } from "./archive/objects.ts";
import { problemResponse } from "./http/problem.ts";
import { countBacklog } from "./ledger/backlog.ts";
import { logError } from "./log.ts";
import { PARKED_PREFIX } from "./parking/bucket.ts";
import { platformProblems } from "./platforms/index.ts";
import { readSettings, type SettingProblem } from "./settings.ts";
import { configuredDestinations } from "./sync/destinations/index.ts";

/** Anybody may ask, so the stores are asked once in so long. */
const KEPT_MS = 15_000;

/** How much of one kind piles up. `count` goes no further than 1,000 for objects in R2. */
interface Backlog {
  kind: string;
  count: number;
  /** ISO 8601 UTC. */
  oldest: string | null;
}

/** What one store answered. */
interface StoreHealth {
  errors: { path: string; message: string }[];
  backlog: Backlog[];
}

let kept: { askedAt: number; stores: readonly StoreHealth[] } | undefined;

/**
 * `GET /healthz`: whether events can be taken and passed on. Names each problem, never a value, and what piles up: how many, and
 * since when, so that a monitor can ring.
 */
export async function health(_request: Request, env: Env): Promise<Response> {
  const stores = await storesHealth(env, new Date());
  const settings = [
    ...platformProblems(env),
    ...readSettings(env).problems,
    ...bindingProblems(env),
    ...configuredDestinations(env).flatMap(({ problems }) => problems),
  ];
  const errors = [
    ...settings.map(({ setting, problem }) => ({ path: setting, message: problem })),
    ...stores.flatMap((store) => store.errors),
  ];
  const waiting = summary(stores.flatMap(({ backlog }) => backlog));
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

/** A copy of the configuration may have lost it; without it nobody can sign in, and guesses meet no limit. */
function bindingProblems(env: Env): SettingProblem[] {
  const limit: RateLimit | undefined = env.SIGN_IN_ATTEMPTS;
  return limit === undefined ? [{ setting: "SIGN_IN_ATTEMPTS", problem: "is not bound: see [[ratelimits]]" }] : [];
}

async function storesHealth(env: Env, now: Date): Promise<readonly StoreHealth[]> {
  if (kept !== undefined && now.getTime() - kept.askedAt < KEPT_MS) return kept.stores;
  const stores = await Promise.all([databaseHealth(env.DB, now), archiveHealth(env.ARCHIVE)]);
  kept = { askedAt: now.getTime(), stores };
  return stores;
}

function databaseHealth(db: D1Database, now: Date): Promise<StoreHealth> {
  return storeHealth("DB", "does not answer, or has not been migrated", () => countBacklog(db, now));
}

function archiveHealth(bucket: R2Bucket): Promise<StoreHealth> {
  const count = async (kind: string, prefix: string) => ({ kind, ...(await countObjects(bucket, prefix)) });
  return storeHealth("ARCHIVE", "does not answer", () =>
    Promise.all([count("parked", PARKED_PREFIX), count("quarantined", QUARANTINE_PREFIX)]),
  );
}

/** Never rejects. */
async function storeHealth(path: string, message: string, count: () => Promise<Backlog[]>): Promise<StoreHealth> {
  try {
    return { errors: [], backlog: await count() };
  } catch (error) {
    logError({ message: "a store failed its health check", store: path }, error);
    return { errors: [{ path, message }], backlog: [] };
  }
}

function earlier(a: string | null, b: string | null): string | null {
  if (a === null || b === null) return a ?? b;
  return a < b ? a : b;
}

/** Nothing at all when nothing piles up. */
function summary(backlog: readonly Backlog[]) {
  const waiting: Record<string, { count: number; oldest: string | null }> = {};
  for (const { kind, count, oldest } of backlog) {
    if (count === 0) continue;
    const sum = waiting[kind] ?? { count: 0, oldest: null };
    waiting[kind] = { count: sum.count + count, oldest: earlier(sum.oldest, oldest) };
  }
  return Object.keys(waiting).length === 0 ? {} : { waiting };
}
