import * as z from "zod";
import { isAnyOn } from "../fetching/index.ts";
import { missedCondition } from "../fetching/state.ts";
import { countFirstHeld } from "../held/list.ts";
import { countFirstUndelivered } from "../ledger/backlog.ts";
import { readFetches } from "../ledger/fetches.ts";
import { parseRows } from "../ledger/schema.ts";
import { sizeProblem } from "../ledger/size.ts";
import { logError } from "../log.ts";
import { askStore } from "../stores/ask.ts";
import type { Conditions } from "./decide.ts";

/**
 * Reads whether the condition of each alert holds. Counts stop at 1,000. Never rejects: what a store does not answer is left out, and its alerts
 * neither open nor close.
 * @param silenceMinutes `undefined`: silence is no alert
 */
export async function readConditions(env: Env, silenceMinutes: number | undefined, now: Date): Promise<Conditions> {
  const { DB: db, ARCHIVE: bucket } = env;
  const [parked, quarantined, deliveries, silence, missed] = await Promise.all([
    orNothing("parked", () => countFirstHeld(bucket, "parked")),
    orNothing("quarantined", () => countFirstHeld(bucket, "quarantined")),
    orNothing("deliveries", () => countFirstUndelivered(db)),
    orNothing("silence", async () => (silenceMinutes === undefined ? undefined : readSilence(db, silenceMinutes, now))),
    orNothing("missed calls", async () => missedCondition(isAnyOn(env) ? await readFetches(db) : [], env, now)),
  ]);
  return {
    parked: some(parked),
    quarantined: some(quarantined),
    "deliveries-failed": some(deliveries?.failed),
    "deliveries-overdue": some(deliveries?.overdue),
    "database-size": deliveries && { holds: sizeProblem(deliveries.bytes) !== undefined, count: deliveries.bytes },
    silence,
    "missed-calls": missed,
  };
}

function some(count: number | undefined) {
  return count === undefined ? undefined : { holds: count > 0, count };
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** Arrivals that are looked at: a recovered body comes late, with the time of its receipt. */
const NEWEST_EVENTS = 100;

const silenceRow = z.object({ newest: z.string().nullable(), had_calls: z.number() });

/**
 * Returns whether events are missing: none was received for so long, and a call began in the same hours of the week before, by UTC.
 * `undefined` where the week before was as quiet: an open alert stays until an event is received.
 */
async function readSilence(db: D1Database, silenceMinutes: number, now: Date) {
  const since = now.getTime() - silenceMinutes * 60_000;
  const query = db
    .prepare(
      `SELECT (SELECT max(received_at) FROM (SELECT received_at FROM events ORDER BY rowid DESC LIMIT ${NEWEST_EVENTS})) AS newest,
         EXISTS (SELECT 1 FROM calls WHERE called_at >= ? AND called_at < ?) AS had_calls`,
    )
    .bind(new Date(since - 7 * DAY_MS).toISOString(), new Date(now.getTime() - 7 * DAY_MS).toISOString());
  const [row] = parseRows(silenceRow, await askStore("D1", () => query.all()));
  const newest = row?.newest ? Date.parse(row.newest) : undefined;
  if (newest === undefined) return undefined;
  if (newest > since) return { holds: false, count: 0 };
  return row?.had_calls === 1 ? { holds: true, count: Math.floor((now.getTime() - newest) / 60_000) } : undefined;
}

async function orNothing<T>(what: string, read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    logError({ message: "could not look for alerts", what }, error);
    return undefined;
  }
}
