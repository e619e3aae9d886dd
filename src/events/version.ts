import type { CallEvent, EventName } from "./event.ts";
import type { StoredBody } from "./received.ts";

/** The rank of each event where several set the same column: analytics only fills what no other event set. */
const ranks: Record<EventName, number> = { "call.start": 3, "call.end": 2, "analytics.completed": 1 };

/** Puts each value that a platform states above every time that the ledger worked out. */
const STATED = 3;

/** Clocks differ and calls are planned, but by a day at the most: a start in the year 9999 could never be corrected. */
const MAX_AHEAD_MS = 24 * 60 * 60 * 1000;

/**
 * The version of a column's value in an event, as text that sorts: rank, time, and the body's digest for events with the same time.
 * The highest version of a column wins, so a later correction beats an earlier one in whatever order they arrive. A time that the
 * ledger worked out ranks below all that a platform states, and an event whose time lies far ahead of its receipt below that. What was
 * fetched wins over what was sent only if it is later: it loses at the same time, and if its time is worked out, to any.
 */
export function eventVersion(event: CallEvent, column: string, received: StoredBody): string {
  const isWorkedOut = event.worked_out?.some((name) => name === column) === true;
  return versionText(ranks[event.event] + (isWorkedOut ? 0 : STATED), event, received);
}

/** Returns the version of an archived transcript: a body with a transcript outranks one without, however late that comes. */
export function transcriptVersion(event: CallEvent, received: StoredBody): string {
  return versionText(event.transcript_turns === undefined ? 1 : 2, event, received);
}

function versionText(rank: number, event: CallEvent, { sha256, receivedAt, fetched }: StoredBody): string {
  const { timestamp, worked_out } = event;
  const isAhead = Date.parse(timestamp) > Date.parse(receivedAt) + MAX_AHEAD_MS;
  const time = fetched !== undefined && worked_out !== undefined ? "" : timestamp;
  // 48 bits of the digest: two corrections of one call in the same millisecond will not share them. A hyphen sorts before them.
  return `${isAhead ? 0 : rank} ${time} ${fetched === undefined ? "" : "-"}${sha256.slice(0, 12)}`;
}
