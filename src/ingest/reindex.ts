import pMap from "p-map";
import type * as z from "zod";
import { readTranscript } from "../archive/transcripts.ts";
import { searchText } from "../events/search-text.ts";
import { listCalls } from "../ledger/calls.ts";
import type { PagePosition } from "../ledger/page.ts";
import { callRow } from "../ledger/schema.ts";
import { reindexTranscript } from "../ledger/search-index.ts";

/** Calls that one request indexes: two subrequests each. */
const CALLS_A_REQUEST = 20;

/** Few at a time, since each transcript may be as large as `MAX_BODY_BYTES`, and a Worker has 128 MB. */
const CONCURRENCY = 2;

const indexedCall = callRow.pick({ call_id: true, transcript_key: true });

/**
 * Indexes the archived transcripts of a page of calls, for calls that came while SEARCH_TRANSCRIPTS was off. Safe to repeat.
 * @param after the `next` of the page before
 */
export async function reindexPage(
  db: D1Database,
  bucket: R2Bucket,
  after: PagePosition | undefined,
): Promise<{ indexed: number; next: PagePosition | undefined }> {
  const { rows, next } = await listCalls(db, indexedCall, { among: "all" }, {}, { limit: CALLS_A_REQUEST, after });
  const results = await pMap(rows, (call) => reindex(call, db, bucket), { concurrency: CONCURRENCY });
  return { indexed: results.filter(Boolean).length, next };
}

async function reindex(
  { call_id, transcript_key: key }: z.infer<typeof indexedCall>,
  db: D1Database,
  bucket: R2Bucket,
): Promise<boolean> {
  if (key === null) return false;
  const archived = await readTranscript(bucket, key);
  if (archived === undefined) return false;
  // An empty transcript is indexed too: it replaces words that a correction has taken back.
  const { version, turns } = archived;
  await reindexTranscript(db, call_id, { version, text: searchText(turns) });
  return turns.length > 0;
}
