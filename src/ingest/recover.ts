import pMap from "p-map";
import type { Received } from "../events/received.ts";
import { logError } from "../log.ts";
import type { ListableParking, ParkedBody } from "../parking/parking.ts";
import { MAX_CONNECTIONS } from "../stores/ask.ts";
import { type IngestContext, ingestAll } from "./ingest.ts";

/** Bodies of one D1 transaction. */
const BATCH_BODIES = 100;

/** Parsed and planned, a body takes several times its bytes, and a Worker has 128 MB. */
const BATCH_BYTES = 4 * 1024 * 1024;

const PAGE_BODIES = 500;

/** A run ends before the next minute's begins. */
const RUN_MS = 45_000;

export interface Recovery {
  recovered: number;
  /** Tried, and put off. */
  postponed: number;
}

/**
 * Ingests parked bodies that are due, in batches, until none is left or the minute is over. A body that fails for reasons of its
 * own is put off, ever longer, so that a crowd of them never stands before the others; a store that fails ends the run. Safe to
 * run twice at once: ingesting is idempotent, and a body is removed only when it is where it belongs.
 */
export async function recover(parking: ListableParking, context: IngestContext, now: Date): Promise<Recovery> {
  const total: Recovery = { recovered: 0, postponed: 0 };
  const end = Date.now() + RUN_MS;
  while (Date.now() < end) {
    const page = await parking.list(PAGE_BODIES);
    const due = page.filter(({ due_at }) => due_at <= now.toISOString());
    for (const batch of batches(due)) {
      const { recovered, postponed, isStoreDown } = await recoverBatch(parking, batch, context, now);
      total.recovered += recovered;
      total.postponed += postponed;
      if (isStoreDown || Date.now() >= end) return total;
    }
    if (due.length < page.length || due.length === 0) break;
  }
  return total;
}

function batches(due: readonly ParkedBody[]): ParkedBody[][] {
  const filled: ParkedBody[][] = [];
  let bytes = 0;
  for (const parked of due) {
    const current = filled.at(-1);
    if (current === undefined || current.length === BATCH_BODIES || bytes + parked.size > BATCH_BYTES) {
      filled.push([parked]);
      bytes = parked.size;
    } else {
      current.push(parked);
      bytes += parked.size;
    }
  }
  return filled;
}

async function recoverBatch(
  parking: ListableParking,
  batch: readonly ParkedBody[],
  context: IngestContext,
  now: Date,
): Promise<Recovery & { isStoreDown: boolean }> {
  const read = await pMap(batch, (parked) => readSafely(parking, parked), { concurrency: MAX_CONNECTIONS });
  const readable = batch.flatMap((parked, index) => {
    const received = read[index];
    return typeof received === "object" ? [{ parked, received }] : [];
  });
  const results = await ingestAll(
    readable.map(({ received }) => received),
    context,
  );
  const isStoreDown = results.some((result) => result.kind === "failed" && result.failures.size > 0);
  const recovered = readable.filter((_, index) => results[index]?.kind !== "failed").map(({ parked }) => parked);
  const ownFault = [
    ...batch.filter((_, index) => read[index] === "corrupt"),
    ...readable
      .filter((_, index) => {
        const result = results[index];
        return result?.kind === "failed" && result.failures.size === 0;
      })
      .map(({ parked }) => parked),
  ];
  if (recovered.length > 0) await parking.remove(recovered);
  if (ownFault.length > 0) await parking.postpone(ownFault.map((parked) => ({ parked, until: nextDue(parked, now) })));
  return { recovered: recovered.length, postponed: ownFault.length, isStoreDown };
}

/** @returns `undefined` if another run already took it */
async function readSafely(parking: ListableParking, parked: ParkedBody): Promise<Received | "corrupt" | undefined> {
  try {
    return await parking.read(parked);
  } catch (error) {
    logError({ message: "could not unpack a parked body", store: parking.store, sha256: parked.sha256 }, error);
    return "corrupt";
  }
}

const MINUTE_MS = 60_000;
const MAX_POSTPONED_MS = 30 * MINUTE_MS;

/** A quarter of its age from now: some four tries in each doubling, and never further apart than half an hour. */
function nextDue({ received_at }: ParkedBody, now: Date): string {
  const quarter = (now.getTime() - Date.parse(received_at)) / 4;
  return new Date(now.getTime() + Math.min(Math.max(quarter, MINUTE_MS), MAX_POSTPONED_MS)).toISOString();
}
