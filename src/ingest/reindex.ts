import pMap from "p-map";
import { readConversation } from "../archive/conversation.ts";
import { type ListedCall, listCalls } from "../ledger/call-list.ts";
import { indexConversation, saidIn } from "../ledger/conversations.ts";
import { attempt } from "../stores/attempt.ts";
import { STORE_LIMIT } from "../stores/limits.ts";

/** Calls that one request takes: two subrequests each, of the 50 an invocation has on the Free plan. */
const CALLS_A_REQUEST = 20;

/** Few at a time, since each transcript may be as large as `MAX_BODY_BYTES`, and a Worker has 128 MB. */
const CONCURRENCY = 2;

/**
 * Makes the words of a page of calls findable, from the archive: of calls that came while words were not searched. Safe to
 * repeat.
 * @param after the `next` of the page before
 */
export async function reindexPage(
  { DB, ARCHIVE }: Env,
  after: string | undefined,
): Promise<{ indexed: number; next: string | undefined }> {
  const calls = await attempt(() => listCalls(DB, {}, { limit: CALLS_A_REQUEST, after }), STORE_LIMIT);
  const results = await pMap(calls, (call) => reindex(call, DB, ARCHIVE), { concurrency: CONCURRENCY });
  const next = calls.length < CALLS_A_REQUEST ? undefined : calls.at(-1)?.place;
  return { indexed: results.filter(Boolean).length, next };
}

async function reindex(
  { call_id, transcript_key: key }: ListedCall,
  db: D1Database,
  bucket: R2Bucket,
): Promise<boolean> {
  if (key === null) return false;
  const archived = await attempt(() => readConversation(bucket, key), STORE_LIMIT);
  if (archived === undefined) return false;
  // Nothing said takes the place of what was, before a correction that came while words were not searched.
  const { version, turns } = archived;
  const statements = await indexConversation(db, { call_id, version, said: saidIn(turns) });
  await attempt(() => db.batch(statements), STORE_LIMIT);
  return turns.length > 0;
}
