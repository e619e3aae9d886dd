import type { Received } from "../events/received.ts";
import type { StoreName } from "../stores/attempt.ts";

/** Where a body can wait until the store that failed is back. */
export interface ParkingPlace {
  /** The store that keeps it. */
  readonly store: StoreName;
  /**
   * Keeps the body durably, or throws. Safe to repeat.
   * @param reason what failed, for people
   */
  park(received: Received, reason: string): Promise<void>;
}

/** A place whose items can be looked at; the queue's cannot, it brings them by itself. */
export interface ParkingShelf extends ParkingPlace {
  /**
   * What waits, oldest first.
   * @param limit 1,000 at the most
   * @param after the last item of the page before
   */
  list(limit: number, after?: Pick<ParkedItem, "received_at" | "digest">): Promise<ParkedItem[]>;
  /** `undefined` when another run has taken it. */
  read(item: ParkedItem): Promise<Received | undefined>;
  remove(item: ParkedItem): Promise<void>;
}

/** A body that waits, without the body. */
export interface ParkedItem {
  store: StoreName;
  /** SHA-256 of the body, hex. */
  digest: string;
  /** ISO 8601 UTC. */
  received_at: string;
  reason: string;
}
