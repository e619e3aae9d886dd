import pMap from "p-map";
import { listQuarantine, readQuarantined, removeQuarantined } from "../archive/quarantine.ts";
import { MAX_CONNECTIONS, StoreError } from "../stores/ask.ts";
import { batchesOfBodies } from "./batch.ts";
import { type IngestContext, ingestAll } from "./ingest.ts";
import type { IngestResult } from "./result.ts";

/** Bodies that one request replays, as many as a page of the dashboard shows. */
export const REPLAYS_A_REQUEST = 100;

/** `recovered`: it left the quarantine. `not-found`: there is no such body. */
export type ReplayResult = "recovered" | "still-in-quarantine" | "not-found";

/** Whether a body that ends so leaves the quarantine. */
const leaves: Record<IngestResult["kind"], boolean> = {
  stored: true,
  duplicate: true,
  erased: true,
  ignored: true,
  unrecognised: false,
  "not-an-object": false,
  invalid: false,
  failed: false,
};

/**
 * Replays a body of the quarantine. It stays with today's reason when it still does not fit.
 * @throws {StoreError} when a store does not answer: nothing is lost, and a repetition goes on
 */
export async function replay(key: string, context: IngestContext): Promise<ReplayResult> {
  const [result = "not-found"] = await replayBatch([{ key }], context);
  return result;
}

/**
 * Replays a page of the quarantine, in batches. A body that this code trips over does not keep the others of its page.
 * @param cursor of the page before; the first page without it
 * @throws {StoreError} as {@link replay} does
 */
export async function replayPage(
  cursor: string | undefined,
  context: IngestContext,
): Promise<{ results: ReplayResult[]; cursor: string | undefined }> {
  const page = await listQuarantine(context.bucket, REPLAYS_A_REQUEST, cursor);
  const results: ReplayResult[] = [];
  for (const batch of batchesOfBodies(page.items)) results.push(...(await replayBatch(batch, context)));
  return { results, cursor: page.cursor };
}

async function replayBatch(batch: readonly { key: string }[], context: IngestContext): Promise<ReplayResult[]> {
  const { bucket } = context;
  const read = await pMap(batch, ({ key }) => readQuarantined(bucket, key), { concurrency: MAX_CONNECTIONS });
  const found = read.filter((received) => received !== undefined);
  const ingested = (await ingestAll(found, context)).values();
  const results = read.map((received) => (received === undefined ? undefined : ingested.next().value));
  const recovered = batch.filter((_, index) => leaves[results[index]?.kind ?? "failed"]).map(({ key }) => key);
  if (recovered.length > 0) await removeQuarantined(bucket, recovered);
  return results.map((result) => {
    if (result === undefined) return "not-found";
    const [failure] = result.kind === "failed" ? result.failures : [];
    if (failure !== undefined) throw new StoreError(...failure);
    return leaves[result.kind] ? "recovered" : "still-in-quarantine";
  });
}
