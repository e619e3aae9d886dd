import * as z from "zod";
import { type Asked, type NamedQuery, prepareQuery, queries } from "./queries/index.ts";

/** Hours after which a call that has not ended is taken for one whose end was lost. */
const LIVE_HOURS = 6;

const HOUR_MILLISECONDS = 60 * 60 * 1000;

/** What there is to say of the calls of a range. */
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
 * Everything there is to say of the calls of a range, in one round trip. Reads the calls of the range and no others.
 * @param now live calls are those of the hours before
 */
export async function readStatistics(db: D1Database, asked: Asked, now: Date): Promise<Statistics> {
  const questions = new Questions(db);
  const live = { ...asked, since: new Date(now.getTime() - LIVE_HOURS * HOUR_MILLISECONDS).toISOString(), until: END };
  const totals = questions.ask(queries.totals, asked);
  const days = questions.ask(queries.callsByDay, asked);
  const dispositions = questions.ask(queries.dispositions, asked);
  const metrics = questions.ask(queries.metrics, asked);
  const metricValues = questions.ask(queries.metricValues, asked);
  const metricTrend = questions.ask(queries.metricTrend, asked);
  const busiestHours = questions.ask(queries.busiestHours, asked);
  const agents = questions.ask(queries.agents, { ...asked, agent_id: null });
  const liveCalls = questions.ask(queries.liveCalls, live);
  const sync = questions.ask(queries.syncHealth, { ...asked, until: now.toISOString() });
  await questions.answered();
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
export async function readHours(db: D1Database, asked: Asked) {
  const questions = new Questions(db);
  const hours = questions.ask(queries.callsByHour, asked);
  await questions.answered();
  return hours();
}

/** The agents of a range, those with most calls first. */
export async function readAgents(db: D1Database, asked: Asked) {
  const questions = new Questions(db);
  const agents = questions.ask(queries.agents, asked);
  await questions.answered();
  return agents();
}

/** Several queries in one round trip, each with rows of its own kind. */
class Questions {
  readonly #db: D1Database;
  readonly #statements: D1PreparedStatement[] = [];
  #results: readonly D1Result[] = [];

  constructor(db: D1Database) {
    this.#db = db;
  }

  /** @returns what gives the rows, once all are answered */
  ask<Row extends z.ZodType>(query: NamedQuery<Row>, asked: Asked): () => z.output<Row>[] {
    const index = this.#statements.push(prepareQuery(this.#db, query, asked)) - 1;
    return () => z.array(query.row).parse(this.#results[index]?.results);
  }

  async answered(): Promise<void> {
    this.#results = await this.#db.batch(this.#statements);
  }
}
