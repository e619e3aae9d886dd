import { attempt, type StoreName } from "../stores/attempt.ts";
import { STORE_LIMIT } from "../stores/limits.ts";
import { shelves } from "./index.ts";
import type { ParkedItem } from "./parked.ts";

/** Bodies that wait for a store. */
export interface Parked {
  /** Oldest first. */
  parked: ParkedItem[];
  /** Stores that did not answer, so that more may be parked there. */
  unreachable: StoreName[];
}

/** Never rejects: bodies are parked while a store is down, and that one is must not hide the other's. */
export async function readParked(env: Env, limit: number): Promise<Parked> {
  const all = shelves(env);
  const listings = await Promise.allSettled(all.map((shelf) => attempt(() => shelf.list(limit), STORE_LIMIT)));
  const parked = listings
    .flatMap((listing) => (listing.status === "fulfilled" ? listing.value : []))
    .sort((a, b) => (a.received_at < b.received_at ? -1 : 1));
  const unreachable = all.filter((_, index) => listings[index]?.status === "rejected").map(({ store }) => store);
  return { parked: parked.slice(0, limit), unreachable };
}
