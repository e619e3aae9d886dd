import { claimFailed, claimOverdue, type DeliveryFilter, type Resend } from "../ledger/undelivered.ts";
import { logError, reasonOf } from "../log.ts";
import { attempt } from "../stores/attempt.ts";
import { STORE_LIMIT } from "../stores/limits.ts";
import type { SyncMessage } from "./messages.ts";

/** Messages and bytes of one sendBatch at the most (developers.cloudflare.com/queues/platform/limits: 100 and 256 KB). */
const BATCH_MESSAGES = 100;
const BATCH_BYTES = 200_000;

/** Deliveries that one run of the cron sends again; the next minute takes the next. */
const OVERDUE_A_RUN = 500;

/** Failed deliveries that one request sends again. */
const RETRIES_A_REQUEST = 500;

/**
 * Sends the messages of deliveries that have waited too long: the queue did not take theirs, or this Worker ended before
 * it was sent. A message that was only slow is outrun: the consumers heed the latest round of a delivery and no other.
 */
export async function sendOverdue(db: D1Database, queue: Queue, now: Date): Promise<{ sent: number }> {
  const resends = await attempt(() => claimOverdue(db, OVERDUE_A_RUN, now), STORE_LIMIT);
  await sendAgain(queue, resends);
  return { sent: resends.length };
}

/**
 * Sends failed deliveries again, as many as one request may. Should the queue fail, the cron sends them when they are overdue.
 * @returns whether there may be more of them
 */
export async function retryFailed(
  db: D1Database,
  queue: Queue,
  filter: DeliveryFilter,
  now: Date,
): Promise<{ retried: number; more: boolean }> {
  const resends = await attempt(() => claimFailed(db, filter, RETRIES_A_REQUEST, now), STORE_LIMIT);
  await sendAgain(queue, resends);
  return { retried: resends.length, more: resends.length === RETRIES_A_REQUEST };
}

/** Never rejects: what the queue does not take is overdue again after a while. */
async function sendAgain(queue: Queue, resends: readonly Resend[]): Promise<void> {
  for (const batch of batches(resends.map(messageOf))) {
    try {
      await attempt(() => queue.sendBatch(batch.map((body) => ({ body }))), STORE_LIMIT);
    } catch (error) {
      logError({ message: "the queue did not take deliveries", deliveries: batch.length, error: reasonOf(error) });
    }
  }
}

/** Without the metrics: the consumer reads the call from D1. */
function messageOf({ destination, event_id, round, call_id, agent_id, occurred_at }: Resend): SyncMessage {
  const event = { event: "analytics.completed", timestamp: occurred_at, agent_id, call_id } as const;
  return { destination, event_id, round, event };
}

function batches(messages: readonly SyncMessage[]): SyncMessage[][] {
  const filled: SyncMessage[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const message of messages) {
    const size = JSON.stringify(message).length * 3;
    const current = filled.at(-1);
    if (current === undefined || current.length === BATCH_MESSAGES || bytes + size > BATCH_BYTES) {
      filled.push([message]);
      bytes = size;
    } else {
      current.push(message);
      bytes += size;
    }
  }
  return filled;
}
