import pMap from "p-map";
import { accept } from "../intake/accept.ts";
import { logError, reasonOf } from "../log.ts";
import { isDue } from "./due.ts";
import type { ParkedItem, ParkingShelf } from "./parked.ts";

/** Looked at in one run; what does not come to its turn is older in the next one. */
const LISTED = 1000;
/** Taken in in one run: about five subrequests each, of 1,000 an invocation has. */
const TAKEN = 150;
const CONCURRENCY = 6;

export interface Recovery {
  recovered: number;
  /** Tried, and still failing. */
  left: number;
}

/**
 * Takes parked bodies in again, oldest first, through the door that fresh ones go through. Safe to run twice at once: taking
 * in is idempotent, and an item is removed only when it is where it belongs.
 */
export async function recover(shelf: ParkingShelf, env: Env, ctx: ExecutionContext, now: Date): Promise<Recovery> {
  const listed = await shelf.list(LISTED);
  const due = listed.filter(({ received_at }) => isDue(received_at, now)).slice(0, TAKEN);
  const results = await pMap(due, (item) => takeIn(shelf, item, env, ctx), { concurrency: CONCURRENCY });
  const recovered = results.filter(Boolean).length;
  return { recovered, left: results.length - recovered };
}

/** Whether the item has found its place. Never rejects: one poisonous item must not keep the others. */
async function takeIn(shelf: ParkingShelf, item: ParkedItem, env: Env, ctx: ExecutionContext): Promise<boolean> {
  try {
    const received = await shelf.read(item);
    if (received === undefined) return true;
    const outcome = await accept(received, env, ctx);
    if (outcome.kind === "not-kept") return false;
    await shelf.remove(item);
    return true;
  } catch (error) {
    logError({ message: "could not recover", store: shelf.store, sha256: item.digest, error: reasonOf(error) });
    return false;
  }
}
