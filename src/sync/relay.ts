import { claimFailed, claimOverdue, type DeliveryFilter, type Resend } from "../ledger/undelivered.ts";
import { type SyncMessage, syncMessage } from "./messages.ts";

/** Messages and bytes of one sendBatch at the most (developers.cloudflare.com/queues/platform/limits: 100 and 256 KB). */
const BATCH_MESSAGES = 100;
const BATCH_BYTES = 200_000;

/** Deliveries that one run of the cron sends again; the next minute takes the next. */
const OVERDUE_A_RUN = 500;

/**
 * Sends the messages of deliveries that have waited too long: the queue did not take theirs, or this Worker ended before
 * it was sent. A message too many does no harm, since the consumer delivers what is pending only.
 */
export async function sendOverdue(db: D1Database, queue: Queue, now: Date): Promise<{ sent: number }> {
  const resends = await claimOverdue(db, OVERDUE_A_RUN, now);
  await sendAgain(queue, resends);
  return { sent: resends.length };
}

/** Sends failed deliveries again, `limit` at the most. Should the queue fail, the cron sends them when they are overdue. */
export async function retryFailed(
  db: D1Database,
  queue: Queue,
  filter: DeliveryFilter,
  limit: number,
  now: Date,
): Promise<{ retried: number }> {
  const resends = await claimFailed(db, filter, limit, now);
  await sendAgain(queue, resends);
  return { retried: resends.length };
}

async function sendAgain(queue: Queue, resends: readonly Resend[]): Promise<void> {
  for (const batch of batches(resends.map(messageOf))) await queue.sendBatch(batch.map((body) => ({ body })));
}

/** Without the metrics: the consumer reads the call from D1. */
function messageOf({ destination, event_id, call_id, agent_id, occurred_at }: Resend): SyncMessage {
  const event = {
    event: "analytics.completed",
    timestamp: occurred_at,
    agent_id,
    call_id,
    analyzed_at: occurred_at,
  } as const;
  return syncMessage(destination, event_id, event);
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
