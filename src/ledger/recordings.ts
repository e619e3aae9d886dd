import * as z from "zod";
import { askStore, askStoreOnce } from "../stores/ask.ts";
import { type WrittenEvents, writtenSql } from "./patch.ts";
import { type LedgerReader, parseRows } from "./schema.ts";

const recordingState = z.enum(["pending", "kept", "failed"]);

const recordingRow = z.object({
  state: recordingState,
  attempts: z.number(),
  reason: z.string().nullable().describe("why the last attempt failed"),
  due_at: z.string().nullable().describe("ISO 8601 UTC; null unless pending"),
  updated_at: z.string(),
});

/** The state of the copy of a call's recording. */
export type RecordingRow = z.infer<typeof recordingRow>;

/** A row of `ledger_recordings`, but for the id of its call. */
export const storedRecording = recordingRow.extend({ recording_url: z.string(), attempt_id: z.string().nullable() });

/**
 * Requests a copy of the recording at the address in a call's row. No-op unless this run of ingest wrote one of the events, or if this
 * address was requested before. A new address waits for an attempt under way. Run after `mergeCall`, in one batch.
 */
export function requestRecording(
  db: D1Database,
  { call_id, event_id, ledger_ingest_id }: WrittenEvents,
  now: Date,
): D1PreparedStatement {
  return db
    .prepare(
      `INSERT INTO ledger_recordings (id, recording_url, state, attempts, due_at, updated_at)
       SELECT id, recording_url, 'pending', 0, ?4, ?4 FROM calls
       WHERE call_id = ?1 AND recording_url IS NOT NULL AND EXISTS (SELECT 1 FROM events WHERE ${writtenSql})
       ON CONFLICT (id) DO UPDATE SET
         recording_url = excluded.recording_url, state = 'pending', attempts = 0, reason = NULL, updated_at = excluded.updated_at,
         due_at = iif(state = 'pending' AND attempt_id IS NOT NULL, due_at, excluded.due_at),
         attempt_id = iif(state = 'pending', attempt_id, NULL)
       WHERE recording_url <> excluded.recording_url`,
    )
    .bind(call_id, event_id, ledger_ingest_id, now.toISOString());
}

const attemptReference = z.object({ id: z.number(), attempt_id: z.string() });

/** Names one attempt at the recording of a call: `calls.id`, and a random id. */
export type AttemptReference = z.infer<typeof attemptReference>;

export interface ClaimOptions {
  /** Recordings. */
  limit: number;
  /** Time in which no other attempt at the same recording begins; longer than an attempt takes. */
  leaseMs: number;
  /** A recording with so many attempts is given up. */
  maxAttempts: number;
}

/** Claims recordings that are due, longest first. No other run claims them until the lease ends. */
export async function claimRecordings(
  db: D1Database,
  { limit, leaseMs, maxAttempts }: ClaimOptions,
  now: Date,
): Promise<AttemptReference[]> {
  const due = "state <> 'kept' AND state = 'pending' AND due_at <= ?1";
  const at = now.toISOString();
  const giveUp = db
    .prepare(
      `UPDATE ledger_recordings SET state = 'failed', reason = 'no attempt came to an end', due_at = NULL, attempt_id = NULL, updated_at = ?1
       WHERE ${due} AND attempts >= ?2`,
    )
    .bind(at, maxAttempts);
  const claim = db
    .prepare(
      `UPDATE ledger_recordings SET attempts = attempts + 1, attempt_id = lower(hex(randomblob(16))), due_at = ?2
       WHERE id IN (SELECT id FROM ledger_recordings WHERE ${due} ORDER BY due_at LIMIT ?3)
       RETURNING id, attempt_id`,
    )
    .bind(at, new Date(now.getTime() + leaseMs).toISOString(), limit);
  // Once: a repetition would find its own first try and claim nothing. Claims whose answer is lost are due after a while.
  const [, claimed] = await askStoreOnce("D1", () => db.batch([giveUp, claim]));
  return parseRows(attemptReference, claimed);
}

const wantedRow = z.object({
  call_id: z.string(),
  platform: z.string(),
  recording_url: z.string(),
  recording_key: z.string().nullable(),
  attempts: z.number(),
});

/** The recording that an attempt fetches. */
export type WantedRecording = z.infer<typeof wantedRow>;

/** Reads the recording that an attempt fetches; `undefined` if the call is erased, or another attempt has taken over. */
export async function readWanted(db: D1Database, attempt: AttemptReference): Promise<WantedRecording | undefined> {
  const query = db
    .prepare(
      `SELECT call_id, platform, ledger_recordings.recording_url, recording_key, attempts FROM ledger_recordings JOIN calls USING (id)
       WHERE id = ?1 AND attempt_id = ?2 AND state = 'pending'`,
    )
    .bind(attempt.id, attempt.attempt_id);
  return parseRows(wantedRow, await askStore("D1", () => query.all()))[0];
}

