import * as z from "zod";
import { OVERVIEW } from "../alerts/state.ts";
import { countFirstHeld } from "../held/list.ts";
import { LIVE_HOURS } from "../ledger/queries/index.ts";
import { type LedgerReader, parseRows, reader } from "../ledger/schema.ts";
import { undeliveredSql } from "../ledger/undelivered.ts";
import { logError } from "../log.ts";
import { askStore } from "../stores/ask.ts";
import { formatCount } from "./ui/numbers.ts";

/** Counts stop here: with so many there may be more. */
const MAX_COUNTED = 100;

/** A page waits no longer for its counts: what is missing by then is left out. */
const TIMEOUT_MS = 1_000;

const counts = z.object({ live: z.number(), failed: z.number(), alerts: z.number() });

/** What goes on and what somebody should look at. Absent: its store did not answer in time. */
export type Waiting = Partial<z.infer<typeof counts> & { quarantined: number; parked: number }>;

/** A count in words: `100+` where it stopped. */
export function formatWaiting(count: number): string {
  return count < MAX_COUNTED ? formatCount(count) : `${MAX_COUNTED}+`;
}

/** Counts with one query and two listings, beside what the page itself reads. Never rejects. */
export async function readWaiting({ DB, ARCHIVE }: Pick<Env, "DB" | "ARCHIVE">, now: Date): Promise<Waiting> {
  const [inDatabase, quarantined, parked] = await Promise.all([
    inTime("D1", countInDatabase(reader(DB), now)),
    inTime("quarantine", countFirstHeld(ARCHIVE, "quarantined", MAX_COUNTED)),
    inTime("parked", countFirstHeld(ARCHIVE, "parked", MAX_COUNTED)),
  ]);
  return {
    ...inDatabase,
    ...(quarantined !== undefined && { quarantined }),
    ...(parked !== undefined && { parked }),
  };
}

const countSql = `
SELECT
  (SELECT count(*) FROM (SELECT 1 FROM calls WHERE called_at >= ?1 AND status = 'active' LIMIT ${MAX_COUNTED})) AS live,
  (SELECT count(*) FROM (SELECT 1 FROM sync_deliveries WHERE ${undeliveredSql} AND state = 'failed' LIMIT ${MAX_COUNTED})) AS failed,
  (SELECT count(*) FROM ledger_alerts WHERE channel = ?2 AND told_at IS NOT NULL) AS alerts`;

async function countInDatabase(db: LedgerReader, now: Date): Promise<z.infer<typeof counts>> {
  const since = new Date(now.getTime() - LIVE_HOURS * 60 * 60 * 1000).toISOString();
  const query = db.prepare(countSql).bind(since, OVERVIEW);
  const [row] = parseRows(counts, await askStore("D1", () => query.all()));
  return row ?? { live: 0, failed: 0, alerts: 0 };
}

async function inTime<T>(what: string, work: Promise<T>): Promise<T | undefined> {
  const logged = work.catch((error: unknown) => {
    logError({ message: "could not count for the navigation", what }, error);
    return undefined;
  });
  return Promise.race([logged, scheduler.wait(TIMEOUT_MS).then(() => undefined)]);
}
