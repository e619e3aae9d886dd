import type { IngestContext } from "../ingest/ingest.ts";
import { endFetch } from "../ledger/fetches.ts";
import { advanceJob, type JobRow } from "../ledger/jobs.ts";
import { readPresence } from "../ledger/missed.ts";
import { log } from "../log.ts";
import type { PlatformApi } from "./api.ts";
import { ApiError } from "./api-error.ts";
import type { ListedCall, PlatformClient, WantedEvent } from "./client.ts";
import {
  type FetchOutput,
  type FetchPosition,
  type FetchSubject,
  fetchOutput,
  fetchPosition,
  fetchSubject,
} from "./progress.ts";
import { type Stage, stageOf } from "./stages.ts";
import { takeIn } from "./take-in.ts";

/** How a step ended: the job goes on, goes on after a pause, or is over. */
export type StepResult = { kind: "more" } | { kind: "pause"; ms: number } | { kind: "over" };

/** Time without progress after which the cron goes on with a job: longer than a step. */
export const PATIENCE_MS = 10 * 60_000;

/** A step ends once it took so long, and the next one lists the same page again: what is done by then is in the ledger. */
const STEP_MS = 2 * 60_000;

/** Calls in a row that cannot be fetched before the platform counts as down. */
const MAX_FAILURES_IN_A_ROW = 3;

/** Pages in a row that bring nothing and are older than the span, before a list in the order of changes is left. */
const QUIET_PAGES = 2;

/** Pauses: what the platform asks for, within these bounds; without a word of it, doubled each time. */
const MIN_PAUSE_MS = 500;
const MAX_PAUSE_MS = 15 * 60_000;
const MAX_UNASKED_PAUSE_MS = 30_000;

/** Pauses in a row after which a job has failed. */
const MAX_PAUSES = 20;

export interface AdvanceContext {
  client: PlatformClient;
  api: PlatformApi;
  ingest: IngestContext;
  /** ISO 8601 UTC: older calls are erased by retention, and not fetched; `undefined`: none is. */
  keptSince: string | undefined;
  /** Time after which the cron goes on with a job that failed; `undefined`: another one begins anyway. */
  retryMs: number | undefined;
}

/** A job as it goes on, changed by a step as it makes progress. */
interface State {
  subject: FetchSubject;
  position: FetchPosition;
  output: FetchOutput;
}

/** Does the next part of a job, of a page at the most, and records its progress. Safe to repeat. Never throws what the platform does. */
export async function advance(row: JobRow, context: AdvanceContext): Promise<StepResult> {
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

/** Reads a page and fetches what the ledger lacks of it. Moves the position on when the page is done. */
async function readPage(stage: Stage, state: State, context: AdvanceContext): Promise<ApiError | undefined> {
  const { client, api, ingest } = context;
  const { position, output } = state;
  const until = Date.now() + STEP_MS;
  try {
    const page = await stage.page(position.cursor ?? undefined, api);
    const missing = await findMissing(page.calls, stage, state, context);
    let failures = 0;
    for (const { call, lacks } of missing) {
      if (Date.now() > until) return undefined;
      try {
        const { stored, unfit } = await takeIn(client.name, await client.bodiesOf(call, lacks, api), ingest);
        if (stored > 0) output.fetched++;
        if (stored > 0 && lacks.has("call.end")) output.missed++;
        if (unfit > 0) {
          output.failed++;
          position.unfetchable.push(call.call_id);
        }
        failures = 0;
      } catch (error) {
        if (!(error instanceof ApiError) || !isOfOneCall(error)) throw error;
        if (error.kind === "unavailable" && ++failures >= MAX_FAILURES_IN_A_ROW) throw error;
        log({
          message: "a call could not be fetched",
          platform: client.name,
          call_id: call.call_id,
          reason: error.message,
        });
        output.failed++;
        position.unfetchable.push(call.call_id);
      }
    }
    output.seen += page.calls.length;
    output.running += page.calls.filter(({ state: callState }) => callState === "running").length;
    const isQuiet = missing.length === 0 && page.calls.every((call) => isBefore(call, stage.span?.from));
    const quiet = isQuiet ? position.quiet + 1 : 0;
    const isOver = page.next === undefined || (stage.endsQuietly && quiet >= QUIET_PAGES);
    if (isOver) moveOn(state);
    else state.position = { ...position, cursor: page.next ?? null, quiet, pauses: 0, unfetchable: [] };
    return undefined;
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
}

function moveOn(state: State): void {
  const { stage, instead } = state.position;
  state.position = { stage: stage + 1, cursor: null, quiet: 0, pauses: 0, unfetchable: [], instead };
}

/** Whether an error is about one call, and the run may go on with the next. */
function isOfOneCall({ kind }: ApiError): boolean {
  return kind === "not-found" || kind === "unreadable" || kind === "unavailable";
}

function isBefore({ createdAt }: ListedCall, moment: string | undefined): boolean {
  return moment !== undefined && createdAt !== undefined && createdAt < moment;
}

interface MissingCall {
  call: ListedCall;
  lacks: ReadonlySet<WantedEvent>;
}

/** Finds the calls of a page of which the ledger lacks an event, in one query. */
async function findMissing(
  calls: readonly ListedCall[],
  { span }: Stage,
  { position, output }: State,
  { client, ingest, keptSince }: AdvanceContext,
): Promise<MissingCall[]> {
  const ended = calls.filter(
    (call) =>
      call.state === "ended" &&
      !isBefore(call, span?.from) &&
      !isBefore(call, keptSince) &&
      (span === undefined || call.createdAt === undefined || call.createdAt < span.to) &&
      !position.unfetchable.includes(call.call_id),
  );
  if (ended.length === 0) return [];
  const ids = [...new Set(ended.map(({ call_id }) => call_id))];
  const present = await readPresence(ingest.db, client.name, ids);
  output.refused += ids.filter((id) => present.get(id)?.isRefused).length;
  return ended.flatMap((call) => {
    const presence = present.get(call.call_id);
    const lacks = new Set(call.tells.filter((event) => !presence?.events.has(event)));
    return lacks.size === 0 || presence?.isRefused ? [] : [{ call, lacks }];
  });
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
