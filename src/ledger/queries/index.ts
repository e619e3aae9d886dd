import * as z from "zod";
import { callDirection } from "../../events/event.ts";
import { deliveryState, type LedgerReader } from "../schema.ts";
import liveCalls from "./live-calls.sql";
import { withParameters } from "./parameters.ts";
import syncHealth from "./sync-health.sql";

/** A query of this folder, with the schema of its rows. */
export interface NamedQuery<Row extends z.ZodType> {
  sql: string;
  row: Row;
}

/** @throws at start-up when the first line of the file is not the one that this code can bind parameters in */
function named<Row extends z.ZodType>(file: string, row: Row): NamedQuery<Row> {
  return { sql: withParameters(file), row };
}

/** A query with its parameters bound. Its time zone is UTC: neither of the two answers days or hours. */
export function prepareQuery(
  db: LedgerReader,
  { sql }: { sql: string },
  { since, until, agent_id }: { since: string; until: string; agent_id: string | null },
): D1PreparedStatement {
  return db.prepare(sql).bind(since, until, agent_id, "+00:00");
}

/** Hours after which a call that has not ended is taken for one whose end was lost. */
export const LIVE_HOURS = 6;

const count = z.number();

/** The queries behind pages and `/api/stats`; the others of this folder are for people. */
export const queries = {
  liveCalls: named(
    liveCalls,
    z.object({
      call_id: z.string(),
      agent_id: z.string(),
      call_direction: callDirection.nullable(),
      caller_phone: z.string().nullable(),
      called_at: z.string(),
    }),
  ),
  syncHealth: named(
    syncHealth,
    z.object({
      state: deliveryState.exclude(["delivered", "skipped"]),
      deliveries: count,
      overdue: count,
      oldest: z.string().nullable(),
    }),
  ),
};
