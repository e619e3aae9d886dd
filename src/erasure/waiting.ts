import pMap from "p-map";
import * as z from "zod";
import { listQuarantine, readQuarantined } from "../archive/quarantine.ts";
import { MAX_ID_CHARACTERS } from "../events/fields.ts";
import type { Received } from "../intake/received.ts";
import { callsOfCaller } from "../ledger/erasure.ts";
import { logError, reasonOf } from "../log.ts";
import { shelves } from "../parking/index.ts";
import type { ParkingShelf } from "../parking/parked.ts";
import { keyInQuarantine } from "../reading/quarantine.ts";
import { attempt, Unfit } from "../stores/attempt.ts";
import { STORE_LIMIT } from "../stores/limits.ts";
import { eraseArchived } from "./objects.ts";
import { type Concern, concernOf, digitsOf, type Subject } from "./subject.ts";

/** Bodies that one request looks into and may delete, with up to four subrequests each of the 50 an invocation has on the Free plan. */
const BODIES_A_REQUEST = 10;

/** Few at a time, since each may be as large as `MAX_BODY_BYTES`, and a Worker has 128 MB. */
const CONCURRENCY = 2;

/** Where looking through what waits goes on. */
export const waitingPosition = z.object({
  place: z.number().int().min(0),
  after: z
    .union([keyInQuarantine, z.object({ received_at: z.iso.datetime(), digest: z.string().regex(/^[0-9a-f]{64}$/) })])
    .optional(),
});

export type WaitingPosition = z.infer<typeof waitingPosition>;

export interface ErasedWaiting {
  parked: number;
  quarantined: number;
  /** Absent when everything was looked through. */
  next?: WaitingPosition;
}

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

/**
 * Deletes the bodies about somebody that wait for a store or lie in quarantine. Looks into so many and says where to go on.
 * Bodies that the queue carries cannot be looked at; they reach the ledger within minutes.
 */
export async function eraseWaiting(
  subject: Subject,
  { place: first, after }: WaitingPosition,
  env: Env,
): Promise<ErasedWaiting> {
  const places = [quarantinePlace(env.ARCHIVE), ...shelves(env).map(shelfPlace)];
  const erased = { parked: 0, quarantined: 0 };
  let left = BODIES_A_REQUEST;
  for (const [index, place] of places.entries()) {
    if (index < first) continue;
    let next = index === first ? after : undefined;
    do {
      if (left === 0) return { ...erased, next: { place: index, ...(next !== undefined && { after: next }) } };
      const page = await attempt(() => place.list(left, next), STORE_LIMIT);
      erased[place.kind] += await eraseThose(subject, page.items, env);
      left -= page.items.length;
      next = page.next;
    } while (next !== undefined);
  }
  return erased;
}

/** @returns how many of the items were about the subject */
async function eraseThose(subject: Subject, items: readonly WaitingItem[], { DB, ARCHIVE }: Env): Promise<number> {
  const concerns = await pMap(
    items,
    async (item) => {
      const received = await readable(item);
      return received === undefined ? [] : [{ item, ...concernOf(received, subject) }];
    },
    { concurrency: CONCURRENCY },
  );
  const known = concerns.flat();
  const indirect = await callsOf(subject, known, DB);
  const meant = known.filter(({ direct, callIds }) => direct || callIds.some((callId) => indirect.has(callId)));
  await pMap(
    meant,
    async ({ item, event }) => {
      // The body last, since it names the rest.
      if (event !== undefined) await eraseArchived(ARCHIVE, event);
      await attempt(() => item.remove(), STORE_LIMIT);
    },
    { concurrency: CONCURRENCY },
  );
  return meant.length;
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

/** Ids that one statement is asked about: with escapes they stay below D1's 2,000,000 bytes a parameter. */
const IDS_A_QUERY = 500;

/** Most events of a call do not carry its phone number: the ledger knows whose call it is. */
async function callsOf(subject: Subject, concerns: readonly Concern[], db: D1Database): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  if ("call_id" in subject) return found;
  // While D1 failed, the event that has the number waits beside the others of its call.
  for (const { direct, event } of concerns) if (direct && event !== undefined) found.add(event.call_id);
  // What is longer is in a body that does not fit, and was never the id of a call.
  const named = concerns.flatMap(({ callIds }) => callIds).filter(({ length }) => length <= MAX_ID_CHARACTERS);
  const callIds = [...new Set(named)];
  for (let from = 0; from < callIds.length; from += IDS_A_QUERY) {
    const asked = callIds.slice(from, from + IDS_A_QUERY);
    const known = await attempt(() => callsOfCaller(db, digitsOf(subject.caller_phone), asked), STORE_LIMIT);
    for (const callId of known) found.add(callId);
  }
  return found;
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
