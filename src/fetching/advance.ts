import { endFetch } from "../ledger/fetches.ts";
import { advanceJob, type JobRow } from "../ledger/jobs.ts";
import { log } from "../log.ts";
import { ApiError } from "./api.ts";
import type { PlatformClient } from "./client.ts";
import { type FetchContext, moveOn, readPage, type State } from "./page.ts";
import { fetchOutput, fetchPosition, fetchSubject } from "./progress.ts";
import { type Stage, stageOf } from "./stages.ts";

/** How a step ended: the job goes on, goes on after a pause, or is over. */
export type StepResult = { kind: "more" } | { kind: "pause"; ms: number } | { kind: "over" };

/** Time without progress after which the cron goes on with a job: longer than a step. */
export const PATIENCE_MS = 10 * 60_000;

/** Pauses: what the platform asks for, within these bounds; without a word of it, doubled each time. */
const MIN_PAUSE_MS = 500;
const MAX_PAUSE_MS = 15 * 60_000;
const MAX_UNASKED_PAUSE_MS = 30_000;

/** Pauses in a row after which a job has failed. */
const MAX_PAUSES = 20;

/** Does the next part of a job, of a page at the most, and records its progress. Safe to repeat. Never throws what the platform does. */
export async function advance(row: JobRow, context: FetchContext): Promise<StepResult> {
  if (row.status === "complete" || row.status === "stopped") return { kind: "over" };
  const kind = kindOf(row);
  const { client, api, ingest } = context;
  const state: State = {
    subject: fetchSubject.parse(JSON.parse(row.subject ?? "")),
    position: fetchPosition.parse(JSON.parse(row.position ?? "")),
    output: { ...fetchOutput.parse(JSON.parse(row.output)), reason: null },
  };
  const stage = stageOf(client, kind, state.subject, state.position, ingest.db);
  state.output.list = stage?.name ?? null;
  const before = state.output.requests;
  const end = stage === undefined ? undefined : await readPage(stage, state, context);
  state.output.requests = before + api.requests;
  const failure = end instanceof ApiError ? failureOf(end, stage, kind, state, client) : undefined;
  if (stage === undefined || failure !== undefined) {
    const isRefused = end instanceof ApiError && end.kind === "refused";
    return finish(row, state, failure, { db: ingest.db, retryMs: isRefused ? undefined : context.retryMs });
  }
  return record(
    row,
    state,
    end instanceof ApiError && end.kind === "rate-limited" ? pauseOf(end, state) : 0,
    ingest.db,
  );
}

/** Whether a job is a run of the cron or an import. */
export function kindOf({ kind }: JobRow): "fetch" | "import" {
  return kind === "import" ? "import" : "fetch";
}

/** Returns the reason for which an error ends a job; `undefined` if the job goes on, perhaps without the list. */
function failureOf(
  error: ApiError,
  stage: Stage | undefined,
  kind: "fetch" | "import",
  state: State,
  client: PlatformClient,
): string | undefined {
  const { message } = error;
  if (error.kind === "budget-spent") return undefined;
  if (error.kind === "rate-limited") {
    state.position.pauses++;
    return state.position.pauses > MAX_PAUSES ? `${message}, ${MAX_PAUSES} times in a row` : undefined;
  }
  if (error.kind === "refused" && !stage?.isOptional) return message;
  if (stage?.isOptional) {
    state.output.unavailable.push(stage.name);
    log({ message: "a list is not available", platform: client.name, list: stage.name, reason: message });
    moveOn(state);
    return undefined;
  }
  if (kind === "import" && client.byDateInstead !== undefined && !state.position.instead) {
    state.output.unavailable.push(client.byDate.name);
    log({ message: "a list is not available", platform: client.name, list: client.byDate.name, reason: message });
    state.position = { stage: 0, cursor: null, quiet: 0, pauses: 0, unfetchable: [], instead: true };
    return undefined;
  }
  return message;
}

function pauseOf({ retryAfterMs, message }: ApiError, { position, output }: State): number {
  const unasked = Math.min(MIN_PAUSE_MS * 2 ** (position.pauses - 1), MAX_UNASKED_PAUSE_MS);
  output.reason = message;
  return Math.min(Math.max(retryAfterMs ?? unasked, MIN_PAUSE_MS), MAX_PAUSE_MS);
}

async function record(row: JobRow, { position, output }: State, pauseMs: number, db: D1Database): Promise<StepResult> {
  const now = new Date();
  const dueAt = new Date(now.getTime() + pauseMs + PATIENCE_MS);
  await advanceJob(db, row.id, { status: "running", output, position, from: row.position }, dueAt, now);
  return pauseMs > 0 ? { kind: "pause", ms: pauseMs } : { kind: "more" };
}

/** Ends a job that cannot go on for a reason outside of the platform. Safe to repeat. */
export async function failJobOf(
  row: JobRow,
  reason: string,
  retryMs: number | undefined,
  db: D1Database,
): Promise<StepResult> {
  const subject = fetchSubject.parse(JSON.parse(row.subject ?? ""));
  const position = fetchPosition.parse(JSON.parse(row.position ?? ""));
  const output = fetchOutput.parse(JSON.parse(row.output));
  return finish(row, { subject, position, output }, reason, { db, retryMs });
}

async function finish(
  row: JobRow,
  { subject: { platform, day }, position, output }: State,
  failure: string | undefined,
  { db, retryMs }: { db: D1Database; retryMs: number | undefined },
): Promise<StepResult> {
  const now = new Date();
  const { id: job } = row;
  const reason = failure ?? null;
  if (row.kind === "fetch") await endFetch(db, { platform, job, missed: output.missed, day, reason }, now);
  const status = failure === undefined ? "complete" : "errored";
  const dueAt = failure === undefined || retryMs === undefined ? undefined : new Date(now.getTime() + retryMs);
  await advanceJob(db, job, { status, output: { ...output, reason }, position, from: row.position }, dueAt, now);
  log({ message: "fetched", kind: row.kind, status, ...output, unavailable: output.unavailable.join(), reason });
  return { kind: "over" };
}
