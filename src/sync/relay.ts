import type { SyncMessage } from "../ledger/deliveries.ts";
import { type ClaimedDelivery, claimFailed, claimOverdue, type DeliveryFilter } from "../ledger/undelivered.ts";
import { logError } from "../log.ts";
import { sendMessages } from "../stores/queue.ts";

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
  for (const { messages, error } of await sendMessages(queue, claimed.map(messageOf))) {
    logError({ message: "the queue did not take messages", messages: messages.length }, error);
  }
}

function messageOf({ occurred_at, ...delivery }: ClaimedDelivery): SyncMessage {
  return { ...delivery, timestamp: occurred_at };
}
