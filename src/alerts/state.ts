import * as z from "zod";
import { type LedgerReader, parseRows } from "../ledger/schema.ts";
import { askStore } from "../stores/ask.ts";
import { alertName } from "./thresholds.ts";

const alertRow = z.object({
  alert: alertName,
  channel: z.string(),
  since: z.string().describe("ISO 8601 UTC"),
  count: z.number(),
  over_since: z.string().nullable().describe("ISO 8601 UTC; null: the condition holds"),
  told_at: z.string().nullable().describe("ISO 8601 UTC; null: the channel does not know of it"),
});

/** One alert as one channel knows it. */
export type AlertRow = z.infer<typeof alertRow>;

const columns = alertRow.keyof().options;

/** The channel that is the ledger's own page. */
export const OVERVIEW = "overview";

/** Reads the rows of all alerts and channels, some dozen at the most. */
export async function readAlerts(db: LedgerReader): Promise<AlertRow[]> {
  const query = db.prepare(`SELECT ${columns.join(", ")} FROM ledger_alerts`);
  return parseRows(alertRow, await askStore("D1", () => query.all()));
}

/** Reads the alerts that are open, the oldest first. */
export async function readOpenAlerts(db: LedgerReader): Promise<AlertRow[]> {
  const query = db
    .prepare(
      `SELECT ${columns.join(", ")} FROM ledger_alerts WHERE channel = ? AND told_at IS NOT NULL ORDER BY since, alert`,
    )
    .bind(OVERVIEW);
  return parseRows(alertRow, await askStore("D1", () => query.all()));
}

/** Upserts rows and removes others, in one transaction. Safe to repeat. No rows: no request. */
export async function saveAlerts(
  db: D1Database,
  written: readonly AlertRow[],
  removed: readonly Pick<AlertRow, "alert" | "channel">[],
): Promise<void> {
  const upsert = db.prepare(
    `INSERT INTO ledger_alerts (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})
     ON CONFLICT DO UPDATE SET over_since = excluded.over_since, told_at = excluded.told_at`,
  );
  const remove = db.prepare("DELETE FROM ledger_alerts WHERE alert = ? AND channel = ?");
  const statements = [
    ...written.map((row) => upsert.bind(...columns.map((column) => row[column]))),
    ...removed.map(({ alert, channel }) => remove.bind(alert, channel)),
  ];
  if (statements.length > 0) await askStore("D1", () => db.batch(statements));
}
