import type { DeliveryResult } from "./destinations/destination.ts";

/** `postponed`: not attempted, because an attempt before it failed. */
export type PacedResult = DeliveryResult | { kind: "postponed"; reason: string; retryAfterSeconds: number };

/** Makes one attempt once the one before it is over. */
export type Pace = (attempt: () => Promise<DeliveryResult>) => Promise<PacedResult>;

/**
 * Keeps a pause between the attempts of one batch at a destination. After an attempt that failed the others are postponed, each by
 * one pause more than the one before: a destination that refuses or hangs is asked once a batch.
 */
export function startPace(pauseMs = 0): Pace {
  let freeAt = 0;
  let failure: { reason: string; retryAfterSeconds?: number } | undefined;
  let postponed = 0;
  return async (attempt) => {
    if (failure !== undefined) {
      const seconds = Math.ceil((++postponed * pauseMs) / 1000);
      const { reason, retryAfterSeconds = 0 } = failure;
      return { kind: "postponed", reason, retryAfterSeconds: retryAfterSeconds + seconds };
    }
    const waitMs = freeAt - Date.now();
    if (waitMs > 0) await scheduler.wait(waitMs);
    const result = await attempt();
    freeAt = Date.now() + pauseMs;
    if (result.kind === "transient") failure = result;
    return result;
  };
}