/**
 * Records that an attempt put the recording of a call into the archive. If another address came in meanwhile, it is due at once.
 * Safe to repeat.
 * @returns whether the call is still there
 */
export async function keepRecording(
  db: D1Database,
  { id, attempt_id }: AttemptReference,
  { call_id, recording_url }: WantedRecording,
  key: string,
  now: Date,
): Promise<boolean> {
  const at = now.toISOString();
  const own = "id = ?1 AND attempt_id = ?2";
  // The id of the attempt stays, so that a repetition finds its own first try.
  const [, , , calls] = await askStore("D1", () =>
    db.batch([
      db
        .prepare(
          `UPDATE calls SET recording_key = ?4, updated_at = max(updated_at, ?5)
           WHERE id = (SELECT id FROM ledger_recordings WHERE ${own} AND recording_url = ?3)`,
        )
        .bind(id, attempt_id, recording_url, key, at),
      db
        .prepare(
          `UPDATE ledger_recordings SET state = 'kept', reason = NULL, due_at = NULL, updated_at = ?4
           WHERE ${own} AND recording_url = ?3`,
        )
        .bind(id, attempt_id, recording_url, at),
      db
        .prepare(
          `UPDATE ledger_recordings SET attempt_id = NULL, due_at = ?4 WHERE ${own} AND recording_url <> ?3 AND state = 'pending'`,
        )
        .bind(id, attempt_id, recording_url, at),
      db.prepare("SELECT 1 FROM calls WHERE id = ?1 AND call_id = ?2").bind(id, call_id),
    ]),
  );
  return (calls?.results.length ?? 0) > 0;
}

/**
 * Records that an attempt failed. If another address came in meanwhile, it is due at once. Safe to repeat.
 * @param dueAt of the next attempt; `undefined`: given up
 */
export async function failRecording(
  db: D1Database,
  { id, attempt_id }: AttemptReference,
  { recording_url }: WantedRecording,
  reason: string,
  dueAt: Date | undefined,
  now: Date,
): Promise<void> {
  const update = db
    .prepare(
      `UPDATE ledger_recordings SET attempt_id = NULL, updated_at = ?7,
         state = iif(recording_url = ?3, ?4, 'pending'),
         reason = iif(recording_url = ?3, ?5, NULL),
         due_at = iif(recording_url = ?3, ?6, ?7)
       WHERE id = ?1 AND attempt_id = ?2 AND state = 'pending'`,
    )
    .bind(
      ...[id, attempt_id, recording_url, dueAt === undefined ? "failed" : "pending", reason],
      dueAt?.toISOString() ?? null,
      now.toISOString(),
    );
  await askStore("D1", () => update.run());
}

/** Reads the state of the copy of a call's recording; `undefined` if none was requested. */
export async function readRecording(db: LedgerReader, callId: string): Promise<RecordingRow | undefined> {
  const query = db
    .prepare(
      `SELECT state, attempts, reason, due_at, ledger_recordings.updated_at FROM calls JOIN ledger_recordings USING (id)
       WHERE call_id = ?`,
    )
    .bind(callId);
  return parseRows(recordingRow, await askStore("D1", () => query.all()))[0];
}

/** A person who looks at the ledger once a week sees each recording that was given up. */
const MISSING_DAYS = 7;

/** Returns the moment since when recordings that were given up count as missing, ISO 8601 UTC. */
export function missingSince(now: Date): string {
  return new Date(now.getTime() - MISSING_DAYS * 24 * 60 * 60 * 1000).toISOString();
}

/** A condition for recordings that were given up since `?`, in the order of their index. */
export const missingSql = "state <> 'kept' AND state = 'failed' AND due_at IS NULL AND updated_at >= ";

const missingRow = z.object({ count: z.number(), call_id: z.string().nullable() });

/** Counts the recordings that were given up in the last seven days, and names a call of the newest. */
export async function countMissingRecordings(db: LedgerReader, now: Date): Promise<z.infer<typeof missingRow>> {
  const query = db
    .prepare(
      `SELECT count(*) AS count, (
         SELECT call_id FROM ledger_recordings JOIN calls USING (id)
         WHERE ${missingSql.replaceAll("updated_at", "ledger_recordings.updated_at")} ?1 ORDER BY ledger_recordings.updated_at DESC LIMIT 1
       ) AS call_id FROM ledger_recordings WHERE ${missingSql} ?1`,
    )
    .bind(missingSince(now));
  const [row = { count: 0, call_id: null }] = parseRows(missingRow, await askStore("D1", () => query.all()));
  return row;
}
