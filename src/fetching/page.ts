import type { IngestContext } from "../ingest/ingest.ts";
import { readPresence } from "../ledger/missed.ts";
import { log } from "../log.ts";
import { ApiError, type PlatformApi } from "./api.ts";
import type { ListedCall, PlatformClient, WantedEvent } from "./client.ts";
import type { FetchOutput, FetchPosition, FetchSubject } from "./progress.ts";
import type { Stage } from "./stages.ts";
import { takeIn } from "./take-in.ts";

/** Pages in a row that bring nothing and are older than the span, before a list in the order of changes is left. */
const QUIET_PAGES = 2;

/** Calls in a row that cannot be fetched before the platform counts as down. */
const MAX_FAILURES_IN_A_ROW = 3;

/** A step ends once it took so long, and the next one lists the same page again: what is done by then is in the ledger. */
const STEP_MS = 2 * 60_000;

/** What a step works with. */
export interface FetchContext {
  client: PlatformClient;
  api: PlatformApi;
  ingest: IngestContext;
  /** ISO 8601 UTC: older calls are erased by retention, and not fetched; `undefined`: none is. */
  keptSince: string | undefined;
  /** Time after which the cron goes on with a job that failed; `undefined`: another one begins anyway. */
  retryMs: number | undefined;
}

/** A job as it goes on, changed by a step as it makes progress. */
export interface State {
  subject: FetchSubject;
  position: FetchPosition;
  output: FetchOutput;
}

/** Reads a page and fetches what the ledger lacks of it. Moves the position on when the page is done. */
export async function readPage(stage: Stage, state: State, context: FetchContext): Promise<ApiError | undefined> {
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

/** Moves a job on to its next list. */
export function moveOn(state: State): void {
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
  { client, ingest, keptSince }: FetchContext,
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
