import type { SyncMessage } from "../ledger/deliveries.ts";
import { type ClaimedDelivery, claimFailed, claimOverdue, type DeliveryFilter } from "../ledger/undelivered.ts";
import { logError } from "../log.ts";
import { askStore } from "../stores/ask.ts";

/** One sendBatch takes 100 messages and 256 KB (developers.cloudflare.com/queues/platform/limits). */
const BATCH_MESSAGES = 100;
const BATCH_BYTES = 200_000;

/** Deliveries that one run of the cron sends again; the next minute takes the next. */
const OVERDUE_A_RUN = 500;

/** Failed deliveries that one request sends again. */
const RETRIES_A_REQUEST = 500;

/**
 * Sends the messages of pending deliveries that are overdue: the queue did not take theirs, or this Worker ended before it was
 * sent. A message that was only slow is outrun: consumers heed the latest generation of a delivery alone.
 */
export async function sendOverdue(db: D1Database, queue: Queue, now: Date): Promise<{ sent: number }> {
  const claimed = await claimOverdue(db, OVERDUE_A_RUN, now);
  await sendAgain(queue, claimed);
  return { sent: claimed.length };
}

/**
 * Sends failed deliveries again, as many as one request may. Should the queue fail, the cron sends them when they are overdue.
 * @returns `more`: there may be more of them
 */
export async function retryFailed(
  db: D1Database,
  queue: Queue,
  filter: DeliveryFilter,
  now: Date,
): Promise<{ retried: number; more: boolean }> {
  const claimed = await claimFailed(db, filter, RETRIES_A_REQUEST, now);
  await sendAgain(queue, claimed);
  return { retried: claimed.length, more: claimed.length === RETRIES_A_REQUEST };
}

/** Never rejects: deliveries whose message the queue does not take are overdue again after a while. */
async function sendAgain(queue: Queue, claimed: readonly ClaimedDelivery[]): Promise<void> {
  for (const batch of batches(claimed.map(messageOf))) {
    try {
      await askStore("queue", () => queue.sendBatch(batch.map((body) => ({ body }))));
    } catch (error) {
      logError({ message: "the queue did not take messages", messages: batch.length }, error);
    }
  }
}

function messageOf({ occurred_at, ...delivery }: ClaimedDelivery): SyncMessage {
  return { ...delivery, timestamp: occurred_at };
}

function batches(messages: readonly SyncMessage[]): SyncMessage[][] {
  const filled: SyncMessage[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const message of messages) {
    // UTF-16 needs at most three bytes of UTF-8 a unit.
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
