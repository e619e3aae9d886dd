import type { Received } from "../events/received.ts";
import { logError, reasonOf } from "../log.ts";
import { attempt, type StoreName } from "../stores/attempt.ts";
import { bucketShelf } from "./bucket.ts";
import { databaseShelf } from "./database.ts";
import type { ParkingPlace, ParkingShelf } from "./parked.ts";
import { queuePlace } from "./queue.ts";

/** Milliseconds that one place may take. With the first round that failed, an answer stays within ten seconds. */
const PLACE_LIMIT = 2_000;

/** The places that can be looked into. */
export function shelves(env: Env): ParkingShelf[] {
  return [bucketShelf(env.ARCHIVE), databaseShelf(env.DB)];
}

/** Every place a body can wait in, in the order in which they are tried. */
function places(env: Env): ParkingPlace[] {
  return [...shelves(env), queuePlace(env.SYNC_QUEUE)];
}

/**
 * Keeps a body in the first place that takes it, without those whose store has just failed.
 * @param reason what failed, for people
 * @returns the store that has it, or `undefined` when none does
 */
export async function park(
  received: Received,
  failed: ReadonlySet<StoreName>,
  reason: string,
  env: Env,
): Promise<StoreName | undefined> {
  for (const place of places(env).filter(({ store }) => !failed.has(store))) {
    try {
      await attempt(() => place.park(received, reason), PLACE_LIMIT);
      return place.store;
    } catch (error) {
      logError({ message: "could not park", store: place.store, sha256: received.digest, error: reasonOf(error) });
    }
  }
  return undefined;
}
