import { createHmac } from "node:crypto";

/** One of the ledger's `RETELL_WEBHOOK_SECRETS`. */
export const RETELL_SECRET = "key_of_the_tests";

/**
 * The header with which Retell signs a body: HMAC-SHA256 of its bytes and the digits of the time, in hex.
 * @param at milliseconds since 1970
 */
export function retellSignature(body: string | Uint8Array, secret = RETELL_SECRET, at = Date.now()): string {
  const digest = createHmac("sha256", secret).update(body).update(String(at)).digest("hex");
  return `v=${at},d=${digest}`;
}

/** The three events of an inbound phone call, with room for more fields of `call` and of the body. */
export function retellCall({ call_id, agent_id = "agent_1" }: { call_id: string; agent_id?: string }) {
  const started = {
    call_type: "phone_call",
    call_id,
    agent_id,
    agent_version: 3,
    agent_name: "Front desk",
    call_status: "ongoing",
    direction: "inbound",
    from_number: "+14155550123",
    to_number: "+14155550190",
    start_timestamp: 1_750_000_000_000,
    telephony_identifier: { twilio_call_sid: "CA00000000000000000000000000000001" },
    metadata: { crm_id: "c-881" },
    retell_llm_dynamic_variables: { customer_name: "Robin Example", slot: "none" },
  };
  const hello = {
    role: "agent",
    content: "Hello, how can I help?",
    words: [
      { word: "Hello, ", start: 0.62, end: 0.98 },
      { word: "how ", start: 1.04, end: 1.2 },
    ],
  };
  const question = {
    role: "user",
    content: "My dog ate the invoice.",
    words: [{ word: "My ", start: 4.02, end: 4.3 }],
  };
  const answer = { role: "agent", content: "Tuesday at ten is free.", words: [] };
  const toolCalls = [
    { role: "tool_call_invocation", tool_call_id: "t", name: "find_slot", arguments: '{"day":"tue"}' },
    { role: "tool_call_result", tool_call_id: "t", content: '{"slot":"platypus"}', successful: true },
  ];
  const ended = {
    ...started,
    call_status: "ended",
    end_timestamp: 1_750_000_076_402,
    duration_ms: 76_402,
    disconnection_reason: "user_hangup",
    transcript: "Agent: Hello, how can I help?\nUser: My dog ate the invoice.\nAgent: Tuesday at ten is free.\n",
    transcript_object: [hello, question, answer],
    transcript_with_tool_calls: [hello, question, ...toolCalls, answer],
    recording_url: `https://recordings.example.com/${call_id}/recording.wav`,
    public_log_url: `https://recordings.example.com/${call_id}/public.log`,
    latency: { e2e: { p50: 812, num: 2, values: [812, 610] } },
    call_cost: { combined_cost: 11.4, product_costs: [{ product: "gpt_4o", cost: 2.4 }] },
    collected_dynamic_variables: { slot: "10:00" },
  };
  const call_analysis = {
    call_summary: "Robin booked Tuesday at ten.",
    in_voicemail: false,
    user_sentiment: "Positive",
    call_successful: true,
    custom_analysis_data: { reason: "check-up", wants_reminder: true },
  };
  return {
    start: (call: object = {}, body: object = {}) => ({
      event: "call_started",
      event_timestamp: 1_750_000_000_412,
      call: { ...started, ...call },
      ...body,
    }),
    end: (call: object = {}, body: object = {}) => ({
      event: "call_ended",
      event_timestamp: 1_750_000_077_020,
      call: { ...ended, ...call },
      ...body,
    }),
    analytics: (call: object = {}, body: object = {}) => ({
      event: "call_analyzed",
      event_timestamp: 1_750_000_081_000,
      call: { ...ended, call_analysis, ...call },
      ...body,
    }),
  };
}

/** What Retell sends of an outbound call that nobody answered: no start, and no time of the call's own. */
export function unansweredRetellCall(call_id: string) {
  const call = {
    call_type: "phone_call",
    call_id,
    agent_id: "agent_1",
    agent_version: 3,
    call_status: "not_connected",
    direction: "outbound",
    from_number: "+14155550190",
    to_number: "+14155550177",
    duration_ms: 0,
    disconnection_reason: "dial_no_answer",
    transcript: "",
    transcript_object: [],
    call_cost: { combined_cost: 0 },
  };
  return {
    end: () => ({ event: "call_ended", event_timestamp: 1_750_000_031_000, call }),
    analytics: () => ({ event: "call_analyzed", event_timestamp: 1_750_000_033_000, call }),
  };
}

/** The three events of a call in a browser: no direction and no numbers, but the token that lets one join it. */
export function retellWebCall(call_id: string, access_token: string) {
  const { start, end, analytics } = retellCall({ call_id });
  const web = {
    call_type: "web_call",
    direction: undefined,
    from_number: undefined,
    to_number: undefined,
    telephony_identifier: undefined,
  };
  const withToken = <Call extends object>({
    call,
    ...body
  }: {
    event: string;
    event_timestamp: number;
    call: Call;
  }) => ({
    ...body,
    call: { access_token, ...call },
  });
  return {
    start: (call: object = {}) => withToken(start({ ...web, ...call })),
    end: (call: object = {}) => withToken(end({ ...web, ...call })),
    analytics: (call: object = {}) => withToken(analytics({ ...web, ...call })),
  };
}
