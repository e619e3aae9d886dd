import * as z from "zod";
import { countFirstHeld } from "../held/list.ts";
import { countBacklog } from "../ledger/backlog.ts";
import { parseRows } from "../ledger/schema.ts";
import { sizeProblem } from "../ledger/size.ts";
import { logError } from "../log.ts";
import { askStore } from "../stores/ask.ts";
import type { Conditions } from "./decide.ts";

/**
 * Looks at what `/healthz` counts, held bodies up to 1,000 in one listing each. What a store does not say is left out.
 * @param silenceMinutes `undefined`: silence is no alert
 */
export async function readConditions(
  { db, bucket }: { db: D1Database; bucket: R2Bucket },
  silenceMinutes: number | undefined,
  now: Date,
): Promise<Conditions> {
  const [parked, quarantined, backlog, silence] = await Promise.all([
    orNothing("parked", () => countFirstHeld(bucket, "parked")),
    orNothing("quarantined", () => countFirstHeld(bucket, "quarantined")),
    orNothing("deliveries", () => countBacklog(db, now)),
    orNothing("silence", () => readSilence(db, silenceMinutes, now)),
  ]);
  const rowOf = (name: string) => backlog && (backlog.backlog.find(({ kind }) => kind === name)?.count ?? 0);
  return {
    parked: some(parked),
    quarantined: some(quarantined),
    "deliveries-failed": some(rowOf("failed_deliveries")),
    "deliveries-overdue": some(rowOf("overdue_deliveries")),
    "database-size": backlog && { holds: sizeProblem(backlog.bytes) !== undefined, count: backlog.bytes },
    silence,
  };
}

function some(count: number | undefined) {
  return count === undefined ? undefined : { holds: count > 0, count };
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** The newest arrivals that are looked at: a body that was parked comes late, with the time of its receipt. */
const NEWEST_EVENTS = 100;

const silenceRow = z.object({ newest: z.string().nullable(), had_calls: z.number() });

/**
 * Says whether events are missing: none came in for so long, and a call began in the same hours of the week before, by UTC. Says
 * nothing where the week before was as quiet: an open alert stays until an event comes in.
 */
async function readSilence(db: D1Database, silenceMinutes: number | undefined, now: Date) {
  if (silenceMinutes === undefined) return { holds: false, count: 0 };
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
