import { readOpenAlerts } from "../../../alerts/state.ts";
import { listCalls } from "../../../ledger/calls.ts";
import { type FigureResult, readFigures } from "../../../ledger/queries/figure.ts";
import { figures } from "../../../ledger/queries/figures.ts";
import { countMissingRecordings } from "../../../ledger/recordings.ts";
import { callRow, type LedgerReader, reader } from "../../../ledger/schema.ts";
import type { StatisticsRange } from "../../../ledger/totals/read.ts";
import { readStatistics, type Statistics } from "../../../ledger/totals/statistics.ts";
import { namesOfPlatforms, platforms } from "../../../platforms/index.ts";
import { configuredDestinations } from "../../../sync/destinations/index.ts";
import { html } from "../../ui/html.ts";
import { Page } from "../../ui/layout.tsx";
import { Notice } from "../../ui/notices.tsx";
import { counted, formatCount, formatDollars, formatMilliseconds, formatShare, NO_NUMBER } from "../../ui/numbers.ts";
import { Empty, Moment } from "../../ui/parts.tsx";
import { dayOf, formatDuration, formatTime } from "../../ui/times.ts";
import type { PageHandler, Viewer } from "../../ui/viewer.ts";
import { Agents } from "./agents.tsx";
import { OpenAlerts } from "./alerts.tsx";
import { BusiestHours, CallsOverTime, CostOverTime } from "./calls-over-time.tsx";
import { Choices } from "./choices.tsx";
import { Dispositions } from "./dispositions.tsx";
import { FirstSteps, type OfferedPlatform } from "./first-steps.tsx";
import { Metrics } from "./metrics.tsx";
import { DatabaseSize, LiveCalls, liveCount, MissingRecordings, SyncHealth } from "./now.tsx";
import { OwnFigures } from "./own-figures.tsx";
import { callsPath, type OverviewQuery, overviewPath, readOverviewQuery, weekPath } from "./query.ts";
import { type Tile, Tiles } from "./tiles.tsx";
import { Tools } from "./tools.tsx";

/** `GET /`: shows the statistics of a range. */
export const showOverview: PageHandler = async (request, viewer, env) => {
  const url = new URL(request.url);
  const query = readOverviewQuery(url, viewer);
  const db = reader(env.DB);
  const parameters = parametersOf(query);
  const data = await readOverview(db, parameters, viewer.now);
  const isSwitchedOn = configuredDestinations(env).length > 0;
  const hasMistake = query.errors.length > 0;
  const isFirst = data.statistics.totals.calls === 0 && data.newest === undefined && !hasMistake;
  if (isFirst) return html(<FirstSteps origin={url.origin} platforms={offeredPlatforms(env)} viewer={viewer} />);
  // Afterwards: D1 has one thread, and what is slow here would hold up the statistics.
  const own = await readFigures(db, figures, parameters);
  return html(<Overview query={query} data={data} own={own} isSwitchedOn={isSwitchedOn} viewer={viewer} />, {
    status: hasMistake ? 400 : 200,
  });
};

function parametersOf({ range: { since, until, timeZone }, agent_id }: OverviewQuery): StatisticsRange {
  return { since, until, agent_id: agent_id ?? null, timeZone };
}

function offeredPlatforms(env: Env): OfferedPlatform[] {
  const on = namesOfPlatforms(env);
  return platforms.map(({ name, secretsSetting }) => ({ name, secretsSetting, isOn: on.includes(name) }));
}

const newestRow = callRow.pick({ called_at: true });

type OverviewData = Awaited<ReturnType<typeof readOverview>>;

async function readOverview(db: LedgerReader, parameters: StatisticsRange, now: Date) {
  const [{ statistics, hours }, missing, alerts] = await Promise.all([
    readStatistics(db, parameters, now),
    countMissingRecordings(db, now),
    readOpenAlerts(db),
  ]);
  // Only an empty range leads to the calls elsewhere.
  if (statistics.totals.calls > 0) return { statistics, hours, missing, alerts };
  const [newest] = (await listCalls(db, newestRow, { among: "all" }, {}, { limit: 1 })).rows;
  return { statistics, hours, missing, alerts, newest };
}

interface OverviewProps {
  query: OverviewQuery;
  data: OverviewData;
  /** The figures of this deployment. */
  own: readonly FigureResult[];
  /** Whether there is any destination downstream. */
  isSwitchedOn: boolean;
  viewer: Viewer;
}

