import pMap from "p-map";
import { listQuarantine, readQuarantined, removeQuarantined } from "../archive/quarantine.ts";
import { logError } from "../log.ts";
import { StoreError } from "../stores/ask.ts";
import { type IngestContext, ingest } from "./ingest.ts";
import type { IngestResult } from "./result.ts";

/** Bodies that one request replays: about seven queries each, of the 1,000 that an invocation has. */
export const REPLAYS_A_REQUEST = 100;

/** Few at a time, since each may be as large as `MAX_BODY_BYTES`, and a Worker has 128 MB. */
const CONCURRENCY = 2;

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
 * Tries a body of the quarantine again. It stays with today's reason when it still does not fit. A body that this code trips
 * over must not keep the others of its page.
 * @throws {StoreError} when a store does not answer: nothing is lost, and a repetition goes on
 */
export async function replay(key: string, context: IngestContext): Promise<ReplayResult> {
  try {
    const received = await readQuarantined(context.bucket, key);
    if (received === undefined) return "not-found";
    const result = await ingest(received, context);
    const [failure] = result.kind === "failed" ? result.failures : [];
    if (failure !== undefined) throw new StoreError(...failure);
    if (!leaves[result.kind]) return "still-in-quarantine";
    await removeQuarantined(context.bucket, key);
    return "recovered";
  } catch (error) {
    if (error instanceof StoreError) throw error;
    logError({ message: "could not replay", key }, error);
    return "still-in-quarantine";
  }
}

/**
 * Replays a page of the quarantine.
 * @param cursor of the page before; the first page without it
 */
export async function replayPage(
  cursor: string | undefined,
  context: IngestContext,
): Promise<{ results: ReplayResult[]; cursor: string | undefined }> {
  const page = await listQuarantine(context.bucket, REPLAYS_A_REQUEST, cursor);
  const results = await pMap(page.items, ({ key }) => replay(key, context), { concurrency: CONCURRENCY });
  return { results, cursor: page.cursor };
}
