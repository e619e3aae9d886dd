import * as z from "zod";
import { eventName } from "../events/event.ts";
import { sha256 } from "../events/received.ts";
import { askStore } from "../stores/ask.ts";
import { parseRows } from "./schema.ts";

const presenceRow = z.object({ call_id: z.string(), events: z.string(), is_refused: z.number() });
const eventNames = z.array(eventName);

/** What the ledger has of a call. */
export interface Presence {
  events: ReadonlySet<string>;
  /** Whether the ledger refuses its events: it was erased, it left D1, or another platform began it. */
  isRefused: boolean;
}

/** Reads which events the ledger has of some calls, in one query. */
export async function readPresence(
  db: D1Database,
  platform: string,
  callIds: readonly string[],
): Promise<Map<string, Presence>> {
  const named = await Promise.all(callIds.map(async (call_id) => ({ call_id, call_sha256: await sha256(call_id) })));
  const query = db
    .prepare(
      `SELECT named.value ->> 'call_id' AS call_id,
         (SELECT json_group_array(DISTINCT event) FROM events WHERE events.call_id = named.value ->> 'call_id') AS events,
         EXISTS (SELECT 1 FROM ledger_erased_calls WHERE call_sha256 = named.value ->> 'call_sha256')
           OR EXISTS (SELECT 1 FROM ledger_left_calls WHERE call_id = named.value ->> 'call_id')
           OR EXISTS (SELECT 1 FROM calls WHERE calls.call_id = named.value ->> 'call_id' AND platform <> ?2) AS is_refused
       FROM json_each(?1) AS named`,
    )
    .bind(JSON.stringify(named), platform);
  const rows = parseRows(presenceRow, await askStore("D1", () => query.all()));
  return new Map(
    rows.map(({ call_id, events, is_refused }) => {
      const presence = { events: new Set(eventNames.parse(JSON.parse(events))), isRefused: is_refused === 1 };
      return [call_id, presence];
    }),
  );
}

const openRow = z.object({ call_id: z.string() });

/** Spans of `called_at`, ISO 8601 UTC, in which calls may be open. */
export interface OpenSpan {
  from: string;
  /** Before that, a call without an end is open; before the next, one without an analysis. */
  endMissingBefore: string;
  analysisMissingBefore: string;
}

/** Lists calls of a platform without an end, then such without an analysis, the newest of each first. */
export async function listOpenCalls(
  db: D1Database,
  platform: string,
  { from, endMissingBefore, analysisMissingBefore }: OpenSpan,
  limit: number,
): Promise<string[]> {
  const select = (status: string, before: string) =>
    db
      .prepare(
        `SELECT call_id FROM calls WHERE called_at >= ?1 AND called_at < ?2 AND platform = ?3 AND status = ?4
         ORDER BY called_at DESC LIMIT ?5`,
      )
      .bind(from, before, platform, status, limit);
  const [active, ended] = await askStore("D1", () =>
    db.batch([select("active", endMissingBefore), select("ended", analysisMissingBefore)]),
  );
  return [...parseRows(openRow, active), ...parseRows(openRow, ended)].map(({ call_id }) => call_id).slice(0, limit);
}
