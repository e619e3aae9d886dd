import { createHmac } from "node:crypto";
import { type Answer, readAnswer } from "./post.ts";

/** One of the ledger's `VAPI_WEBHOOK_SECRETS`. */
export const VAPI_SECRET = "server-secret-of-the-tests";

/** Sends a body as Vapi does: text and bytes as they are, anything else as JSON. */
export async function postVapi(
  url: string,
  payload: unknown,
  headers: Record<string, string> = { "X-Vapi-Secret": VAPI_SECRET },
): Promise<Answer> {
  const body = typeof payload === "string" || payload instanceof Uint8Array ? payload : JSON.stringify(payload);
  const response = await fetch(new URL("/webhooks/vapi", url), {
    method: "POST",
    body,
    headers: { "Content-Type": "application/json", ...headers },
  });
  return readAnswer(response);
}

interface SignatureOptions {
  secret?: string;
  encoding?: "hex" | "base64";
  /** The text of the header with the time; the body alone is signed without one. */
  timestamp?: string;
}

/** The signature that Vapi makes with an HMAC credential. */
export function vapiSignature(
  body: string | Uint8Array,
  { secret = VAPI_SECRET, encoding = "hex", timestamp }: SignatureOptions = {},
): string {
  const hmac = createHmac("sha256", secret);
  if (timestamp !== undefined) hmac.update(`${timestamp}.`);
  return hmac.update(body).digest(encoding);
}

/** The headers of an HMAC credential as its form proposes them, with the time in milliseconds. */
export function vapiSignedHeaders(
  body: string | Uint8Array,
  at = Date.now(),
  secret = VAPI_SECRET,
): Record<string, string> {
  const timestamp = String(at);
  return { "X-Signature": vapiSignature(body, { secret, timestamp }), "X-Timestamp": timestamp };
}

/** Half past two on that day, when the calls below are connected; milliseconds since 1970. */
const CONNECTED_AT = Date.UTC(2024, 6, 15, 14, 30);

/** What Vapi sends of an inbound phone call, with room for more fields of `message`. */
export function vapiCall({ call_id, agent_id = "agent_1" }: { call_id: string; agent_id?: string }) {
  const call = {
    id: call_id,
    orgId: "org_1",
    createdAt: "2024-07-15T14:29:43.351Z",
    updatedAt: "2024-07-15T14:29:43.351Z",
    type: "inboundPhoneCall",
    status: "ringing",
    assistantId: agent_id,
    phoneNumberId: "number_1",
    phoneCallProvider: "twilio",
    phoneCallProviderId: "CA00000000000000000000000000000001",
    customer: { number: "+15551234567" },
  };
  const about = {
    call,
    phoneNumber: { provider: "twilio", number: "+15559876543", twilioAccountSid: "AC1" },
    customer: { number: "+15551234567" },
    assistant: {
      name: "Front desk",
      model: {
        provider: "openai",
        model: "gpt-4o",
        messages: [{ role: "system", content: "You are the front desk." }],
      },
    },
  };
  const messages = [
    { role: "system", message: "You are the front desk.", time: CONNECTED_AT, secondsFromStart: 0 },
    {
      role: "bot",
      message: "Hello! How can I help?",
      time: CONNECTED_AT + 1_120,
      endTime: CONNECTED_AT + 4_020,
      secondsFromStart: 1.12,
      duration: 2_900,
      source: "",
    },
    {
      role: "user",
      message: "My dog ate the invoice.",
      time: CONNECTED_AT + 5_400.5,
      endTime: CONNECTED_AT + 7_300,
      secondsFromStart: 5.4005,
      duration: 1_900,
    },
    {
      role: "tool_calls",
      message: "Looking for the platypus.",
      time: CONNECTED_AT + 8_000,
      secondsFromStart: 8,
      toolCalls: [{ id: "tool_1", type: "function", function: { name: "find_invoice", arguments: "{}" } }],
    },
    {
      role: "tool_call_result",
      toolCallId: "tool_1",
      name: "find_invoice",
      result: '{"invoice":"platypus"}',
      time: CONNECTED_AT + 8_700,
      secondsFromStart: 8.7,
    },
    { role: "bot", message: " ", time: CONNECTED_AT + 9_000, endTime: CONNECTED_AT + 9_000, secondsFromStart: 9 },
    {
      role: "bot",
      message: "Here is another one.",
      time: CONNECTED_AT + 9_300,
      endTime: CONNECTED_AT + 11_000,
      secondsFromStart: 9.3,
      source: "",
    },
  ];
  const statusUpdate = (status: string, message: object) => ({
    message: { type: "status-update", status, ...about, artifact: { messages: [] }, ...message },
  });
  return {
    call,
    messages,
    /** The call is connected. */
    start: (message: object = {}) => statusUpdate("in-progress", { timestamp: CONNECTED_AT + 105, ...message }),
    /** The call is over; the report follows when its recording and its analysis are ready. */
    ended: (message: object = {}) =>
      statusUpdate("ended", { timestamp: CONNECTED_AT + 76_410, endedReason: "customer-ended-call", ...message }),
    /** Another `status-update`. */
    status: (status: string) => statusUpdate(status, { timestamp: CONNECTED_AT - 5_000 }),
    /** The end and the analysis. */
    report: (message: object = {}) => ({
      message: {
        type: "end-of-call-report",
        timestamp: CONNECTED_AT + 84_310,
        endedReason: "customer-ended-call",
        startedAt: "2024-07-15T14:30:00.000Z",
        endedAt: "2024-07-15T14:31:16.402Z",
        cost: 0.1372,
        costs: [{ type: "vapi", subType: "normal", minutes: 1.27, cost: 0.0637 }],
        analysis: {
          summary: "Robin needs another invoice.",
          structuredData: { satisfaction_score: 4, issue_resolved: true, products: ["Widget Pro"] },
          successEvaluation: "true",
        },
        artifact: artifact({ call_id, messages }),
        ...about,
        ...message,
      },
    }),
  };
}

