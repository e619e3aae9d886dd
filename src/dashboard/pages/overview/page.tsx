import { readOpenAlerts } from "../../../alerts/state.ts";
import { type ExportBacklog, exportBacklog } from "../../../export/health.ts";
import { isAnyOn } from "../../../fetching/index.ts";
import { type FetchState, statesOf } from "../../../fetching/state.ts";
import { listCalls } from "../../../ledger/calls.ts";
import { readFetches } from "../../../ledger/fetches.ts";
import { readStuckJobs } from "../../../ledger/jobs.ts";
import { type FigureResult, readFigures } from "../../../ledger/queries/figure.ts";
import { figures } from "../../../ledger/queries/figures.ts";
import { countMissingRecordings } from "../../../ledger/recordings.ts";
import { callRow, type LedgerReader, reader } from "../../../ledger/schema.ts";
import { readPeriod } from "../../../ledger/totals/period.ts";
import type { StatisticsRange } from "../../../ledger/totals/read.ts";
import { readStatistics } from "../../../ledger/totals/statistics.ts";
import { readVersions } from "../../../ledger/versions.ts";
import { type LettingGoBacklog, lettingGoBacklog } from "../../../letting-go/health.ts";
import { readLeftOfList } from "../../../letting-go/listed.ts";
import { namesOfPlatforms, platforms } from "../../../platforms/index.ts";
import { readSettings } from "../../../settings.ts";
import { configuredDestinations } from "../../../sync/destinations/index.ts";
import { html } from "../../ui/html.ts";
import { Page } from "../../ui/layout.tsx";
import { Notice } from "../../ui/notices.tsx";
import { Empty, Moment } from "../../ui/parts.tsx";
import { dayOf, formatTime } from "../../ui/times.ts";
import type { PageHandler, Viewer } from "../../ui/viewer.ts";
import type { Waiting } from "../../waiting.ts";
import { Agents } from "./agents.tsx";
import { OpenAlerts } from "./alerts.tsx";
import { BusiestHours, CallsOverTime, CostOverTime, type ListOf } from "./calls-over-time.tsx";
import { Choices } from "./choices.tsx";
import { Dispositions } from "./dispositions.tsx";
import { Fetched } from "./fetched.tsx";
import { FirstSteps, type OfferedPlatform } from "./first-steps.tsx";
import { Metrics } from "./metrics.tsx";
import {
  DatabaseSize,
  LiveCalls,
  MissingRecordings,
  StayingCalls,
  StuckJobs,
  SyncHealth,
  WaitingExports,
} from "./now.tsx";
import { Outcomes, outstanding } from "./outcomes.tsx";
import { OwnFigures } from "./own-figures.tsx";
import { callsPath, type OverviewQuery, overviewPath, periodBefore, readOverviewQuery, weekPath } from "./query.ts";
import { Tools } from "./tools.tsx";
import { Versions } from "./versions.tsx";
import { WaitingNow } from "./waiting-now.tsx";

