import { listCalls } from "../ledger/call-list.ts";
import { readHours, readStatistics, type Statistics } from "../ledger/statistics.ts";
import { attempt } from "../stores/attempt.ts";
import { STORE_LIMIT } from "../stores/limits.ts";
import { configuredDestinations } from "../sync/destinations/index.ts";
import { html } from "./html.ts";
import { Page } from "./layout.tsx";
import { counted, formatCount, formatShare, NO_NUMBER } from "./numbers.ts";
import { callsPath, overviewPath } from "./overview/addresses.ts";
import { Agents } from "./overview/agents.tsx";
import { BusiestHours } from "./overview/busiest-hours.tsx";
import { CallsOverTime } from "./overview/calls-over-time.tsx";
import { Choices } from "./overview/choices.tsx";
import { barsOf, countAgents, countSteps } from "./overview/counts.ts";
import { Dispositions } from "./overview/dispositions.tsx";
import { FirstSteps } from "./overview/first-steps.tsx";
import { LiveCalls, liveCount } from "./overview/live-calls.tsx";
import { Metrics } from "./overview/metrics.tsx";
import { Quiet } from "./overview/quiet.tsx";
import { readOverviewQuery } from "./overview/range.ts";
import { daySteps, hourSteps } from "./overview/steps.ts";
import { SyncHealth } from "./overview/sync-health.tsx";
import type { PageHandler } from "./page.ts";
import { Figures } from "./parts/figures.tsx";
import { Moment } from "./parts/moment.tsx";
import { Notice } from "./parts/notice.tsx";
import { formatDuration, formatTime } from "./times.ts";

/** `GET /`: what there is to say of the calls of a range. */
export const showOverview: PageHandler = async (request, viewer, env) => {
  const url = new URL(request.url);
  const query = readOverviewQuery(url, viewer);
  const { range, agent_id, errors } = query;
  const { since, until, utcOffsetMinutes } = range;
  const asked = { since, until, agent_id: agent_id ?? null, utcOffsetMinutes };
  const [statistics, hours] = await Promise.all([
    attempt(() => readStatistics(env.DB, asked, viewer.now), STORE_LIMIT),
    range.byHour ? attempt(() => readHours(env.DB, asked), STORE_LIMIT) : [],
  ]);
  const { totals, live, sync } = statistics;
  // Only who looks at an empty range is told where the calls are.
  const [newest] = totals.calls > 0 ? [] : await attempt(() => listCalls(env.DB, {}, { limit: 1 }), STORE_LIMIT);
  const status = errors.length > 0 ? 400 : 200;

  if (totals.calls === 0 && newest === undefined && status === 200) {
    return html(
      <Page title="Overview" viewer={viewer} section="/">
        <div class="page-head">
          <h1>Overview</h1>
        </div>
        <FirstSteps origin={url.origin} />
      </Page>,
    );
  }
  return html(
    <Page title="Overview" viewer={viewer} section="/">
      <div class="page-head">
        <div>
          <h1>Overview</h1>
          <p>
            {daysText(range.firstDay, range.lastDay)}
            {agent_id !== undefined && (
              <>
                {" · "}
                <bdi>{agent_id}</bdi>
              </>
            )}
          </p>
        </div>
        <p class="small">
          As of <Moment at={viewer.now.toISOString()} viewer={viewer} format="second" />
          {" · "}
          <a href={overviewPath(range, agent_id)}>Refresh</a>
        </p>
      </div>
      {errors.length > 0 && (
        <Notice tone="bad">
          {errors.map((error) => (
            <p key={error}>{error}. These are the last 7 days.</p>
          ))}
        </Notice>
      )}
      <Choices range={range} agent={agent_id} agents={statistics.agents} />
      <Figures figures={figuresOf(statistics)} />
      {totals.calls === 0 ? (
        <Quiet newest={newest} viewer={viewer} />
      ) : (
        <CallsOverTime {...overTime()} more={callsPath(range, { agent_id })} />
      )}
      <div class="columns">
        <div class="stack">
          <LiveCalls calls={live} viewer={viewer} />
          {totals.calls > 0 && <Dispositions rows={statistics.dispositions} range={range} agent={agent_id} />}
        </div>
        <div class="stack">
          <SyncHealth rows={sync} viewer={viewer} destinations={configuredDestinations(env).length} />
          {totals.calls > 0 && <BusiestHours hours={statistics.busiest_hours} />}
        </div>
      </div>
      {totals.calls > 0 && <Metrics statistics={statistics} steps={daySteps(range)} />}
      {totals.calls > 0 && agent_id === undefined && <Agents agents={countAgents(statistics.days)} range={range} />}
    </Page>,
    { status },
  );

  function overTime() {
    const steps = range.byHour ? hourSteps(range) : daySteps(range);
    const counts = range.byHour
      ? hours.map(({ hour, ...rest }) => ({ time: hour, ...rest }))
      : statistics.days.map(({ day, ...rest }) => ({ time: day, ...rest }));
    const told = countSteps(steps, counts);
    return { unit: steps.unit, counts: told, bars: barsOf(steps, told) };
  }
};

function figuresOf({ totals: { calls, ended, analyzed, average_duration_seconds }, live }: Statistics) {
  return [
    { name: "Calls", value: formatCount(calls) },
    {
      name: "Ended",
      value: formatCount(ended),
      note: calls > ended ? `${formatCount(calls - ended)} have not` : undefined,
    },
    { name: "Analyzed", value: formatShare(analyzed, calls), note: counted(analyzed, "call") },
    {
      name: "Average duration",
      value: average_duration_seconds === null ? NO_NUMBER : formatDuration(average_duration_seconds),
    },
    { name: "Live now", value: liveCount(live), note: "whatever the range", live: live.length > 0 },
  ];
}

function daysText(first: string, last: string): string {
  const text = (day: string, format: "day" | "date") => formatTime(`${day}T00:00:00.000Z`, "UTC", format);
  if (first === last) return text(last, "date");
  return `${text(first, first.slice(0, 4) === last.slice(0, 4) ? "day" : "date")} – ${text(last, "date")}`;
}
