import * as z from "zod";
import { alertProblems } from "../alerts/channels.ts";
import { exportBacklog } from "../export/health.ts";
import { fetchingProblems, isAnyOn } from "../fetching/index.ts";
import { failingProblems, fetchState, statesOf } from "../fetching/state.ts";
import type { HeldState } from "../held/held.ts";
import { countHeld, listHeld } from "../held/list.ts";
import { nothing, operation } from "../http/operation.ts";
import { countBacklog } from "../ledger/backlog.ts";
import { type FetchRow, readFetches } from "../ledger/fetches.ts";
import { FULL, sizeProblem } from "../ledger/size.ts";
import { lettingGoBacklog } from "../letting-go/health.ts";
import { logError } from "../log.ts";
import { platformProblems } from "../platforms/index.ts";
import { readSettings, type SettingProblem } from "../settings.ts";
import { saysFull } from "../stores/ask.ts";
import { configuredDestinations } from "../sync/destinations/index.ts";

/** Anybody may call this address, so one answer of the stores serves all requests for this long. */
const CHECK_LIFETIME_MS = 15_000;

/** The backlog of one kind. `count` stops at 50,000 for objects in R2. */
interface Backlog {
  kind: string;
  count: number;
  /** ISO 8601 UTC; of days that are to be exported, or to leave D1, a day. */
  oldest: string | null;
}

const storeProblem = z.object({ path: z.string().describe("a setting or a store"), message: z.string() });
type StoreProblem = z.infer<typeof storeProblem>;

interface StoreHealth {
  errors: StoreProblem[];
  backlog: Backlog[];
  warnings?: StoreProblem[];
  /** Size of the database, where it is asked for. */
  bytes?: number;
  /** How far fetching from each platform is, where it is asked for. */
  fetches?: FetchRow[];
}

/** The latest check of the stores, shared by all requests of its time. */
let latestCheck: { at: number; stores: Promise<readonly StoreHealth[]> } | undefined;

/** Whether this Worker can take events and pass them on, with each problem, never the value of a setting, and each backlog. */
const healthAnswer = z.object({
  status: z.enum(["ok", "unhealthy"]),
  errors: z.array(storeProblem).describe("what is wrong; empty when the status is ok"),
  database_bytes: z.number().optional().describe("the size of D1; absent while it does not answer"),
  warnings: z.array(storeProblem).optional(),
  waiting: z
    .record(z.string(), z.object({ count: z.number(), oldest: z.string().nullable() }))
    .optional()
    .describe("what piles up, by kind, with the time of the oldest; absent when there is nothing"),
  fetching: z
    .array(fetchState)
    .optional()
    .describe("the newest run of each platform whose API key is set; absent before the first"),
});

/** Checks the settings and the stores. The stores are asked once in 15 seconds, however many ask. */
export async function readHealth(env: Env, ctx: ExecutionContext): Promise<z.infer<typeof healthAnswer>> {
  const now = new Date();
  const stores = await storesHealth(env, ctx, now);
  const fetches = stores.flatMap((store) => store.fetches ?? []);
  const fetching = statesOf(fetches, env);
  const settings = [
    ...platformProblems(env),
    ...readSettings(env).problems,
    ...bindingProblems(env),
    ...configuredDestinations(env).flatMap(({ problems }) => problems),
    ...alertProblems(env),
    ...fetchingProblems(env),
    ...failingProblems(fetches, env, now),
  ];
  const errors = [
    ...namedOnce(settings.map(({ setting, problem }) => ({ path: setting, message: problem }))),
    ...namedOnce(stores.flatMap((store) => store.errors)),
  ];
  const [database_bytes] = stores.flatMap(({ bytes }) => bytes ?? []);
  const warnings = stores.flatMap((store) => store.warnings ?? []);
  return {
    status: errors.length === 0 ? "ok" : "unhealthy",
    errors,
    database_bytes,
    ...(warnings.length > 0 && { warnings }),
    ...summary(stores.flatMap(({ backlog }) => backlog)),
    ...(fetching.length > 0 && { fetching }),
  };
}

/** What `/healthz` tells monitors, as an operation: an answer also when something is wrong. */
export const getHealth = operation({
  method: "get",
  path: "/healthz",
  summary: "Whether the ledger can take events and pass them on, what is wrong, and what piles up",
  query: nothing,
  body: nothing,
  answers: { "application/json": healthAnswer },
  perform: async (_checked, env, ctx) => Response.json(await readHealth(env, ctx)),
});

