import * as z from "zod";
import { askStore } from "../../stores/ask.ts";
import { LIVE_HOURS, prepareQuery, queries } from "../queries/index.ts";
import { type LedgerReader, parseRows } from "../schema.ts";
import { Totals } from "./add.ts";
import { HOUR_MS, metricType, readHourRows, type StatisticsRange } from "./read.ts";

/** Later than every call there is: the clocks of a platform and of this Worker need not agree on now. */
const END = "9999-12-31T23:59:59.999Z";

const count = z.number();
const average = z.number().nullable();
const counts = { calls: count, ended: count, analyzed: count };
const cost_usd = z
  .number()
  .nullable()
  .describe("US dollars, of all these calls together; null: no platform says what they cost");
const latency_ms = average.describe("the average of the calls' latency_ms");

/** Statistics of the calls of a range. */
export const statistics = z.object({
  totals: z.object({
    ...counts,
    total_duration_seconds: z.number(),
    average_duration_seconds: average,
    cost_usd,
    latency_ms,
  }),
  days: z.array(
    z.object({
      day: z.string(),
      agent_id: z.string(),
      ...counts,
      with_duration: count,
      total_duration_seconds: z.number(),
      with_cost: count.describe("calls whose cost is known"),
      cost_usd,
      with_latency: count.describe("calls whose latency is known"),
      latency_ms,
    }),
  ),
  dispositions: z.array(
    z.object({
      disposition: z.string().nullable(),
      calls: count,
      average_duration_seconds: average,
      cost_usd,
      latency_ms,
    }),
  ),
  metrics: z.array(
    z.object({
      metric: z.string(),
      type: metricType,
      calls: count,
      average: average.describe("of a boolean: the share of true; null for texts"),
      least: z.number().nullable(),
      most: z.number().nullable(),
    }),
  ),
  metric_values: z.array(z.object({ metric: z.string(), type: metricType, value: z.string(), calls: count })),
  metric_trend: z.array(z.object({ metric: z.string(), day: z.string(), average: z.number(), calls: count })),
  tools: z
    .array(
      z.object({
        name: z.string(),
        calls: count.describe("of the tool"),
        errors: count.describe("those of which the platform says that they failed"),
        average_duration_ms: average,
      }),
    )
    .describe("the 50 that agents called most"),
  busiest_hours: z.array(z.object({ weekday: z.number().describe("0 is Sunday"), hour: z.number(), calls: count })),
  agents: z.array(z.object({ agent_id: z.string(), calls: count })),
  live: z.array(queries.liveCalls.row).describe("going on now, whatever the range"),
  sync: z
    .array(queries.syncHealth.row)
    .describe("not delivered by now, whatever the range: of each state 200 at the most"),
  database_bytes: z.number().describe("the size of the database; D1 takes 10 GB"),
});
export type Statistics = z.infer<typeof statistics>;

/** The calls of one hour by its name in the zone of the range: of both hours where clocks are set back and show it twice. */
export interface HourCount {
  /** 2024-07-15T14 */
  hour: string;
  calls: number;
  ended: number;
  analyzed: number;
  cost_usd: number | null;
}

/**
 * Statistics of the calls of a range. What it costs goes by hours and agents, not by calls.
 * @param now live calls are those of the hours before
 */
export async function readStatistics(
  db: LedgerReader,
  range: StatisticsRange,
  now: Date,
): Promise<{ statistics: Statistics; hours: HourCount[] }> {
  const [totals, present] = await Promise.all([readTotals(db, range, true), readPresent(db, range, now)]);
  return { statistics: { ...totals.statistics(), ...present }, hours: totals.hours() };
}

/** The agents of a range, those with most calls first. */
export async function readAgents(db: LedgerReader, range: StatisticsRange): Promise<Statistics["agents"]> {
  return (await readTotals(db, range, false)).statistics().agents;
}

async function readTotals(db: LedgerReader, range: StatisticsRange, hasDetails: boolean): Promise<Totals> {
  const totals = new Totals(range);
  for await (const rows of readHourRows(db, range, hasDetails)) {
    for (const row of rows) totals.add(row);
  }
  return totals;
}

/** What goes on now, in one round trip. */
async function readPresent(db: LedgerReader, range: StatisticsRange, now: Date) {
  const [live, sync] = await askStore("D1", () =>
    db.batch([
      prepareLive(db, range, now),
      prepareQuery(db, queries.syncHealth, { ...range, until: now.toISOString() }),
    ]),
  );
  return {
    live: parseRows(queries.liveCalls.row, live),
    sync: parseRows(queries.syncHealth.row, sync),
    database_bytes: sync?.meta.size_after ?? 0,
  };
}

/** Reads the calls that go on, the newest first, of an agent or of all (null). */
export async function readLive(
  db: LedgerReader,
  agent: Pick<StatisticsRange, "agent_id">,
  now: Date,
): Promise<Statistics["live"]> {
  const query = prepareLive(db, agent, now);
  return parseRows(queries.liveCalls.row, await askStore("D1", () => query.all()));
}

function prepareLive(db: LedgerReader, { agent_id }: Pick<StatisticsRange, "agent_id">, now: Date) {
  const since = new Date(now.getTime() - LIVE_HOURS * HOUR_MS).toISOString();
  return prepareQuery(db, queries.liveCalls, { since, until: END, agent_id });
}
