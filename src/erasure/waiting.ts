import pMap from "p-map";
import { readQuarantined, removeQuarantined, walkQuarantine } from "../archive/quarantine.ts";
import type { Received } from "../events/received.ts";
import { logError } from "../log.ts";
import { listableParkings } from "../parking/index.ts";
import { CorruptBody, type ListableParking, type ParkedKey } from "../parking/parking.ts";
import { type Mention, mentionIn, type Subject } from "./subject.ts";

/** Bodies of one page. */
const PAGE_BODIES = 200;

/** Few at a time, since each may be as large as `MAX_BODY_BYTES`, and a Worker has 128 MB. */
export const CONCURRENCY = 2;

/** Where looking through the bodies that wait goes on; JSON, since a step of a job returns it. */
export interface WaitingPosition {
  /** Index of the source: quarantine, then each parking. */
  source: number;
  after?: string | ParkedKey;
}

/** A body that is parked or in quarantine. */
interface WaitingBody {
  read(): Promise<Received | undefined>;
  remove(): Promise<void>;
}

interface WaitingSource {
  kind: "parked" | "quarantined";
  list(after: WaitingPosition["after"]): Promise<{ bodies: WaitingBody[]; next: WaitingPosition["after"] }>;
}

/** A body that waits, with what it says of the subject. */
export interface Waiting {
  kind: WaitingSource["kind"];
  mention: Mention;
  remove(): Promise<void>;
}

/**
 * Looks for a subject in a page of the bodies that are parked or in quarantine. Bodies that the queue carries cannot be looked
 * at; the tombstones meet them when they are recovered.
 * @returns the page, and where the next one begins; `next` is absent after the last
 */
export async function lookThrough(
  subject: Subject,
  { source: index, after }: WaitingPosition,
  stores: { db: D1Database; bucket: R2Bucket },
): Promise<{ waiting: Waiting[]; next?: WaitingPosition }> {
  const sources = [quarantineSource(stores.bucket), ...listableParkings(stores).map(parkingSource)];
  const source = sources[index];
  if (source === undefined) return { waiting: [] };
  const page = await source.list(after);
  const looked = await pMap(page.bodies, (body) => lookInto(body, source.kind, subject), { concurrency: CONCURRENCY });
  const waiting = looked.flat();
  if (page.next !== undefined) return { waiting, next: { source: index, after: page.next } };
  return index + 1 < sources.length ? { waiting, next: { source: index + 1 } } : { waiting };
}

async function lookInto(body: WaitingBody, kind: Waiting["kind"], subject: Subject): Promise<Waiting[]> {
  const received = await readSafely(body);
  if (received === undefined) return [];
  return [{ kind, mention: await mentionIn(received, subject), remove: () => body.remove() }];
}

/** A corrupt body says nothing of anybody, and must not keep the others. */
async function readSafely(body: WaitingBody): Promise<Received | undefined> {
  try {
    return await body.read();
  } catch (error) {
    if (!(error instanceof CorruptBody)) throw error;
    logError({ message: "could not look into a parked body" }, error);
    return undefined;
  }
}

function quarantineSource(bucket: R2Bucket): WaitingSource {
  return {
    kind: "quarantined",
    async list(after) {
      const { items, cursor } = await walkQuarantine(
        bucket,
        PAGE_BODIES,
        typeof after === "string" ? after : undefined,
      );
      const bodies = items.map(({ key }) => ({
        read: () => readQuarantined(bucket, key),
        remove: () => removeQuarantined(bucket, key),
      }));
      return { bodies, next: cursor };
    },
  };
}

function parkingSource(parking: ListableParking): WaitingSource {
  return {
    kind: "parked",
    async list(after) {
      const parked = await parking.list(PAGE_BODIES, typeof after === "object" ? after : undefined);
      const last = parked.at(-1);
      return {
        bodies: parked.map((one) => ({ read: () => parking.read(one), remove: () => parking.remove([one]) })),
        // R2 makes short pages when the metadata is long: only an empty one is the last.
        next: last && { due_at: last.due_at, received_at: last.received_at, sha256: last.sha256 },
      };
    },
  };
}
