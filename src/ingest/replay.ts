import pMap from "p-map";
import { readHeld, removeHeld } from "../held/held.ts";
import { listNewestQuarantined, type QuarantineFilter } from "../held/list.ts";
import { MAX_CONNECTIONS, StoreError } from "../stores/ask.ts";
import { type BroughtBack, batchesOfBodies, ingestAgain } from "./bring-back.ts";
import type { IngestContext } from "./ingest.ts";

/** Bodies that one request replays, as many as a page of the dashboard shows. */
export const REPLAYS_A_REQUEST = 100;

/** `recovered`: it left the quarantine. `not-found`: there is no such body. */
export type ReplayResult = "recovered" | "still-in-quarantine" | "not-found";

/** Whether a result takes its body out of the quarantine. */
const leaves: Record<BroughtBack["kind"], boolean> = {
  stored: true,
  duplicate: true,
  erased: true,
  ignored: true,
  quarantined: false,
  "not-an-object": false,
  invalid: false,
  failed: false,
};

/**
 * Replays a body of the quarantine. A body that still does not fit stays, with its present reason.
 * @throws {StoreError} if a store does not answer; safe to repeat
 */
export async function replay(key: string, context: IngestContext): Promise<ReplayResult> {
  const [result = "not-found"] = await replayBatch([{ key }], context);
  return result;
}

/**
 * Replays a page of the quarantine, in batches. A body that this code trips over does not stop the others.
 * @param cursor of the page before; the first page without it
 * @throws {StoreError} as {@link replay} does
 */
export async function replayPage(
  cursor: string | undefined,
  context: IngestContext,
  filter: QuarantineFilter = {},
): Promise<{ results: ReplayResult[]; cursor: string | undefined }> {
  const page = await listNewestQuarantined(context.bucket, REPLAYS_A_REQUEST, cursor, filter);
  const results: ReplayResult[] = [];
  for (const batch of batchesOfBodies(page.bodies)) results.push(...(await replayBatch(batch, context)));
  return { results, cursor: page.next };
}

async function replayBatch(batch: readonly { key: string }[], context: IngestContext): Promise<ReplayResult[]> {
  const { bucket } = context;
  const read = await pMap(batch, ({ key }) => readHeld(bucket, key), { concurrency: MAX_CONNECTIONS });
  const ingested = await ingestAgain(
    read.filter((stored) => stored !== undefined),
    context,
  );
  const remaining = ingested.values();
  const results = read.map((stored) => (stored === undefined ? undefined : remaining.next().value));
  await removeHeld(
    bucket,
    batch.filter((_, index) => leaves[results[index]?.kind ?? "failed"]).map(({ key }) => key),
  );
  return results.map((result) => {
    if (result === undefined) return "not-found";
    if (result.kind === "failed") throw new StoreError(result.store, result.reason);
    return leaves[result.kind] ? "recovered" : "still-in-quarantine";
  });
}