/** What a call leaves behind: messages three times over, recordings, variables, outputs. */
function artifact({ call_id, messages }: { call_id: string; messages: object[] }) {
  return {
    messages,
    messagesOpenAIFormatted: [
      { role: "system", content: "You are the front desk." },
      { role: "user", content: "My dog ate the invoice." },
    ],
    transcript: "AI: Hello! How can I help?\nUser: My dog ate the invoice.\nAI: Here is another one.\n",
    recordingUrl: `https://recordings.example.com/${call_id}.wav`,
    stereoRecordingUrl: `https://recordings.example.com/${call_id}-stereo.wav`,
    recording: { mono: { combinedUrl: `https://recordings.example.com/${call_id}.wav` } },
    ...presigned("first"),
    variableValues: { customer_name: "Robin Example", now: "Jul 15, 2024, 2:30 PM UTC" },
    structuredOutputs: { "output-1": { name: "Lead quality", result: "hot" } },
    performanceMetrics: { turnLatencyAverage: 1_180, numUserInterrupted: 0 },
  };
}

/** The links that Vapi makes anew for every delivery. */
export function presigned(delivery: string) {
  return {
    presignedMonoUrl: `https://recordings.example.com/mono.wav?signature=${delivery}`,
    presignedStereoUrl: `https://recordings.example.com/stereo.wav?signature=${delivery}`,
    presignedUrlsExpiresAt: `expires with ${delivery}`,
  };
}

/** Messages that a ledger of calls has no use for, of one call. */
export function vapiNoise(call_id: string): { message: { type: string } & { [field: string]: unknown } }[] {
  const { call, messages } = vapiCall({ call_id });
  const types = [
    "assistant-request",
    "assistant.speechStarted",
    "assistant.started",
    "call.artifact.upload",
    "call.delete.failed",
    "call.deleted",
    "call.endpointing.request",
    "campaign.predial",
    "chat.created",
    "chat.deleted",
    "conversation-update",
    "function-call",
    "handoff-destination-request",
    "hang",
    "knowledge-base-request",
    "language-change-detected",
    "language-changed",
    "model-output",
    "phone-call-control",
    "session.created",
    "session.deleted",
    "session.updated",
    "speech-update",
    "tool-calls",
    "transcript",
    'transcript[transcriptType="final"]',
    "transfer-destination-request",
    "transfer-update",
    "user-interrupted",
    "voice-input",
    "voice-request",
  ];
  return types.map((type) => ({ message: { type, timestamp: CONNECTED_AT + 6_000, call, artifact: { messages } } }));
}
