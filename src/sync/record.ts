import * as z from "zod";
import { type Attempt, attempt, saveAttempts } from "../ledger/deliveries.ts";
import { logError } from "../log.ts";
import { sendMessages } from "../stores/queue.ts";

/** Often, so that D1 has the outcome before the relay takes the delivery for overdue. */
const RECORD_AGAIN_SECONDS = 10;

const attemptMessage = z.object({ attempt });

/** The attempt that a message carries until D1 takes it; `undefined` when it is a message of another kind. */
export function carriedAttempt({ body }: Message): Attempt | undefined {
  return attemptMessage.safeParse(body).data?.attempt;
}

/**
 * Records how attempts ended. What D1 does not take although it is over, the queue carries until it does: a delivery that
 * arrived must not be made again. Throws when neither takes it.
 */
export async function recordAttempts(attempts: readonly Attempt[], db: D1Database, queue: Queue): Promise<void> {
  if (attempts.length === 0) return;
  try {
    await saveAttempts(db, attempts, new Date());
  } catch (error) {
    logError({ message: "could not record attempts", attempts: attempts.length }, error);
    const messages = attempts.filter(({ state }) => state !== "pending").map((attempt) => ({ attempt }));
    const [refused] = await sendMessages(queue, messages, { delaySeconds: RECORD_AGAIN_SECONDS });
    if (refused !== undefined) throw refused.error;
  }
}
