import * as z from "zod";
import type { Received } from "../events/received.ts";
import { cursorOf, writeCursor } from "../http/cursor.ts";
import { logError } from "../log.ts";
import { isOverload, type StoreName } from "../stores/ask.ts";
import { backoffSeconds } from "../stores/backoff.ts";
import { bucketParking } from "./bucket.ts";
import { databaseParking } from "./database.ts";
import { type ListableParking, orderOf, type ParkedBody, type ParkedKey } from "./parking.ts";
import { queueParking } from "./queue.ts";

/** One store's share of parking a body. After a first failure that took all its time, an answer is out within ten seconds. */
export const PARK_TIMEOUT_MS = 2_000;

/** The stores that bodies are parked in. */
export interface ParkingStores {
  db: D1Database;
  bucket: R2Bucket;
  queue: Queue;
}

/** The stores whose parked bodies can be listed. */
export function listableParkings({ db, bucket }: Pick<ParkingStores, "db" | "bucket">): ListableParking[] {
  return [bucketParking(bucket), databaseParking(db)];
}

/**
 * Parks a body in the first store that takes it: R2, D1, the queue. While D1 is overloaded the queue comes first, and brings the
 * body back after a pause, in a batch with others. Never rejects.
 * @param failures the stores that have just failed, with their words: left out
 * @param reason the failure, for people
 * @returns the store that has it, or `undefined` when none does
 */
export async function park(
  received: Received,
  failures: ReadonlyMap<StoreName, string>,
  reason: string,
  stores: ParkingStores,
): Promise<StoreName | undefined> {
  const queue = queueParking(stores.queue);
  const isOverloaded = isOverload(failures.get("D1") ?? "");
  const parkings = isOverloaded ? [queue, ...listableParkings(stores)] : [...listableParkings(stores), queue];
  const dueAt = isOverloaded ? new Date(Date.now() + backoffSeconds(1) * 1000).toISOString() : undefined;
  for (const parking of parkings.filter(({ store }) => !failures.has(store))) {
    try {
      await parking.park(received, reason, PARK_TIMEOUT_MS, dueAt);
      return parking.store;
    } catch (error) {
      logError({ message: "could not park", store: parking.store, sha256: received.sha256 }, error);
    }
  }
  return undefined;
}

/** A page of the parked bodies of all stores. */
export interface ParkedList {
  /** Those first that are due first. */
  parked: ParkedBody[];
  /** Stores that did not answer, so that more may be parked there. */
  unreachable: StoreName[];
  next_cursor: string | null;
}

/** Where in a listing of parked bodies the next page begins. */
export const parkedCursor = cursorOf(
  z
    .tuple([z.string(), z.string(), z.string()])
    .transform(([due_at, received_at, sha256]): ParkedKey => ({ due_at, received_at, sha256 })),
);

/**
 * Lists parked bodies. Never rejects: bodies are parked while a store is down, and that must not hide the other's.
 * @param limit 1,000 at the most
 */
export async function listParked(
  stores: Pick<ParkingStores, "db" | "bucket">,
  limit: number,
  after?: ParkedKey,
): Promise<ParkedList> {
  const parkings = listableParkings(stores);
  const listings = await Promise.allSettled(parkings.map((parking) => parking.list(limit, after)));
  const pages = listings.flatMap((listing) => (listing.status === "fulfilled" ? listing.value : []));
  const unreachable = parkings.filter((_, index) => listings[index]?.status === "rejected").map(({ store }) => store);
  const sorted = pages.flatMap(({ parked }) => parked).sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));
  // Behind the end of a page there may be more of its store.
  const ends = pages.flatMap(({ parked, more }) => (more ? parked.slice(-1).map(orderOf) : []));
  const parked = sorted.filter((one) => ends.every((end) => orderOf(one) <= end)).slice(0, limit);
  const last = parked.at(-1);
  const isEnd = ends.length === 0 && parked.length === sorted.length;
  const next_cursor = isEnd || last === undefined ? null : writeCursor(last.due_at, last.received_at, last.sha256);
  return { parked, unreachable, next_cursor };
}
