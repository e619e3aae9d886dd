import type { EventName } from "../../events/event.ts";
import type { PlannedDelivery } from "../../ledger/deliveries.ts";
import type { SettingProblem } from "../../settings.ts";

/**
 * How one attempt ended. The reason is stored in `sync_deliveries.last_error`, and behind it the first 300 characters of what the other
 * side answered, as `readAnswer` reads them: neither may hold secrets.
 */
export type DeliveryResult =
  | { kind: "delivered" }
  /** Worth trying again, after as many seconds as the other side asks for, if it does. */
  | { kind: "transient"; reason: string; answer?: string; retryAfterSeconds?: number }
  /** Trying again would end the same. */
  | { kind: "permanent"; reason: string; answer?: string };

/** A system downstream that events of calls go to. To add one: a file beside this, a line in `index.ts`. */
export interface Destination {
  /** Stored in `sync_deliveries.destination`: never change it once in use. */
  readonly name: string;
  /** Settings that are missing or wrong; while there are any, deliveries are retried without an attempt. */
  readonly problems: readonly SettingProblem[];
  /** The events that it is sent; for others there is no row and no message. */
  readonly events: readonly EventName[];
  /** Between two attempts of a batch, which then go one after another, and no further after one that failed. Absent: six go at once. */
  readonly pauseMs?: number;
  /** Whether it wants a call, once its turn comes and the whole call is known; a call it does not want is `skipped`. Absent: every call. */
  wants?(delivery: PlannedDelivery): boolean;
  /** Makes one attempt. Expected failures are results; an exception counts as transient. */
  deliver(delivery: PlannedDelivery): Promise<DeliveryResult>;
}

/** Reads the settings of a destination; `undefined` when it is switched off. */
export type DestinationFactory = (env: Env) => Destination | undefined;
