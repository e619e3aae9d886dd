import { listCalls } from "../../../ledger/calls.ts";
import { callRow, type LedgerReader, reader } from "../../../ledger/schema.ts";
import { readStatistics, type Statistics } from "../../../ledger/totals/statistics.ts";
import { namesOfPlatforms, platforms } from "../../../platforms/index.ts";
import { configuredDestinations } from "../../../sync/destinations/index.ts";
import { html } from "../../ui/html.ts";
import { Page } from "../../ui/layout.tsx";
import { Notice } from "../../ui/notices.tsx";
import { counted, formatCount, formatShare, NO_NUMBER } from "../../ui/numbers.ts";
import { Empty, Moment } from "../../ui/parts.tsx";
import { dayOf, formatDuration, formatTime } from "../../ui/times.ts";
import type { PageHandler, Viewer } from "../../ui/viewer.ts";
import { Agents } from "./agents.tsx";
import { BusiestHours, CallsOverTime } from "./calls-over-time.tsx";
import { Choices } from "./choices.tsx";
import { Dispositions } from "./dispositions.tsx";
import { FirstSteps, type OfferedPlatform } from "./first-steps.tsx";
import { Metrics } from "./metrics.tsx";
import { DatabaseSize, LiveCalls, liveCount, SyncHealth } from "./now.tsx";
import { callsPath, type OverviewQuery, overviewPath, readOverviewQuery, weekPath } from "./query.ts";

/** `GET /`: shows the statistics of a range. */
export const showOverview: PageHandler = async (request, viewer, env) => {
  const url = new URL(request.url);
  const query = readOverviewQuery(url, viewer);
  const data = await readOverview(reader(env.DB), query, viewer.now);
  const isSwitchedOn = configuredDestinations(env).length > 0;
  const hasMistake = query.errors.length > 0;
  const isFirst = data.statistics.totals.calls === 0 && data.newest === undefined && !hasMistake;
  return html(
    isFirst ? (
      <FirstSteps origin={url.origin} platforms={offeredPlatforms(env)} viewer={viewer} />
    ) : (
      <Overview query={query} data={data} isSwitchedOn={isSwitchedOn} viewer={viewer} />
    ),
    { status: hasMistake ? 400 : 200 },
  );
};

function offeredPlatforms(env: Env): OfferedPlatform[] {
  const on = namesOfPlatforms(env);
  return platforms.map(({ name, secretsSetting }) => ({ name, secretsSetting, isOn: on.includes(name) }));
}

const newestRow = callRow.pick({ called_at: true });

type OverviewData = Awaited<ReturnType<typeof readOverview>>;

async function readOverview(db: LedgerReader, { range, agent_id }: OverviewQuery, now: Date) {
  const { since, until, timeZone } = range;
  const parameters = { since, until, agent_id: agent_id ?? null, timeZone };
  const { statistics, hours } = await readStatistics(db, parameters, now);
  // Only an empty range leads to the calls elsewhere.
  if (statistics.totals.calls > 0) return { statistics, hours };
  const [newest] = (await listCalls(db, newestRow, { among: "all" }, {}, { limit: 1 })).rows;
  return { statistics, hours, newest };
}

interface OverviewProps {
  query: OverviewQuery;
  data: OverviewData;
  /** Whether there is any destination downstream. */
  isSwitchedOn: boolean;
  viewer: Viewer;
}

function Overview({ query, data, isSwitchedOn, viewer }: OverviewProps) {
  const { range, agent_id, errors } = query;
  const { statistics, hours, newest } = data;
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
      <DatabaseSize bytes={statistics.database_bytes} />
      <Choices range={range} agent_id={agent_id} agents={statistics.agents} />
      <Figures statistics={statistics} />
      {hasCalls ? (
        <CallsOverTime range={range} days={statistics.days} hours={hours} more={callsPath(range, { agent_id })} />
      ) : (
        <Quiet newest={newest} viewer={viewer} />
      )}
      <div class="columns">
        <div class="stack">
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
      {hasCalls && <Metrics statistics={statistics} range={range} />}
      {hasCalls && agent_id === undefined && <Agents days={statistics.days} range={range} />}
    </Page>
  );
}

/** The few numbers that matter most. */
function Figures({ statistics: { totals, live } }: { statistics: Statistics }) {
  const { calls, ended, analyzed, average_duration_seconds: seconds } = totals;
  const figures = [
    { name: "Calls", value: formatCount(calls) },
    { name: "Ended", value: formatCount(ended), note: calls > ended && `${formatCount(calls - ended)} have not` },
    { name: "Analyzed", value: formatShare(analyzed, calls), note: counted(analyzed, "call") },
    { name: "Average duration", value: seconds === null ? NO_NUMBER : formatDuration(seconds) },
    { name: "Live now", value: liveCount(live), note: "whatever the range", isLive: live.length > 0 },
  ];
  return (
    <dl class="figures">
      {figures.map(({ name, value, note, isLive }) => (
        <div>
          <dt>{name}</dt>
          <dd>
            <span class={isLive ? "live" : undefined}>{value}</span>
            {note && <small>{note}</small>}
          </dd>
        </div>
      ))}
    </dl>
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
