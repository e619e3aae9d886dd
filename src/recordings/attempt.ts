import { callPrefix } from "../archive/keys.ts";
import { type AttemptReference, failRecording, keepRecording, readWanted } from "../ledger/recordings.ts";
import { log } from "../log.ts";
import { askStore } from "../stores/ask.ts";
import { type CopyLimits, copyRecording } from "./copy.ts";
import { CopyFailure } from "./failure.ts";

const MINUTE_MS = 60_000;

/** Waits before the second attempt and later ones: 22 hours in all. Some platforms have a recording only minutes after the call. */
const DELAYS_MS = [1, 5, 15, 60, 180, 360, 720].map((minutes) => minutes * MINUTE_MS);

/** Attempts before a recording is given up. */
export const MAX_ATTEMPTS = DELAYS_MS.length + 1;

/** Time in which no other attempt at the same recording begins: an attempt takes nine minutes at the most. */
export const LEASE_MS = 15 * MINUTE_MS;

/** Asks the platform for the present address of a call's recording; `undefined` if there is none to be had. Never rejects. */
export type AddressAsker = (platform: string, callId: string) => Promise<string | undefined>;

/**
 * Makes one attempt at the recording of a call, and records how it ended. Does nothing when the call is erased. An attempt that a
 * store ends is made again after {@link LEASE_MS}.
 * @param askAddress asked once where the address opens nothing any more
 */
export async function attemptRecording(
  attempt: AttemptReference,
  { db, bucket }: { db: D1Database; bucket: R2Bucket },
  limits: CopyLimits,
  askAddress: AddressAsker,
): Promise<void> {
  const wanted = await readWanted(db, attempt);
  if (wanted === undefined) return;
  const prefix = await callPrefix(wanted.call_id);
  const end = Date.now() + limits.totalMs;
  const first = await copyRecording(wanted.recording_url, prefix, bucket, limits);
  const isExpired = first instanceof CopyFailure && first.isExpired;
  const fresh = isExpired ? await askAddress(wanted.platform, wanted.call_id) : undefined;
  const rest = { ...limits, totalMs: Math.max(0, end - Date.now()) };
  const copied = fresh === undefined ? first : await copyRecording(fresh, prefix, bucket, rest);
  const now = new Date();
  const about = { message: "recording", call_id: wanted.call_id, attempts: wanted.attempts };
  if (copied instanceof CopyFailure) {
    const { reason, isFinal } = copied;
    const delayMs = isFinal ? undefined : DELAYS_MS[wanted.attempts - 1];
    const dueAt = delayMs === undefined ? undefined : new Date(now.getTime() + delayMs);
    await failRecording(db, attempt, wanted, reason, dueAt, now);
    log({ ...about, result: dueAt === undefined ? "failed" : "pending", reason });
    return;
  }
  const isThere = await keepRecording(db, attempt, wanted, copied, now);
  const previous = wanted.recording_key;
  // The object of a call that was erased meanwhile, or of an earlier recording with another extension.
  const obsolete = isThere ? previous : copied;
  if (obsolete !== null && (!isThere || obsolete !== copied)) await askStore("R2", () => bucket.delete(obsolete));
  log({ ...about, result: isThere ? "kept" : "erased" });
}
