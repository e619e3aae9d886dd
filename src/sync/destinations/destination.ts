import type { PlannedDelivery } from "../../ledger/deliveries.ts";
import type { SettingProblem } from "../../settings.ts";

/** How one attempt ended. Reasons are stored in `sync_deliveries.last_error`: they must hold no secrets. */
export type DeliveryResult =
  | { kind: "delivered" }
  /** Worth trying again, after as many seconds as the other side asks for, if it does. */
  | { kind: "transient"; reason: string; retryAfterSeconds?: number }
  /** Trying again would end the same. */
  | { kind: "permanent"; reason: string };

/** A system downstream that finished analytics go to. To add one: a file beside this, a line in `index.ts`. */
export interface Destination {
  /** Stored in `sync_deliveries.destination`: never change it once in use. */
  readonly name: string;
  /** Settings that are missing or wrong; while there are any, deliveries are retried without an attempt. */
  readonly problems: readonly SettingProblem[];
  /** Makes one attempt. Expected failures are results; an exception counts as transient. */
  deliver(delivery: PlannedDelivery): Promise<DeliveryResult>;
}

/** Reads the settings of a destination; `undefined` when it is switched off. */
export type DestinationFactory = (env: Env) => Destination | undefined;
