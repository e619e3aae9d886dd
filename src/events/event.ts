/** A JSON object as it came in: nothing about its fields is known yet. */
export type JsonObject = { [key: string]: unknown };

export type CallDirection = "inbound" | "outbound";

/** What any event of a call may tell about the call as a whole; a field that is absent was absent in the event. */
interface CallDetails {
  call_direction?: CallDirection;
  /** The customer's number, whichever way the call went. */
  caller_phone?: string;
  agent_phone?: string;
  /** Times are ISO 8601 UTC with milliseconds, so that text order is time order. */
  started_at?: string;
  ended_at?: string;
  duration_seconds?: number;
  disposition?: string;
}

interface Identified {
  /** When the event occurred, ISO 8601 UTC with milliseconds. */
  timestamp: string;
  agent_id: string;
  call_id: string;
}

/** A call connected; the conversation has not begun. */
export interface CallStart extends Identified, CallDetails {
  event: "call.start";
}

/** A call concluded. What was said stays in the body; the archive keeps that byte for byte. */
export interface CallEnd extends Identified, CallDetails {
  event: "call.end";
  ended_at: string;
  transcript_turns?: number;
  variables?: JsonObject;
  recording_url?: string;
}

/** Post-call analysis finished. */
export interface AnalyticsCompleted extends Identified, CallDetails {
  event: "analytics.completed";
  analyzed_at: string;
  metrics?: JsonObject;
  summary?: string;
}

/** Every event this ledger knows, whatever wire format it came in. */
export type CallEvent = CallStart | CallEnd | AnalyticsCompleted;
