import * as z from "zod";
import { type LedgerReader, parseRows } from "../ledger/schema.ts";
import { askStore } from "../stores/ask.ts";
import { dayOf, dueSql } from "./days.ts";

/** Time without a step after which an export stands still: the job of the next hour should have gone on. */
const STALLED_MS = 2 * 60 * 60 * 1000;

/** What waits for an export. */
export interface ExportBacklog {
  /** Days that are over, and not exported as they are. */
  days: number;
  /** UTC day. */
  oldest: string | null;
  /** The problem of an export that makes no progress, in words that follow the setting's name. */
  problem: string | undefined;
}

const backlogRow = z.object({ days: z.number(), oldest: z.string().nullable(), failed: z.string().nullable() });

/** Reads how many days are to be exported, the oldest of them, and the oldest whose export makes no progress. */
export async function exportBacklog(db: LedgerReader, now: Date): Promise<ExportBacklog> {
  const query = db
    .prepare(
      `SELECT count(*) AS days, min(day) AS oldest,
         min(iif(error IS NOT NULL OR (export_id IS NOT NULL AND updated_at < ?2), day, NULL)) AS failed
       FROM ledger_export_days WHERE ${dueSql}`,
    )
    .bind(dayOf(now), new Date(now.getTime() - STALLED_MS).toISOString());
  const [row] = parseRows(backlogRow, await askStore("D1", () => query.all()));
  const { failed, ...waiting } = row ?? { days: 0, oldest: null, failed: null };
  const problem =
    failed === null ? undefined : `makes no progress with ${failed} (src/export/README.md, When it stops)`;
  return { ...waiting, problem };
}
