import { sha256 } from "../events/digest.ts";
import { spaced } from "../events/search-text.ts";
import type { Turn } from "../platforms/turns.ts";
import {
  type CallFilter,
  type CallPage,
  type Condition,
  filterConditions,
  listedSql,
  type PlacedCall,
  whereOf,
} from "./call-list.ts";
import { byteLength } from "./fit.ts";
import { freePlaceSql, momentSql, placeFrom, placeUntil } from "./time-order.ts";

/** What was said in a call, for the index of words. */
export interface Conversation {
  call_id: string;
  /** As in `calls.sources`, under `transcript_key`: of several transcripts of a call the highest is searched. */
  version: string;
  /** As {@link saidIn} makes it. */
  said: string;
}

/** D1 takes 2,000,000 bytes a parameter (developers.cloudflare.com/d1/platform/limits): some forty hours of talk. */
const MAX_SAID_BYTES = 1_900_000;

/**
 * The statements that make what was said findable, in place of what an earlier transcript of the call said. A transcript that
 * another outranks changes nothing.
 * @param eventId of a fresh event: one that is in the ledger already changes nothing. The statements belong after the merge of
 * its call and before its insertion, in the same transaction
 */
export async function indexConversation(
  db: D1Database,
  { call_id, version, said }: Conversation,
  eventId?: string,
): Promise<D1PreparedStatement[]> {
  const word = await wordOf(call_id);
  const wins = `EXISTS (SELECT 1 FROM calls WHERE call_id = ?2 AND sources ->> 'transcript_key' = ?3)
    AND NOT EXISTS (SELECT 1 FROM events WHERE event_id = ?4)`;
  return [
    db.prepare(`${forget} AND ${wins}`).bind(`call:${word}`, call_id, version, eventId ?? null),
    db
      .prepare(
        `INSERT INTO conversations (rowid, call_id, call, said)
         SELECT ${freePlaceSql("conversations", "rowid", "moment")}, ?2, ?1, ?5
         FROM (SELECT ${momentSql("called_at")} AS moment FROM calls WHERE call_id = ?2)
         WHERE ${wins}`,
      )
      .bind(word, call_id, version, eventId ?? null, said),
  ];
}

/** The statement that makes a call's words be found no more. */
export async function forgetConversation(db: D1Database, callId: string): Promise<D1PreparedStatement> {
  return db.prepare(forget).bind(`call:${await wordOf(callId)}`);
}

/** Pages of the index, of 4 KB, that an erasure may write anew. */
const MERGED_PAGES = 200;

/**
 * The statement that works on the index until nothing is left of what was forgotten: a deleted row is only marked, and its words
 * stay in the pages, without their call, until these are merged (sqlite.org/fts5.html, 6.9). All at once for a small index; a
 * large one takes more such steps, or as many new calls.
 */
export function mergeForgotten(db: D1Database): D1PreparedStatement {
  return db.prepare(`INSERT INTO conversations (conversations, rank) VALUES ('merge', -${MERGED_PAGES})`);
}

const forget =
  "DELETE FROM conversations WHERE rowid IN (SELECT rowid FROM conversations WHERE conversations MATCH ?1)";

/** One word, whatever is in the id: 80 bits of its digest, which no two calls of a ledger will share. */
async function wordOf(callId: string): Promise<string> {
  return (await sha256(new TextEncoder().encode(callId))).slice(0, 20);
}

/**
 * The calls in which something was said, newest first, by the time they had when they ended. Reads the calls that are
 * found until the page is full, and no others.
 * @param query as {@link spokenQuery} makes it
 */
export async function listSpokenCalls(
  db: D1Database,
  query: string,
  filter: CallFilter,
  { limit, after }: CallPage,
): Promise<PlacedCall[]> {
  const conditions: Condition[] = [
    { sql: "conversations MATCH ?", values: [`said:(${query})`] },
    ...filterConditions(filter),
    ...rangeConditions(filter),
  ];
  if (after !== undefined) conditions.push({ sql: "conversations.rowid < CAST(? AS INTEGER)", values: [after] });
  const { results } = await db
    .prepare(
      `SELECT ${listedSql}, CAST(conversations.rowid AS TEXT) AS place
       FROM conversations CROSS JOIN calls ON calls.call_id = conversations.call_id ${whereOf(conditions)}
       ORDER BY conversations.rowid DESC LIMIT ?`,
    )
    .bind(...conditions.flatMap(({ values }) => values), limit)
    .all<PlacedCall>();
  return results;
}

const DAY_MILLISECONDS = 24 * 60 * 60 * 1000;

/** Words a day around the range are looked at: a call whose start came after its end has its words where the end was. */
function rangeConditions({ from, to }: CallFilter): Condition[] {
  const later = (instant: string, days: number) =>
    new Date(Date.parse(instant) + days * DAY_MILLISECONDS).toISOString();
  const conditions: Condition[] = [];
  if (from !== undefined) {
    conditions.push({
      sql: "conversations.rowid >= CAST(? AS INTEGER) AND calls.called_at >= ?",
      values: [placeFrom(later(from, -1)), from],
    });
  }
  if (to !== undefined) {
    conditions.push({
      sql: "conversations.rowid < CAST(? AS INTEGER) AND calls.called_at < ?",
      values: [placeUntil(later(to, 1)), to],
    });
  }
  return conditions;
}

/** Characters that are brought into the form of the index at a time: one character may become eighteen (U+FDFA). */
const PIECE_CHARACTERS = 100_000;

/**
 * The words of a conversation, in the form of the index. Stops as soon as there is as much as D1 takes: all of a hostile
 * body, at eighteen times its size, would not fit a Worker.
 */
export function saidIn(turns: readonly Turn[]): string {
  const all = turns.map(({ content }) => content.toWellFormed()).join("\n");
  let text = "";
  for (let from = 0; from < all.length && text.length < MAX_SAID_BYTES; from += PIECE_CHARACTERS) {
    text += spaced(all.slice(from, from + PIECE_CHARACTERS));
  }
  if (text.length * 3 <= MAX_SAID_BYTES || byteLength(text) <= MAX_SAID_BYTES) return text;
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(MAX_SAID_BYTES));
  return text.slice(0, read);
}
