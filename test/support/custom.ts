import { createHmac, randomUUID } from "node:crypto";

export const CUSTOM_SECRET = `whsec_${Buffer.from("0123456789abcdef0123456789abcdef").toString("base64")}`;

/**
 * The headers with which an agent of one's own sends a body: by hand, since the library of Standard Webhooks signs texts alone.
 * @example fetch(url, { method: "POST", body, headers: customHeaders(body) })
 */
export function customHeaders(
  body: string | Uint8Array,
  secret = CUSTOM_SECRET,
  time = new Date(),
  id = `msg_${randomUUID()}`,
): Record<string, string> {
  const seconds = String(Math.floor(time.getTime() / 1000));
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const signature = createHmac("sha256", key).update(`${id}.${seconds}.`).update(body).digest("base64");
  return {
    "Content-Type": "application/json",
    "webhook-id": id,
    "webhook-timestamp": seconds,
    "webhook-signature": `v1,${signature}`,
  };
}

/** The bodies of a call, with room for more fields. */
export function customCall({ call_id, agent_id = "agent_1" }: { call_id: string; agent_id?: string }) {
  const named = { agent_id, call_id };
  const end = {
    event: "call.end",
    timestamp: "2024-07-15T14:31:17Z",
    ...named,
    started_at: "2024-07-15T14:30:01Z",
    ended_at: "2024-07-15T14:31:16.402Z",
    duration_seconds: 75.4,
    disposition: "booked",
    variables: { customer_name: "Robin Example" },
    recording_url: "https://recordings.example.com/1.ogg",
    agent_version: "2024-07-12",
    cost_usd: 0.0421,
    latency_ms: 640,
    transcript: customTranscript,
  };
  return {
    start: (more: object = {}) => ({
      event: "call.start",
      timestamp: "2024-07-15T14:30:00Z",
      ...named,
      call_direction: "inbound",
      caller_phone: "+15551234567",
      agent_phone: "+15559876543",
      ...more,
    }),
    end: (more: object = {}) => ({ ...end, ...more }),
    analytics: (more: object = {}) => ({
      event: "analytics.completed",
      timestamp: "2024-07-15T14:32:00Z",
      ...named,
      metrics: { satisfaction_score: 5 },
      summary: "Robin booked Tuesday at ten.",
      ...more,
    }),
    /** All of a call in one body. */
    whole: (more: object = {}) => ({
      ...end,
      call_direction: "inbound",
      caller_phone: "+15551234567",
      agent_phone: "+15559876543",
      metrics: { satisfaction_score: 5 },
      summary: "Robin booked Tuesday at ten.",
      ...more,
    }),
  };
}

export const customTranscript = [
  {
    kind: "speech",
    role: "agent",
    content: "Hello! How can I help?",
    timestamp: "2024-07-15T14:30:02Z",
    ended_at: "2024-07-15T14:30:04Z",
  },
  { role: "user", content: "I have an invoice, and need an appointment." },
  {
    kind: "tool",
    name: "find_slot",
    arguments: { day: "tue" },
    result: { secret_slot: "platypus" },
    status: "ok",
    timestamp: "2024-07-15T14:30:12.500Z",
    duration_ms: 412,
  },
  { kind: "tool", name: "book", arguments: {}, result: "no such slot", status: "error" },
  { role: "agent", content: "Tuesday at ten is free.", timestamp: null },
];
