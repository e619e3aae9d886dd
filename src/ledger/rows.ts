import * as z from "zod";
import type { ListedCall } from "./call-list.ts";
import type { DeliveryRow } from "./deliveries.ts";
import type { EventRow } from "./events.ts";

// What D1 hands out for several statements at once has no types; these give it some, and describe it to the outside.

const text = z.string().nullable();
const time = z.string().describe("ISO 8601 UTC with milliseconds");

/** A call as listings have it; JSON columns hold JSON text. */
export const callRow = z.object({
  call_id: z.string(),
  status: z.enum(["active", "ended", "analyzed"]),
  agent_id: z.string(),
  call_direction: text.describe("inbound or outbound; null for calls that are neither"),
  caller_phone: text.describe("the customer's number, whichever way the call went"),
  agent_phone: text,
  started_at: time.nullable(),
  ended_at: time.nullable(),
  analyzed_at: time.nullable(),
  duration_seconds: z.number().nullable(),
  disposition: text,
  variables: text,
  metrics: text,
  summary: text,
  recording_url: text,
  transcript_key: text.describe("R2 key of the call.end body"),
  transcript_turns: z.number().nullable(),
  updated_at: time,
  called_at: time.describe("started_at, else ended_at, else the first receipt; ISO 8601 UTC with milliseconds"),
}) satisfies z.ZodType<ListedCall>;

/** An event accepted; `payload` holds JSON text. */
export const eventRow = z.object({
  event_id: z.string(),
  call_id: z.string(),
  agent_id: z.string(),
  event: z.enum(["call.start", "call.end", "analytics.completed"]),
  occurred_at: time,
  received_at: time,
  format: z.string().describe("the wire format the event came in"),
  payload: z.string(),
}) satisfies z.ZodType<EventRow>;

/** A delivery as the outside sees it. */
export const deliveryRow = z.object({
  event_id: z.string(),
  destination: z.string(),
  call_id: z.string(),
  state: z.enum(["pending", "delivered", "failed"]),
  attempts: z.number(),
  last_error: text,
  updated_at: time,
  overdue_at: time.nullable().describe("when a pending delivery counts as forgotten"),
  round: z.number().describe("how often it was sent again"),
}) satisfies z.ZodType<DeliveryRow>;
