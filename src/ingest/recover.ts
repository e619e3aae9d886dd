import pMap from "p-map";
import { logError, reasonOf } from "../log.ts";
import { isDue } from "../parking/due.ts";
import type { ParkedItem, ParkingShelf } from "../parking/parked.ts";
import { attempt } from "../stores/attempt.ts";
import { STORE_LIMIT } from "../stores/limits.ts";
import { accept } from "./accept.ts";

/** Looked at in one run: a crowd that fails for ever must not hide what came after it. */
const PAGES = 5;
const PAGE = 1000;

/** Taken in in one run, of each shelf: about five subrequests each, of the 1,000 an invocation has for both. */
const TAKEN = 70;

/** Few at a time, since each may be as large as `MAX_BODY_BYTES`, and a Worker has 128 MB. */
const CONCURRENCY = 2;

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
  const items = await listAll(shelf);
  const due = items.filter((item) => isDue(item, now));
  const dueItems = new Set(due);
  const take = async (chosen: ParkedItem[]): Promise<Recovery> => {
    const results = await pMap(chosen, (item) => takeIn(shelf, item, env, ctx), { concurrency: CONCURRENCY });
    const recovered = results.filter(Boolean).length;
    return { recovered, left: results.length - recovered };
  };
  const first = await take(due.slice(0, TAKEN));
  if (first.recovered === 0) return first;
  // The store is back: what rests from its last failure need not rest any longer.
  const resting = items.filter((item) => !dueItems.has(item));
  const second = await take(resting.slice(0, Math.max(0, TAKEN - due.length)));
  return { recovered: first.recovered + second.recovered, left: first.left + second.left };
}

async function listAll(shelf: ParkingShelf): Promise<ParkedItem[]> {
  const items: ParkedItem[] = [];
  for (let page = 0; page < PAGES; page++) {
    const listed = await attempt(() => shelf.list(PAGE, items.at(-1)), STORE_LIMIT);
    items.push(...listed);
    // R2 makes short pages when the metadata is long: only an empty one is the last.
    if (listed.length === 0) break;
  }
  return items;
}

/** Whether the item has found its place. Never rejects: one poisonous item must not keep the others. */
async function takeIn(shelf: ParkingShelf, item: ParkedItem, env: Env, ctx: ExecutionContext): Promise<boolean> {
  try {
    const received = await attempt(() => shelf.read(item), STORE_LIMIT);
    if (received === undefined) return true;
    const outcome = await accept(received, env, ctx);
    if (outcome.kind === "not-kept") return false;
    await attempt(() => shelf.remove(item), STORE_LIMIT);
    return true;
  } catch (error) {
    logError({ message: "could not recover", store: shelf.store, sha256: item.digest, error: reasonOf(error) });
    return false;
  }
}
