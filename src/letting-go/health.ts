import * as z from "zod";
import { type LedgerReader, parseRows } from "../ledger/schema.ts";
import { askStore } from "../stores/ask.ts";
import { firstHotDay } from "./start.ts";

/** Days after which calls that are still there are a problem: late events, deliveries and the export take a while. */
const PATIENCE_DAYS = 4;

/** What is still to leave D1. */
export interface LettingGoBacklog {
  /** Days with calls that are older than `HOT_DAYS`. */
  days: number;
  /** UTC day. */
  oldest: string | null;
  /** The problem of calls that do not leave, in words that follow the setting's name. */
  problem: string | undefined;
}

const backlogRow = z.object({
  days: z.number(),
  oldest: z.string().nullable(),
  is_exported: z.number().nullable(),
  is_failing: z.number(),
});

/** Reads which days have calls that are older than so many days. */
export async function lettingGoBacklog(db: LedgerReader, hotDays: number, now: Date): Promise<LettingGoBacklog> {
  const query = db
    .prepare(
      `SELECT count(*) AS days, min(day) AS oldest, exported_at IS NOT NULL AND changed_at IS NULL AND export_id IS NULL AS is_exported,
         EXISTS (SELECT 1 FROM ledger_jobs WHERE kind = 'letting-go' AND status = 'errored') AS is_failing
       FROM ledger_export_days
       WHERE day >= (SELECT substr(min(called_at), 1, 10) FROM calls) AND day < ?1
         AND EXISTS (SELECT 1 FROM calls WHERE called_at >= ledger_export_days.day AND called_at < ledger_export_days.day || 'U')`,
    )
    .bind(firstHotDay(now, hotDays));
  const [row] = parseRows(backlogRow, await askStore("D1", () => query.all()));
  if (row === undefined || row.oldest === null) return { days: 0, oldest: null, problem: undefined };
  const { days, oldest } = row;
  return {
    days,
    oldest,
    problem: oldest < firstHotDay(now, hotDays + PATIENCE_DAYS) ? problemOf(oldest, row) : undefined,
  };
}

function problemOf(day: string, { is_exported, is_failing }: z.infer<typeof backlogRow>): string {
  const why = is_failing
    ? "the job fails, and its log says why"
    : is_exported
      ? "they wait for deliveries or recordings, or for a job"
      : "the day is not exported as it is";
  return `lets no calls of ${day} go: ${why} (src/letting-go/README.md, When it stops)`;
}
