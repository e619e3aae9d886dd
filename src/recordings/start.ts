import pMap from "p-map";
import { claimRecordings } from "../ledger/recordings.ts";
import { logError } from "../log.ts";
import { readSettings } from "../settings.ts";
import { MAX_CONNECTIONS } from "../stores/ask.ts";
import { createInstance } from "../stores/workflow.ts";
import { LEASE_MS, MAX_ATTEMPTS } from "./attempt.ts";

/** Attempts that the cron starts each minute: 72,000 a day. */
export const STARTED_BY_CRON = 50;

/** Attempts that start after an event with an address: its own, and others that are due. */
export const STARTED_BY_EVENT = 3;

/** Starts an attempt at each recording that is due, up to a limit; one without an instance is due again after the lease. Does nothing unless `ARCHIVE_RECORDINGS` is on. */
export async function startRecordings(env: Env, now: Date, limit: number): Promise<{ started: number }> {
  if (!readSettings(env).archiveRecordings) return { started: 0 };
  const claimed = await claimRecordings(env.DB, { limit, leaseMs: LEASE_MS, maxAttempts: MAX_ATTEMPTS }, now);
  await pMap(claimed, ({ id, attempt_id }) => createInstance(env.RECORDINGS, attempt_id, { id }), {
    concurrency: MAX_CONNECTIONS,
  });
  return { started: claimed.length };
}

/** Starts attempts once an event has brought an address. Never rejects: the cron starts what is left. */
export async function startAfterEvent(env: Env): Promise<void> {
  try {
    await startRecordings(env, new Date(), STARTED_BY_EVENT);
  } catch (error) {
    logError({ message: "could not start recordings" }, error);
  }
}
