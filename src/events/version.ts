import type { CallEvent, EventName } from "./event.ts";
import type { Received } from "./received.ts";

/** Which event wins when several set the same column: analytics only fills what no other event set. */
const ranks: Record<EventName, number> = { "call.start": 3, "call.end": 2, "analytics.completed": 1 };

/** Clocks differ and calls are planned, but by a day at the most: a start in the year 9999 could never be corrected. */
const MAX_AHEAD_MS = 24 * 60 * 60 * 1000;

/**
 * The version of an event's values, as text that sorts: rank, time, and the body's digest for events with the same time.
 * The highest version of a column wins, so a later correction beats an earlier one in whatever order they arrive. An event whose
 * time lies far ahead of its receipt ranks below all others.
 */
export function eventVersion(event: CallEvent, received: Received): string {
  return versionText(ranks[event.event], event, received);
}

/** The version of an archived transcript: a body with a transcript beats one without, however late that comes. */
export function transcriptVersion(event: CallEvent, received: Received): string {
  return versionText(event.transcript_turns === undefined ? 1 : 2, event, received);
}

function versionText(rank: number, { timestamp }: CallEvent, { sha256, receivedAt }: Received): string {
  const isAhead = Date.parse(timestamp) > Date.parse(receivedAt) + MAX_AHEAD_MS;
  // 48 bits of the digest: two corrections of one call in the same millisecond will not share them.
  return `${isAhead ? 0 : rank} ${timestamp} ${sha256.slice(0, 12)}`;
}
