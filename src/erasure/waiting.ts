import pMap from "p-map";
import { type QuarantinedItem, readQuarantined, removeQuarantined, walkQuarantine } from "../archive/quarantine.ts";
import type { Received } from "../events/received.ts";
import { batchesOfBodies } from "../ingest/batch.ts";
import { logError } from "../log.ts";
import { listableParkings } from "../parking/index.ts";
import { CorruptBody, type ListableParking, type ParkedBody, type ParkedKey } from "../parking/parking.ts";
import { MAX_CONNECTIONS } from "../stores/ask.ts";
import { type Mention, mentionIn, type Subject } from "./subject.ts";

/** Bodies of one page. */
const PAGE_BODIES = 200;

/** Bodies that are removed at a time. */
export const CONCURRENCY = 2;

/** Where looking through the bodies that wait goes on; JSON, since a step of a job returns it. */
export interface WaitingPosition {
  /** Index of the source: quarantine, then each parking. */
  source: number;
  after?: string | ParkedKey;
}

interface WaitingSource {
  /** Looks for the subject in a page of bodies. `next` is absent after the last page. */
  look(
    subject: Subject,
    after: WaitingPosition["after"],
  ): Promise<{ waiting: Waiting[]; next: WaitingPosition["after"] }>;
}

/** A body that waits, with what it says of the subject. */
export interface Waiting {
  kind: "parked" | "quarantined";
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
  const { waiting, next } = await source.look(subject, after);
  if (next !== undefined) return { waiting, next: { source: index, after: next } };
  return index + 1 < sources.length ? { waiting, next: { source: index + 1 } } : { waiting };
}

/** How the bodies of a source are read and removed. */
interface BodyAccess<Body> {
  kind: Waiting["kind"];
  /** All into memory. */
  read(bodies: readonly Body[]): Promise<(Received | Error | undefined)[]>;
  remove(body: Body): Promise<void>;
}

async function lookInto<Body extends { size: number }>(
  bodies: readonly Body[],
  { kind, read, remove }: BodyAccess<Body>,
  subject: Subject,
): Promise<Waiting[]> {
  const waiting: Waiting[] = [];
  for (const batch of batchesOfBodies(bodies)) {
    const batchRead = await read(batch);
    for (const [index, body] of batch.entries()) {
      const received = batchRead[index];
      // A corrupt body says nothing of anybody, and must not keep the others.
      if (received instanceof CorruptBody) logError({ message: "could not look into a parked body" }, received);
      else if (received instanceof Error) throw received;
      else if (received !== undefined) {
        waiting.push({ kind, mention: await mentionIn(received, subject), remove: () => remove(body) });
      }
    }
  }
  return waiting;
}

function quarantineSource(bucket: R2Bucket): WaitingSource {
  const access: BodyAccess<QuarantinedItem> = {
    kind: "quarantined",
    read: (items) => pMap(items, ({ key }) => readQuarantined(bucket, key), { concurrency: MAX_CONNECTIONS }),
    remove: ({ key }) => removeQuarantined(bucket, [key]),
  };
  return {
    async look(subject, after) {
      const page = await walkQuarantine(bucket, PAGE_BODIES, typeof after === "string" ? after : undefined);
      return { waiting: await lookInto(page.items, access, subject), next: page.cursor };
    },
  };
}

function parkingSource(parking: ListableParking): WaitingSource {
  const access: BodyAccess<ParkedBody> = {
    kind: "parked",
    read: (parked) => parking.read(parked),
    remove: (parked) => parking.remove([parked]),
  };
  return {
    async look(subject, after) {
      const { parked, more } = await parking.list(PAGE_BODIES, typeof after === "object" ? after : undefined);
      const last = parked.at(-1);
      const next = more
        ? last && { due_at: last.due_at, received_at: last.received_at, sha256: last.sha256 }
        : undefined;
      return { waiting: await lookInto(parked, access, subject), next };
    },
  };
}