function Overview({ query, data, own, isSwitchedOn, viewer }: OverviewProps) {
  const { range, agent_id, errors } = query;
  const { statistics, hours, missing, alerts, newest } = data;
  const hasCalls = statistics.totals.calls > 0;
  return (
    <Page
      title="Overview"
      viewer={viewer}
      section="/"
      lead={
        <>
          {daysText(range.firstDay, range.lastDay)}
          {agent_id !== undefined && (
            <>
              {" · "}
              <bdi>{agent_id}</bdi>
            </>
          )}
        </>
      }
      aside={
        <p class="small">
          As of <Moment at={viewer.now.toISOString()} viewer={viewer} format="second" />
          {" · "}
          <a href={overviewPath(range, agent_id)}>Refresh</a>
        </p>
      }
    >
      {errors.length > 0 && (
        <Notice tone="bad">
          {errors.map((error) => (
            <p>{error}. These are the last 7 days.</p>
          ))}
        </Notice>
      )}
      <OpenAlerts alerts={alerts} viewer={viewer} />
      <DatabaseSize bytes={statistics.database_bytes} />
      <MissingRecordings {...missing} />
      <Choices range={range} agent_id={agent_id} agents={statistics.agents} />
      <Figures statistics={statistics} />
      {hasCalls ? (
        <CallsOverTime range={range} days={statistics.days} hours={hours} more={callsPath(range, { agent_id })} />
      ) : (
        <Quiet newest={newest} viewer={viewer} />
      )}
      <div class="columns">
        <div class="stack">
          {hasCalls && <CostOverTime range={range} days={statistics.days} hours={hours} />}
          <LiveCalls calls={statistics.live} viewer={viewer} />
          {hasCalls && (
            <Dispositions
              rows={statistics.dispositions}
              ended={statistics.totals.ended}
              range={range}
              agent_id={agent_id}
            />
          )}
        </div>
        <div class="stack">
          <SyncHealth rows={statistics.sync} viewer={viewer} isSwitchedOn={isSwitchedOn} />
          {hasCalls && <BusiestHours hours={statistics.busiest_hours} />}
        </div>
      </div>
      <Tools tools={statistics.tools} />
      {hasCalls && <Metrics statistics={statistics} range={range} />}
      {hasCalls && agent_id === undefined && <Agents days={statistics.days} range={range} />}
      <OwnFigures figures={own} viewer={viewer} />
    </Page>
  );
}

/** The few numbers that matter most. */
function Figures({ statistics: { totals, days, live } }: { statistics: Statistics }) {
  const { calls, ended, analyzed, average_duration_seconds: seconds } = totals;
  const { cost_usd, latency_ms } = totals;
  const withCost = days.reduce((sum, { with_cost }) => sum + with_cost, 0);
  const tiles: Tile[] = [
    { name: "Calls", value: formatCount(calls) },
    { name: "Ended", value: formatCount(ended), note: calls > ended && `${formatCount(calls - ended)} have not` },
    { name: "Analyzed", value: formatShare(analyzed, calls), note: counted(analyzed, "call") },
    { name: "Average duration", value: seconds === null ? NO_NUMBER : formatDuration(seconds) },
    // Not of platforms that never say it.
    ...(cost_usd === null
      ? []
      : [{ name: "Cost", value: formatDollars(cost_usd), note: `${formatDollars(cost_usd / withCost)} a call` }]),
    ...(latency_ms === null ? [] : [{ name: "Average latency", value: formatMilliseconds(latency_ms) }]),
    { name: "Live now", value: liveCount(live), note: "whatever the range", isLive: live.length > 0 },
  ];
  return <Tiles tiles={tiles} />;
}

function daysText(first: string, last: string): string {
  const text = (day: string, format: "day" | "date") => formatTime(day, "UTC", format);
  if (first === last) return text(last, "date");
  return `${text(first, first.slice(0, 4) === last.slice(0, 4) ? "day" : "date")} – ${text(last, "date")}`;
}

/** Stands for the charts of a range without calls, and leads to where there are some. */
function Quiet({ newest, viewer }: { newest: { called_at: string } | undefined; viewer: Viewer }) {
  return (
    <div class="sheet">
      <Empty title="No calls in this range">
        {newest !== undefined && (
          <p>
            The newest of all is of <Moment at={newest.called_at} viewer={viewer} />.{" "}
            <a href={weekPath(dayOf(new Date(newest.called_at), viewer.timeZone))}>Show the week up to it</a>
          </p>
        )}
      </Empty>
    </div>
  );
}
