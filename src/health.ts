import type { HeldState } from "./held/held.ts";
import { countHeld, listHeld } from "./held/list.ts";
import { problemResponse } from "./http/problem.ts";
import { countBacklog } from "./ledger/backlog.ts";
import { FULL, sizeProblem } from "./ledger/size.ts";
import { logError } from "./log.ts";
import { platformProblems } from "./platforms/index.ts";
import { readSettings, type SettingProblem } from "./settings.ts";
import { saysFull } from "./stores/ask.ts";
import { configuredDestinations } from "./sync/destinations/index.ts";

/** Anybody may ask, so the stores are asked once in so long. */
const KEPT_MS = 15_000;

/** How much of one kind piles up. `count` goes no further than 50,000 for objects in R2. */
interface Backlog {
  kind: string;
  count: number;
  /** ISO 8601 UTC. */
  oldest: string | null;
}

interface StoreProblem {
  path: string;
  message: string;
}

/** What one store answered. */
interface StoreHealth {
  errors: StoreProblem[];
  backlog: Backlog[];
  warnings?: StoreProblem[];
  /** Of the database, in bytes. */
  bytes?: number;
}

/** What the stores were asked last, by whichever request: others await its answer. */
let asked: { at: number; stores: Promise<readonly StoreHealth[]> } | undefined;

/**
 * `GET /healthz`: whether events can be taken and passed on. Names each problem, never a value, and what piles up: how many, and
 * since when, so that a monitor can ring.
 */
export async function health(_request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
  const stores = await storesHealth(env, ctx, new Date());
  const settings = [
    ...platformProblems(env),
    ...readSettings(env).problems,
    ...bindingProblems(env),
    ...configuredDestinations(env).flatMap(({ problems }) => problems),
  ];
  const errors = [
    ...settings.map(({ setting, problem }) => ({ path: setting, message: problem })),
    ...namedOnce(stores.flatMap((store) => store.errors)),
  ];
  const [database_bytes] = stores.flatMap(({ bytes }) => bytes ?? []);
  const warnings = stores.flatMap((store) => store.warnings ?? []);
  const extra = {
    database_bytes,
    ...(warnings.length > 0 && { warnings }),
    ...summary(stores.flatMap(({ backlog }) => backlog)),
  };
  if (errors.length === 0) return Response.json({ status: "ok", ...extra });
  return problemResponse({
    status: 503,
    type: "unhealthy",
    title: "Not healthy",
    detail: errors.map(({ path, message }) => `${path} ${message}`).join("; "),
    errors,
    extra,
  });
}

/** A full database says so itself, and so do the bodies that it refused. */
function namedOnce(errors: readonly StoreProblem[]): StoreProblem[] {
  return errors.filter(({ path }, index) => errors.findIndex((error) => error.path === path) === index);
}

/** A copy of the configuration may have lost it; without it nobody can sign in, and guesses meet no limit. */
function bindingProblems(env: Env): SettingProblem[] {
  const limit: RateLimit | undefined = env.SIGN_IN_ATTEMPTS;
  return limit === undefined ? [{ setting: "SIGN_IN_ATTEMPTS", problem: "is not bound: see [[ratelimits]]" }] : [];
}

function storesHealth(env: Env, ctx: ExecutionContext, now: Date): Promise<readonly StoreHealth[]> {
  if (asked !== undefined && now.getTime() - asked.at < KEPT_MS) return asked.stores;
  const stores = Promise.all([databaseHealth(env.DB, now), archiveHealth(env.ARCHIVE)]);
  asked = { at: now.getTime(), stores };
  // Should whoever asks hang up, those who await the same answer still get it.
  ctx.waitUntil(stores);
  return stores;
}

function databaseHealth(db: D1Database, now: Date): Promise<StoreHealth> {
  return storeHealth("DB", "does not answer, or has not been migrated", async () => {
    const { backlog, bytes } = await countBacklog(db, now);
    const problem = sizeProblem(bytes);
    const problems = problem === undefined ? [] : [{ path: "DB", message: problem.message }];
    return problem?.isFull ? { backlog, bytes, errors: problems } : { backlog, bytes, errors: [], warnings: problems };
  });
}

/** Parked bodies that are looked at: when D1 is full, the oldest are there for it. */
const LOOKED_AT = 20;

function archiveHealth(bucket: R2Bucket): Promise<StoreHealth> {
  const count = async (kind: HeldState) => ({ kind, ...(await countHeld(bucket, kind)) });
  return storeHealth("ARCHIVE", "does not answer", async () => {
    const [{ bodies }, ...backlog] = await Promise.all([
      listHeld(bucket, "parked", LOOKED_AT),
      count("parked"),
      count("quarantined"),
    ]);
    const isFull = bodies.some(({ detail }) => saysFull(detail));
    return { backlog, errors: isFull ? [{ path: "DB", message: FULL }] : [] };
  });
}

/** Never rejects. */
async function storeHealth(path: string, message: string, ask: () => Promise<StoreHealth>): Promise<StoreHealth> {
  try {
    return await ask();
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
