import type { ExportBacklog } from "../../../export/health.ts";
import type { JobKind, readStuckJobs } from "../../../ledger/jobs.ts";
import { sizeProblem } from "../../../ledger/size.ts";
import type { Statistics } from "../../../ledger/totals/statistics.ts";
import type { LettingGoBacklog } from "../../../letting-go/health.ts";
import { Notice } from "../../ui/notices.tsx";
import { counted, formatCount } from "../../ui/numbers.ts";
import { DeliveryBadge, Empty, Moment, Row, Sheet, startOf } from "../../ui/parts.tsx";
import { callPath, withQuery } from "../../ui/paths.ts";
import { formatDuration } from "../../ui/times.ts";
import type { Viewer } from "../../ui/viewer.ts";

type Live = Statistics["live"];

/** The limit of live-calls.sql: with so many, there may be more. */
const MAX_LISTED = 50;

/** The limit of sync-health.sql: with so many there may be more, and an older one among these. */
const MAX_COUNTED = 200;

const SHOWN = 8;

const NAME_CHARACTERS = 60;

/** The number of calls that go on; `50+` when there may be more. */
function liveCount(calls: Live): string {
  return calls.length < MAX_LISTED ? formatCount(calls.length) : `${MAX_LISTED}+`;
}

interface LiveCallsProps {
  calls: Live;
  /** The agent that the page is about, if any. */
  agent_id: string | undefined;
  viewer: Viewer;
}

/** The calls that go on now, the newest first. */
export function LiveCalls({ calls, agent_id, viewer }: LiveCallsProps) {
  return (
    <Sheet title="Live now" live={withQuery("/live", { agent_id })} note={<LiveNote calls={calls} />}>
      {calls.length === 0 && <Empty title="Nobody is on the line" />}
      <ul class="rows">
        {calls.slice(0, SHOWN).map(({ call_id, agent_id, call_direction, caller_phone, called_at }) => (
          <Row
            aside={
              <>
                <Elapsed seconds={(viewer.now.getTime() - Date.parse(called_at)) / 1000} />
                <span class="small soft">
                  since <Moment at={called_at} viewer={viewer} format="hour" />
                </span>
              </>
            }
          >
            <a class="row-link" href={callPath(call_id)}>
              <bdi>{startOf(caller_phone ?? call_id, NAME_CHARACTERS)}</bdi>
            </a>
            <span class="small soft">
              {call_direction !== null && `${call_direction} · `}
              <bdi>{startOf(agent_id, NAME_CHARACTERS)}</bdi>
            </span>
          </Row>
        ))}
      </ul>
      {calls.length > SHOWN && (
        <p class="below">
          <a href={withQuery("/calls", { status: "active", agent_id })}>All calls that have not ended</a>
        </p>
      )}
    </Sheet>
  );
}

function LiveNote({ calls }: { calls: Live }) {
  return <>{calls.length > 0 && <strong class="live">{liveCount(calls)}</strong>} began within six hours, not ended</>;
}

/** The script counts on from here, by a clock that does not go by the time of day. */
function Elapsed({ seconds }: { seconds: number }) {
  const elapsed = Math.max(0, Math.floor(seconds));
  return (
    <span class="live" data-elapsed={elapsed}>
      {formatDuration(elapsed)}
    </span>
  );
}

/** Warns when the database nears the size at which no event is stored any more. */
export function DatabaseSize({ bytes }: { bytes: number }) {
  const problem = sizeProblem(bytes);
  if (problem === undefined) return null;
  return (
    <Notice tone={problem.isFull ? "bad" : "warn"}>
      <p>The database {problem.message}.</p>
    </Notice>
  );
}

/** Says when an export makes no progress, or more than the one day that is just over waits for one. */
export function WaitingExports({ days, oldest, problem }: ExportBacklog) {
  if (problem === undefined && days < 2) return null;
  return (
    <Notice tone={problem === undefined ? "warn" : "bad"}>
      <p>
        {counted(days, "day waits", "days wait")} to be written as Parquet, since {oldest}.
        {problem !== undefined && ` The export ${problem}.`}
      </p>
    </Notice>
  );
}

/** Says when calls do not leave the database that should have. */
export function StayingCalls({ problem }: LettingGoBacklog) {
  if (problem === undefined) return null;
  return (
    <Notice tone="bad">
      <p>The database {problem}.</p>
    </Notice>
  );
}

const jobNames: Record<JobKind, string> = {
  erasure: "an erasure",
  "send-again": "a range that is sent again",
  "letting-go": "calls that are to leave the database",
  fetch: "missed calls that are fetched",
  import: "an import",
};

/** Says when jobs make no progress. */
export function StuckJobs({
  count,
  kind,
  oldest,
  viewer,
}: Awaited<ReturnType<typeof readStuckJobs>> & { viewer: Viewer }) {
  if (kind === null || oldest === null) return null;
  return (
    <Notice tone="bad">
      <p>
        {counted(count, "job makes", "jobs make")} no progress ({jobNames[kind]}
        {count > 1 && " and others"}), the oldest since <Moment at={oldest} viewer={viewer} />. The log says why; the
        cron tries again.
      </p>
    </Notice>
  );
}

/** Says how many recordings of the last seven days the ledger could not copy. */
export function MissingRecordings({ count, call_id }: { count: number; call_id: string | null }) {
  if (count === 0 || call_id === null) return null;
  return (
    <Notice tone="bad">
      {counted(count, "recording")} could not be copied and {count === 1 ? "was" : "were"} given up in the last seven
      days. <a href={callPath(call_id)}>{count === 1 ? "The call" : "The newest of the calls"}</a> says why.
    </Notice>
  );
}

interface SyncHealthProps {
  rows: Statistics["sync"];
  viewer: Viewer;
  /** Whether there is any destination. */
  isSwitchedOn: boolean;
}

/** The deliveries that have not arrived, by state. */
export function SyncHealth({ rows, viewer, isSwitchedOn }: SyncHealthProps) {
  return (
    <Sheet title="Downstream" note={<a href="/deliveries">Deliveries</a>}>
      {rows.length === 0 && isSwitchedOn && (
        <Empty title="Everything has arrived">
          <p>No delivery waits, and none has failed.</p>
        </Empty>
      )}
      {rows.length === 0 && !isSwitchedOn && (
        <Empty title="Nothing is sent on">
          <p>
            Set <code>SYNC_URL</code>, and events of calls go there.
          </p>
        </Empty>
      )}
      <ul class="rows">
        {rows.map(({ state, deliveries, overdue, oldest }) => (
          <Row aside={<DeliveryBadge state={state} />}>
            <a class="row-link" href={`/deliveries?state=${state}`}>
              {countedUpTo(deliveries, "delivery", "deliveries")}
            </a>
            <span class="small soft">
              {overdue > 0 && `${countedUpTo(overdue, "is", "are")} overdue and sent again by the minute`}
              {overdue > 0 && deliveries < MAX_COUNTED && ", "}
              {deliveries < MAX_COUNTED && (
                <>the oldest {oldest === null ? "at an unknown time" : <Moment at={oldest} viewer={viewer} />}</>
              )}
            </span>
          </Row>
        ))}
      </ul>
    </Sheet>
  );
}

function countedUpTo(count: number, one: string, many: string): string {
  return count < MAX_COUNTED ? counted(count, one, many) : `${MAX_COUNTED}+ ${many}`;
}
