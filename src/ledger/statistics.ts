import * as z from "zod";
import { askStore } from "../stores/ask.ts";
import { type NamedQuery, prepareQuery, type QueryParameters, queries } from "./queries/index.ts";
import { parseRows } from "./schema.ts";

/** Hours after which a call that has not ended is taken for one whose end was lost. */
const LIVE_HOURS = 6;

const HOUR_MS = 60 * 60 * 1000;

/** Statistics of the calls of a range. */
export const statistics = z.object({
  totals: queries.totals.row,
  days: z.array(queries.callsByDay.row),
  dispositions: z.array(queries.dispositions.row),
  metrics: z.array(queries.metrics.row),
  metric_values: z.array(queries.metricValues.row),
  metric_trend: z.array(queries.metricTrend.row),
  busiest_hours: z.array(queries.busiestHours.row),
  agents: z.array(queries.agents.row),
  live: z.array(queries.liveCalls.row).describe("going on now, whatever the range"),
  sync: z.array(queries.syncHealth.row).describe("not delivered by now, whatever the range"),
});

export type Statistics = z.infer<typeof statistics>;

/**
 * Statistics of the calls of a range, in one round trip. Reads the calls of the range and no others.
 * @param now live calls are those of the hours before
 */
export async function readStatistics(db: D1Database, range: QueryParameters, now: Date): Promise<Statistics> {
  const batch = new QueryBatch(db);
  const live = { ...range, since: new Date(now.getTime() - LIVE_HOURS * HOUR_MS).toISOString(), until: END };
  const totals = batch.add(queries.totals, range);
  const days = batch.add(queries.callsByDay, range);
  const dispositions = batch.add(queries.dispositions, range);
  const metrics = batch.add(queries.metrics, range);
  const metricValues = batch.add(queries.metricValues, range);
  const metricTrend = batch.add(queries.metricTrend, range);
  const busiestHours = batch.add(queries.busiestHours, range);
  const agents = batch.add(queries.agents, { ...range, agent_id: null });
  const liveCalls = batch.add(queries.liveCalls, live);
  const sync = batch.add(queries.syncHealth, { ...range, until: now.toISOString() });
  await batch.run();
  const [total = { calls: 0, ended: 0, analyzed: 0, total_duration_seconds: 0, average_duration_seconds: null }] =
    totals();
  return {
    totals: total,
    days: days(),
    dispositions: dispositions(),
    metrics: metrics(),
    metric_values: metricValues(),
    metric_trend: metricTrend(),
    busiest_hours: busiestHours(),
    agents: agents(),
    live: liveCalls(),
    sync: sync(),
  };
}

/** Later than every call there is: the clocks of a platform and of this Worker need not agree on now. */
const END = "9999-12-31T23:59:59.999Z";

/** The calls of each hour of a range. */
export async function readHours(db: D1Database, range: QueryParameters) {
  const batch = new QueryBatch(db);
  const hours = batch.add(queries.callsByHour, range);
  await batch.run();
  return hours();
}

/** The agents of a range, those with most calls first. */
export async function readAgents(db: D1Database, range: QueryParameters) {
  const batch = new QueryBatch(db);
  const agents = batch.add(queries.agents, range);
  await batch.run();
  return agents();
}

/** Several queries in one round trip, each with rows of its own kind. */
class QueryBatch {
  readonly #db: D1Database;
  readonly #statements: D1PreparedStatement[] = [];
  #results: readonly D1Result[] = [];

  constructor(db: D1Database) {
    this.#db = db;
  }

  /** @returns a function that returns the rows, once the batch has run */
  add<Row extends z.ZodType>(query: NamedQuery<Row>, parameters: QueryParameters): () => z.output<Row>[] {
    const index = this.#statements.push(prepareQuery(this.#db, query, parameters)) - 1;
    return () => parseRows(query.row, this.#results[index]);
  }

  async run(): Promise<void> {
    this.#results = await askStore("D1", () => this.#db.batch(this.#statements));
  }
}
