import type { CallEnd, CallEvent } from "./event.ts";

/** Who is believed first when several events tell the same thing: analytics only fills what nobody else told. */
const ranks: Record<CallEvent["event"], number> = { "call.start": 3, "call.end": 2, "analytics.completed": 1 };

/**
 * Where an event stands among all events of its call, as text that sorts: rank, time, and the body's digest for events
 * that carry the same time. The highest version wins, so a later correction beats an earlier one in whatever order
 * they arrive.
 * @param digest SHA-256 of the body, hex
 */
export function eventVersion(event: CallEvent, digest: string): string {
  return version(ranks[event.event], event, digest);
}

/** The same for the archive of a call, where a body with a transcript beats one without, however late that comes. */
export function transcriptVersion(event: CallEnd, digest: string): string {
  return version(event.transcript_turns === undefined ? 1 : 2, event, digest);
}

function version(rank: number, event: CallEvent, digest: string): string {
  // 48 bits of the digest: two corrections of one call in the same millisecond will not share them.
  return `${rank} ${event.timestamp} ${digest.slice(0, 12)}`;
}
