import type { SyncMessage } from "../ledger/deliveries.ts";
import { type ClaimedDelivery, claimFailed, claimOverdue, type DeliveryFilter } from "../ledger/undelivered.ts";
import { logError } from "../log.ts";
import { sendMessages } from "../stores/queue.ts";

/** Deliveries that one run of the cron, each minute, sends again. */
const OVERDUE_A_RUN = 500;

/** Failed deliveries that one request sends again. */
const RETRIES_A_REQUEST = 500;

/**
 * Sends messages of pending deliveries that are overdue: the queue did not take the first one, or this Worker ended before sending it.
 * A message that was only slow becomes void: the consumer attempts the latest generation only.
 */
export async function sendOverdue(db: D1Database, queue: Queue, now: Date): Promise<{ sent: number }> {
  const claimed = await claimOverdue(db, OVERDUE_A_RUN, now);
  await sendAgain(queue, claimed);
  return { sent: claimed.length };
}

/**
 * Sends up to 500 failed deliveries again. If the queue fails, the cron sends them once they are overdue.
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

/** Sends the messages of deliveries. Never rejects: deliveries whose message the queue does not take become overdue again. */
export async function sendAgain(queue: Queue, claimed: readonly ClaimedDelivery[]): Promise<void> {
  for (const { messages, error } of await sendMessages(queue, claimed.map(messageOf))) {
    logError({ message: "the queue did not take messages", messages: messages.length }, error);
  }
}

function messageOf({ occurred_at, ...delivery }: ClaimedDelivery): SyncMessage {
  return { ...delivery, timestamp: occurred_at };
}
