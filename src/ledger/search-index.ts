import { askStore } from "../stores/ask.ts";
import type { WrittenEvent } from "./patch.ts";

/** The words of a transcript. */
export interface SearchText {
  /** As in `calls.ledger_column_versions`, under `transcript_key`: of several transcripts of a call the highest is searched. */
  version: string;
  /** As `searchText` makes it. */
  text: string;
}

/**
 * Upserts the words of a call. No-op when a higher version is the call's transcript, or, with `written`, unless this run of
 * ingest wrote the event. Run after `mergeCall`, in one batch.
 */
export function indexTranscript(
  db: D1Database,
  callId: string,
  { version, text }: SearchText,
  written?: WrittenEvent,
): D1PreparedStatement {
  // Versions end with the body's digest. Their times may differ: D1 and R2 may have different deliveries of one body.
  const upsert = `INSERT OR REPLACE INTO ledger_search_index (rowid, text) SELECT id, ?2 FROM calls
    WHERE call_id = ?1 AND substr(ledger_column_versions ->> 'transcript_key', -12) = substr(?3, -12)`;
  if (written === undefined) return db.prepare(upsert).bind(callId, text, version);
  return db
    .prepare(
      `${upsert} AND EXISTS (SELECT 1 FROM events WHERE call_id = ?1 AND event = ?4 AND event_id = ?5 AND ledger_ingest_id = ?6)`,
    )
    .bind(callId, text, version, written.event, written.event_id, written.ledger_ingest_id);
}

/** Pages of the index, of 4 KB, that one merge may rewrite. */
const MERGED_PAGES = 200;

/**
 * Merges a part of the index: a deleted row is only marked, and its words stay in the pages, without their call, until these are
 * merged (sqlite.org/fts5.html, 6.9).
 * @returns whether there may be more to merge
 */
export async function mergeSearchIndex(db: D1Database): Promise<boolean> {
  const merge = db.prepare(
    `INSERT INTO ledger_search_index (ledger_search_index, rank) VALUES ('merge', -${MERGED_PAGES})`,
  );
  const { meta } = await askStore("D1", () => merge.run());
  // A merge with nothing to do changes one row, that of the command.
  return meta.changes > 1;
}

/** Indexes the words of an archived transcript, in place of what was indexed before. Safe to repeat. */
export async function reindexTranscript(db: D1Database, callId: string, searchText: SearchText): Promise<void> {
  await askStore("D1", () => indexTranscript(db, callId, searchText).run());
}
