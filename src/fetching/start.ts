import { beginFetch, type FetchRow, readFetches } from "../ledger/fetches.ts";
import { insertJob, type JobRow, listDueJobs, listOpenJobs, putOffJob } from "../ledger/jobs.ts";
import { createInstance } from "../stores/workflow.ts";
import { PATIENCE_MS } from "./advance.ts";
import { configuredClients, isAnyOn } from "./index.ts";
import { BEGINNING, dayOf, type FetchSubject, fetchSubject, outputOf } from "./progress.ts";

const HOUR_MS = 60 * 60_000;
const DAY_MS = 24 * HOUR_MS;

/** A run looks back to two hours before the last good one: calls that began then have ended by now. */
const OVERLAP_MS = 2 * HOUR_MS;

/** The first run looks back a day; what is older is imported. */
const FIRST_SPAN_MS = DAY_MS;

/** Lists by date lag: the day before is asked for half an hour after its end. */
const DAY_LAG_MS = HOUR_MS / 2;

/** Starts a run for each platform whose key is set, unless one goes on. Safe to run twice at once: what is fetched twice is stored once. */
export async function startRuns(env: Env, now: Date): Promise<{ started: number }> {
  if (!isAnyOn(env)) return { started: 0 };
  const rows = await readFetches(env.DB);
  let started = 0;
  for (const { name: platform } of configuredClients(env)) {
    const row = rows.find((one) => one.platform === platform);
    if (row?.status === "running") continue;
    const job = await start("fetch", subjectOfRun(platform, row, now), env, now);
    await beginFetch(env.DB, platform, job, now);
    started++;
  }
  return { started };
}

function subjectOfRun(platform: string, row: FetchRow | undefined, now: Date): FetchSubject {
  const lastGood = row?.complete_until ?? undefined;
  const from = lastGood === undefined ? now.getTime() - FIRST_SPAN_MS : Date.parse(lastGood) - OVERLAP_MS;
  const dayBefore = dayOf(new Date(now.getTime() - DAY_LAG_MS - DAY_MS));
  // The first run has read the last 24 hours of the other lists.
  const day = row !== undefined && (row.day ?? "") < dayBefore ? dayBefore : null;
  // The list has the calls of this moment: none is too new.
  const to = new Date(now.getTime() + DAY_MS).toISOString();
  return { platform, from: new Date(from).toISOString(), to, day, deliver: true };
}

/** The history that is to be imported. */
export interface ImportRequest extends Pick<FetchSubject, "platform" | "from" | "deliver"> {
  /** As in `FetchSubject`; `undefined`: now. */
  to: string | undefined;
}

/** Starts an import, or returns the job that is at the same one already. `undefined`: another import of the platform goes on. */
export async function startImport(
  { platform, from, to, deliver }: ImportRequest,
  env: Env,
): Promise<string | undefined> {
  for (const { id, subject } of await listOpenJobs(env.DB, "import")) {
    const open = fetchSubject.parse(JSON.parse(subject ?? ""));
    if (open.platform !== platform) continue;
    return open.from === from && open.deliver === deliver && (to === undefined || open.to === to) ? id : undefined;
  }
  const now = new Date();
  return start("import", { platform, from, to: to ?? now.toISOString(), day: null, deliver }, env, now);
}

async function start(kind: "fetch" | "import", subject: FetchSubject, env: Env, now: Date): Promise<string> {
  const id = crypto.randomUUID();
  const output = JSON.stringify(outputOf(subject.platform));
  const row = { id, kind, subject: JSON.stringify(subject), output, position: JSON.stringify(BEGINNING) };
  await insertJob(env.DB, row, new Date(now.getTime() + PATIENCE_MS), now);
  await createInstance(env.FETCH, crypto.randomUUID(), { job: id, part: 1 });
  return id;
}

/** One a platform, and as many imports. */
const JOBS_A_MINUTE = 8;

/** Goes on with jobs that made no progress, or have rested. Safe to repeat. */
export async function goOnFetching(env: Env, now: Date): Promise<{ jobs: number }> {
  if (!isAnyOn(env)) return { jobs: 0 };
  const due: JobRow[] = [];
  for (const kind of ["fetch", "import"] as const) due.push(...(await listDueJobs(env.DB, kind, JOBS_A_MINUTE, now)));
  for (const { id: job } of due) {
    await putOffJob(env.DB, job, new Date(now.getTime() + PATIENCE_MS));
    await createInstance(env.FETCH, crypto.randomUUID(), { job, part: 1 });
  }
  return { jobs: due.length };
}