/** Drops repetitions: a full database is named by its size and by the bodies it refused; one secret signs deliveries and alerts. */
function namedOnce(errors: readonly StoreProblem[]): StoreProblem[] {
  return errors.filter(({ path }, index) => errors.findIndex((error) => error.path === path) === index);
}

/** Checks the rate limit's binding, which a copied configuration may lack: nobody could sign in, and guesses had no limit. */
function bindingProblems(env: Env): SettingProblem[] {
  const limit: RateLimit | undefined = env.SIGN_IN_ATTEMPTS;
  return limit === undefined ? [{ setting: "SIGN_IN_ATTEMPTS", problem: "is not bound: see [[ratelimits]]" }] : [];
}

function storesHealth(env: Env, ctx: ExecutionContext, now: Date): Promise<readonly StoreHealth[]> {
  if (latestCheck !== undefined && now.getTime() - latestCheck.at < CHECK_LIFETIME_MS) return latestCheck.stores;
  const { exportParquet, hotDays } = readSettings(env);
  const stores = Promise.all([
    databaseHealth(env.DB, now),
    archiveHealth(env.ARCHIVE),
    ...(isAnyOn(env) ? [fetchingHealth(env.DB)] : []),
    ...(exportParquet ? [exportHealth(env.DB, now)] : []),
    ...(hotDays === undefined ? [] : [lettingGoHealth(env.DB, hotDays, now)]),
  ]);
  latestCheck = { at: now.getTime(), stores };
  // Other requests await the same check, even if the client of this one hangs up.
  ctx.waitUntil(stores);
  return stores;
}

function databaseHealth(db: D1Database, now: Date): Promise<StoreHealth> {
  return storeHealth("DB", "does not answer, or has not been migrated", async () => {
    const { backlog, bytes } = await countBacklog(db, now);
    const problem = sizeProblem(bytes);
    const problems = problem === undefined ? [] : [{ path: "DB", message: problem.message }];
    const about = { backlog, bytes };
    return problem?.isFull ? { ...about, errors: problems } : { ...about, errors: [], warnings: problems };
  });
}

function fetchingHealth(db: D1Database): Promise<StoreHealth> {
  return storeHealth("DB", "does not answer, or has not been migrated", async () => ({
    errors: [],
    backlog: [],
    fetches: await readFetches(db),
  }));
}

function exportHealth(db: D1Database, now: Date): Promise<StoreHealth> {
  return storeHealth("DB", "does not answer, or has not been migrated", async () => {
    const { days: count, oldest, problem } = await exportBacklog(db, now);
    const backlog = [{ kind: "days_to_export", count, oldest }];
    return {
      backlog,
      errors: [],
      warnings: problem === undefined ? [] : [{ path: "EXPORT_PARQUET", message: problem }],
    };
  });
}

function lettingGoHealth(db: D1Database, hotDays: number, now: Date): Promise<StoreHealth> {
  return storeHealth("DB", "does not answer, or has not been migrated", async () => {
    const { days: count, oldest, problem } = await lettingGoBacklog(db, hotDays, now);
    const backlog = [{ kind: "days_to_let_go", count, oldest }];
    return { backlog, errors: [], warnings: problem === undefined ? [] : [{ path: "HOT_DAYS", message: problem }] };
  });
}

/** Parked bodies whose reasons are read: while D1 is full, the oldest were parked because of it. */
const SAMPLED_BODIES = 20;

function archiveHealth(bucket: R2Bucket): Promise<StoreHealth> {
  const count = async (kind: HeldState) => ({ kind, ...(await countHeld(bucket, kind)) });
  return storeHealth("ARCHIVE", "does not answer", async () => {
    const [{ bodies }, ...backlog] = await Promise.all([
      listHeld(bucket, "parked", SAMPLED_BODIES),
      count("parked"),
      count("quarantined"),
    ]);
    const isFull = bodies.some(({ detail }) => saysFull(detail));
    return { backlog, errors: isFull ? [{ path: "DB", message: FULL }] : [] };
  });
}

/** Checks a store. Never rejects: a failure is logged and becomes a problem. */
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

/** Sums up the backlog by its kinds; empty if there is none. */
function summary(backlog: readonly Backlog[]) {
  const byKind: Record<string, { count: number; oldest: string | null }> = {};
  for (const { kind, count, oldest } of backlog) {
    if (count === 0) continue;
    const sum = byKind[kind] ?? { count: 0, oldest: null };
    byKind[kind] = { count: sum.count + count, oldest: earlier(sum.oldest, oldest) };
  }
  return Object.keys(byKind).length === 0 ? {} : { waiting: byKind };
}
