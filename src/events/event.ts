import * as z from "zod";

/** A JSON object as it came in: nothing about its fields is known yet. */
export type JsonObject = { [key: string]: unknown };

export const eventName = z.enum(["call.start", "call.end", "analytics.completed"]);
export type EventName = z.infer<typeof eventName>;

export const callStatus = z.enum(["active", "ended", "analyzed"]);
export type CallStatus = z.infer<typeof callStatus>;

export const callDirection = z.enum(["inbound", "outbound"]);
export type CallDirection = z.infer<typeof callDirection>;

/** The facts of a call that an event can state; a field is absent if the event does not state it. */
export interface CallFacts {
  call_direction?: CallDirection;
  /** The customer's number, whichever way the call went. */
  caller_phone?: string;
  agent_phone?: string;
  /** Times are ISO 8601 UTC with milliseconds, so that text order is time order. */
  started_at?: string;
  ended_at?: string;
  analyzed_at?: string;
  duration_seconds?: number;
  disposition?: string;
  variables?: JsonObject;
  metrics?: JsonObject;
  summary?: string;
  recording_url?: string;
  /** The version of the agent, as the platform writes it. */
  agent_version?: string;
  /** The cost of the call as the platform states it, in US dollars. */
  cost_usd?: number;
  /** Milliseconds: the median, else the mean, of the times that the agent took to answer, as the platform states it. */
  latency_ms?: number;
  /** The number of spoken turns. The turns themselves stay in the body, in the archive. */
  transcript_turns?: number;
}

/** One canonical event, whatever platform and wire format it came in. */
export interface CallEvent extends CallFacts {
  /**
   * `call.start`: a call connected. `call.end`: it concluded, with its transcript. `analytics.completed`: its analysis is
   * finished.
   */
  event: EventName;
  /** When the event occurred, ISO 8601 UTC with milliseconds. */
  timestamp: string;
  agent_id: string;
  call_id: string;
  /** Further numbers of the customer in the body, as written there, so that erasure by number finds the call. */
  caller_phones?: string[];
  /** The times that no platform stated: the ledger worked them out from the time of a message, or from its receipt. */
  worked_out?: ("started_at" | "ended_at" | "analyzed_at")[];
}

/** A spoken turn. */
export interface SpeechTurn {
  kind: "speech";
  /** `agent`, `user`, or another word of the platform. */
  role: string | null;
  content: string;
  /** Free text: one platform sends ISO 8601, another seconds since the start. */
  timestamp: string | null;
  /** Like `timestamp`; null if the platform does not state it. */
  ended_at: string | null;
}

export const toolStatus = z.enum(["ok", "error"]);
export type ToolStatus = z.infer<typeof toolStatus>;

/** A tool that the agent called between turns. */
export interface ToolTurn {
  kind: "tool";
  name: string;
  /** JSON values, or texts that are none; null where they are not known. */
  arguments: unknown;
  result: unknown;
  /** null if the platform does not state it, or there is no result. */
  status: ToolStatus | null;
  /** Free text, like that of speech. */
  timestamp: string | null;
  duration_ms: number | null;
}

/** One turn of a conversation. */
export type Turn = SpeechTurn | ToolTurn;