/** `GET /`: shows the statistics of a range. */
export const showOverview: PageHandler = async (request, viewer, env) => {
  const url = new URL(request.url);
  const query = readOverviewQuery(url, viewer);
  const db = reader(env.DB);
  const parameters = parametersOf(query);
  const data = await readOverview(db, query, viewer.now);
  const isSwitchedOn = configuredDestinations(env).length > 0;
  const hasMistake = query.errors.length > 0;
  const isEmpty = data.statistics.totals.calls === 0 && data.newest === undefined && !hasMistake;
  if (isEmpty && (await readLeftOfList(db, {})) === undefined) {
    return html(<FirstSteps origin={url.origin} platforms={offeredPlatforms(env)} viewer={viewer} />);
  }
  // Afterwards: D1 has one thread, and what is slow here would hold up the statistics.
  const own = await readFigures(db, figures, parameters);
  const waiting = (await viewer.waiting) ?? {};
  const { exportParquet, hotDays } = readSettings(env);
  const exports = exportParquet ? await exportBacklog(db, viewer.now) : undefined;
  const lettingGo = hotDays === undefined ? undefined : await lettingGoBacklog(db, hotDays, viewer.now);
  const stuck = await readStuckJobs(db, viewer.now);
  const fetched = isAnyOn(env) ? statesOf(await readFetches(db), env) : [];
  return html(
    <Overview {...{ query, data, own, waiting, exports, lettingGo, stuck, fetched, isSwitchedOn, viewer }} />,
    {
      status: hasMistake ? 400 : 200,
    },
  );
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

async function readOverview(db: LedgerReader, query: OverviewQuery, now: Date) {
  const parameters = parametersOf(query);
  const period = periodBefore(query.range, now);
  const [{ statistics, hours }, before, missing, alerts] = await Promise.all([
    readStatistics(db, parameters, now),
    readPeriod(db, { ...parameters, ...period }),
    countMissingRecordings(db, now),
    readOpenAlerts(db),
  ]);
  const data = { statistics, hours, before, period, missing, alerts, compared: outstanding(statistics.metrics) };
  if (statistics.totals.calls > 0) {
    const names = data.compared.map(({ metric }) => metric);
    return { ...data, versions: await readVersions(db, parameters, names), newest: undefined };
  }
  // Only an empty range leads to the calls elsewhere.
  const [newest] = (await listCalls(db, newestRow, { among: "all" }, {}, { limit: 1 })).rows;
  return { ...data, versions: [], newest };
}

interface OverviewProps {
  query: OverviewQuery;
  data: OverviewData;
  /** The figures of this deployment. */
  own: readonly FigureResult[];
  waiting: Waiting;
  /** Absent while nothing is exported. */
  exports: ExportBacklog | undefined;
  /** Absent while no calls leave. */
  lettingGo: LettingGoBacklog | undefined;
  stuck: Awaited<ReturnType<typeof readStuckJobs>>;
  /** Empty while nothing is fetched. */
  fetched: readonly FetchState[];
  /** Whether there is any destination downstream. */
  isSwitchedOn: boolean;
  viewer: Viewer;
}

function Overview(props: OverviewProps) {
  const { query, data, own, waiting, exports, lettingGo, stuck, fetched, isSwitchedOn, viewer } = props;
  const { range, agent_id, errors } = query;
  const { statistics, hours, before, period, missing, alerts, compared, versions, newest } = data;
  const { now } = viewer;
  const listOf: ListOf = (filter) => callsPath(range, { ...(agent_id !== undefined && { agent_id }), ...filter });
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
      {exports && <WaitingExports {...exports} />}
      {lettingGo && <StayingCalls {...lettingGo} />}
      <StuckJobs {...stuck} viewer={viewer} />
      <Choices range={range} agent_id={agent_id} agents={statistics.agents} />
      <Outcomes now={statistics} before={before} period={period} range={range} listOf={listOf} />
      {hasCalls ? (
        <CallsOverTime range={range} days={statistics.days} hours={hours} listOf={listOf} now={now} />
      ) : (
        <Quiet newest={newest} viewer={viewer} />
      )}
      <div class="columns">
        <div class="stack">
          <LiveCalls calls={statistics.live} agent_id={agent_id} viewer={viewer} />
          {hasCalls && <CostOverTime range={range} days={statistics.days} hours={hours} listOf={listOf} now={now} />}
          {hasCalls && <Dispositions rows={statistics.dispositions} ended={statistics.totals.ended} listOf={listOf} />}
        </div>
        <div class="stack">
          <WaitingNow waiting={waiting} />
          <SyncHealth rows={statistics.sync} viewer={viewer} isSwitchedOn={isSwitchedOn} />
          <Fetched states={fetched} viewer={viewer} />
          {hasCalls && <BusiestHours hours={statistics.busiest_hours} range={range} listOf={listOf} />}
        </div>
      </div>
      {hasCalls && <Metrics statistics={statistics} range={range} listOf={listOf} now={now} />}
      {hasCalls && agent_id === undefined && <Agents days={statistics.days} range={range} listOf={listOf} />}
      <Versions versions={versions} metrics={compared} calls={statistics.totals.calls} listOf={listOf} />
      <Tools tools={statistics.tools} listOf={listOf} />
      <OwnFigures figures={own} viewer={viewer} />
    </Page>
  );
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
