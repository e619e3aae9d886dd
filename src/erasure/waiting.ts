import pMap from "p-map";
import * as z from "zod";
import { listQuarantine, readQuarantined } from "../archive/quarantine.ts";
import { keyInQuarantine } from "../archive/quarantine-key.ts";
import type { Received } from "../events/received.ts";
import { logError, reasonOf } from "../log.ts";
import { shelves } from "../parking/index.ts";
import type { ParkingShelf } from "../parking/parked.ts";
import { attempt, Unfit } from "../stores/attempt.ts";
import { STORE_LIMIT } from "../stores/limits.ts";
import { type Concern, concernOf, type Subject } from "./subject.ts";

/** Bodies that one request looks into and may delete, with up to four subrequests each of the 50 an invocation has on the Free plan. */
const BODIES_A_REQUEST = 10;

/** Few at a time, since each may be as large as `MAX_BODY_BYTES`, and a Worker has 128 MB. */
export const CONCURRENCY = 2;

/** Where looking through what waits goes on. */
export const waitingPosition = z.object({
  place: z.number().int().min(0),
  after: z
    .union([keyInQuarantine, z.object({ received_at: z.iso.datetime(), digest: z.string().regex(/^[0-9a-f]{64}$/) })])
    .optional(),
});

export type WaitingPosition = z.infer<typeof waitingPosition>;

/** A body that waits, as this room sees it. */
interface WaitingItem {
  read(): Promise<Received | undefined>;
  remove(): Promise<void>;
}

interface WaitingPlace {
  kind: "parked" | "quarantined";
  /** @param after the `next` of the page before */
  list(
    limit: number,
    after: WaitingPosition["after"],
  ): Promise<{ items: WaitingItem[]; next: WaitingPosition["after"] }>;
}

/** A body that waits, with whom it is about. */
export interface Waiting {
  kind: "parked" | "quarantined";
  concern: Concern;
  remove(): Promise<void>;
}

/** So many bodies, and where to go on; `next` is absent when everything was looked through. */
export interface WaitingPage {
  bodies: Waiting[];
  next?: WaitingPosition;
}

/**
 * Looks into the bodies that wait for a store or lie in quarantine, so many a request. Bodies that the queue carries cannot be
 * looked at; they reach the ledger within minutes.
 */
export async function lookInto(
  subject: Subject,
  { place: first, after }: WaitingPosition,
  env: Env,
): Promise<WaitingPage> {
  const places = [quarantinePlace(env.ARCHIVE), ...shelves(env).map(shelfPlace)];
  const bodies: Waiting[] = [];
  let left = BODIES_A_REQUEST;
  for (const [index, place] of places.entries()) {
    if (index < first) continue;
    let next = index === first ? after : undefined;
    do {
      if (left === 0) return { bodies, next: { place: index, ...(next !== undefined && { after: next }) } };
      const page = await attempt(() => place.list(left, next), STORE_LIMIT);
      const read = await pMap(page.items, (item) => concerning(item, place.kind, subject), {
        concurrency: CONCURRENCY,
      });
      bodies.push(...read.flat());
      left -= page.items.length;
      next = page.next;
    } while (next !== undefined);
  }
  return { bodies };
}

async function concerning(item: WaitingItem, kind: Waiting["kind"], subject: Subject): Promise<Waiting[]> {
  const received = await readable(item);
  return received === undefined ? [] : [{ kind, concern: concernOf(received, subject), remove: item.remove }];
}

/** What cannot be unpacked says nothing of anybody, and must not keep the others. */
async function readable(item: WaitingItem): Promise<Received | undefined> {
  try {
    return await attempt(() => item.read(), STORE_LIMIT);
  } catch (error) {
    if (!(error instanceof Unfit)) throw error;
    logError({ message: "could not look into a body", error: reasonOf(error) });
    return undefined;
  }
}

function quarantinePlace(bucket: R2Bucket): WaitingPlace {
  return {
    kind: "quarantined",
    async list(limit, after) {
      const { items, cursor } = await listQuarantine(bucket, limit, typeof after === "string" ? after : undefined);
      return {
        items: items.map(({ key }) => ({
          read: () => readQuarantined(bucket, key),
          remove: () => bucket.delete(key),
        })),
        next: cursor,
      };
    },
  };
}

function shelfPlace(shelf: ParkingShelf): WaitingPlace {
  return {
    kind: "parked",
    async list(limit, after) {
      const items = await shelf.list(limit, typeof after === "object" ? after : undefined);
      const last = items.at(-1);
      return {
        items: items.map((item) => ({ read: () => shelf.read(item), remove: () => shelf.remove(item) })),
        // R2 makes short pages when the metadata is long: only an empty one is the last.
        next: last && { received_at: last.received_at, digest: last.digest },
      };
    },
  };
}
