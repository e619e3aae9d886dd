import { createHmac } from "node:crypto";

export const ELEVENLABS_SECRET = "wsec_0123456789abcdef";

/** Unix seconds. */
export function secondsNow(): number {
  return Math.floor(Date.now() / 1000);
}

/**
 * The headers with which ElevenLabs sends a body: HMAC-SHA256 of the time, a dot and its bytes.
 * @param time Unix seconds
 * @example fetch(url, { method: "POST", body, headers: elevenLabsHeaders(body) })
 */
export function elevenLabsHeaders(
  body: string | Uint8Array,
  secret = ELEVENLABS_SECRET,
  time: number | string = secondsNow(),
): Record<string, string> {
  return {
    "Content-Type": "application/json",
    "ElevenLabs-Signature": `t=${time},v0=${elevenLabsDigest(body, secret, time)}`,
  };
}

/** The signature alone, in hex. */
export function elevenLabsDigest(body: string | Uint8Array, secret: string, time: number | string): string {
  return createHmac("sha256", secret).update(`${time}.`).update(body).digest("hex");
}

/** The three bodies of a conversation, with room for more fields of `data` and of the body. */
export function elevenLabsCall({ call_id, agent_id = "agent_01jx7f30b1c2d4" }: { call_id: string; agent_id?: string }) {
  const named = { agent_id, conversation_id: call_id };
  return {
    /** The end of a phone call that came in, and its analytics. */
    transcription: (data: object = {}, body: object = {}) => ({
      type: "post_call_transcription",
      event_timestamp: 1_750_000_085,
      data: {
        ...named,
        agent_name: "Front desk",
        status: "done",
        user_id: null,
        transcript,
        metadata: callMetadata(),
        analysis,
        conversation_initiation_client_data: {
          conversation_config_override: {},
          custom_llm_extra_body: {},
          user_id: null,
          dynamic_variables: {
            customer_name: "Ada",
            system__agent_id: agent_id,
            system__caller_id: "+14155550123",
            system__called_number: "+14155550190",
            system__call_duration_secs: 76,
            system__conversation_id: call_id,
            system__time_utc: "2025-06-15T15:07:56.400000+00:00",
          },
        },
        has_audio: true,
        has_user_audio: true,
        has_response_audio: true,
        ...data,
      },
      ...body,
    }),
    /** An outbound call by way of Twilio that nobody answered. */
    initiationFailure: (data: object = {}, body: object = {}) => ({
      type: "call_initiation_failure",
      event_timestamp: 1_750_000_031,
      data: {
        ...named,
        failure_reason: "no-answer",
        metadata: {
          type: "twilio",
          body: {
            CallSid: "CA00000000000000000000000000000002",
            AccountSid: "AC00000000000000000000000000000001",
            From: "+14155550190",
            To: "+14155550177",
            Direction: "outbound-api",
            CallStatus: "no-answer",
            CallDuration: "0",
            Timestamp: "Sun, 15 Jun 2025 15:07:10 +0000",
          },
        },
        ...data,
      },
      ...body,
    }),
    /** @param full_audio MP3 in base64 */
    audio: (full_audio = "SUQz") => ({
      type: "post_call_audio",
      event_timestamp: 1_750_000_090,
      data: { ...named, full_audio },
    }),
  };
}

/** `data.metadata` of a transcription. */
export function callMetadata(more: object = {}) {
  return {
    start_time_unix_secs: 1_750_000_000,
    accepted_time_unix_secs: 1_750_000_000,
    call_duration_secs: 76,
    cost: 412,
    feedback: { overall_score: null, likes: 0, dislikes: 0 },
    authorization_method: "signed_url",
    charging: { dev_discount: false, tier: "creator", call_charge: 380, llm_charge: 32, llm_price: 0.0071 },
    phone_call: {
      type: "twilio",
      direction: "inbound",
      phone_number_id: "phnum_01jx",
      agent_number: "+14155550190",
      external_number: "+14155550123",
      call_sid: "CA00000000000000000000000000000001",
    },
    batch_call: null,
    termination_reason: "Call ended by remote party",
    error: null,
    main_language: "en",
    text_only: false,
    conversation_initiation_source: "twilio",
    ...more,
  };
}

const toolCall = { type: "webhook", request_id: "find_1", tool_name: "find_slot", params_as_json: '{"day":"tue"}' };
const toolResult = { request_id: "find_1", tool_name: "find_slot", result_value: '{"slot":"10:00"}', is_error: false };

const transcript = [
  { role: "agent", message: "Hello, how can I help?", tool_calls: [], tool_results: [], time_in_call_secs: 0 },
  { role: "user", message: "I need an appointment.", tool_calls: [], tool_results: [], time_in_call_secs: 4 },
  { role: "agent", message: null, tool_calls: [toolCall], tool_results: null, time_in_call_secs: 7 },
  { role: "agent", message: null, tool_calls: null, tool_results: [toolResult], time_in_call_secs: 8 },
  { role: "agent", message: "Tuesday at ten is free.", tool_calls: [], tool_results: [], time_in_call_secs: 9 },
];

const analysis = {
  evaluation_criteria_results: {
    booked: { criteria_id: "booked", result: "success", rationale: "A slot was agreed." },
  },
  data_collection_results: {
    appointment: { data_collection_id: "appointment", value: "2025-06-17T10:00", rationale: "Said by the agent." },
    email: { data_collection_id: "email", value: null, rationale: "Not mentioned." },
  },
  call_successful: "success",
  transcript_summary: "The caller booked Tuesday at ten.",
  call_summary_title: "Appointment booked",
};
