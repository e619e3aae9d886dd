import { randomUUID } from "node:crypto";
import { CUSTOM_SECRET, customCall, customHeaders } from "../../support/custom.ts";
import { ELEVENLABS_SECRET, elevenLabsCall, elevenLabsHeaders } from "../../support/elevenlabs.ts";
import { RETELL_SECRET, retellCall, retellSignature } from "../../support/retell.ts";
import { VAPI_SECRET, vapiCall, vapiSignedHeaders } from "../../support/vapi.ts";
import { type Payloads, payloadsOf, type Signed, sentences, signed, transcriptOf } from "./bodies.ts";

/** The settings of a Worker that takes bodies of every platform. */
export const platformSecrets = {
  VAPI_WEBHOOK_SECRETS: VAPI_SECRET,
  RETELL_WEBHOOK_SECRETS: RETELL_SECRET,
  ELEVENLABS_WEBHOOK_SECRETS: ELEVENLABS_SECRET,
  CUSTOM_WEBHOOK_SECRETS: CUSTOM_SECRET,
};

interface PlatformBodies {
  path: string;
  /** All bodies of a call that a ledger keeps, in order. */
  call(callId: string, turns: readonly string[]): object[];
  sign(payload: object): Signed;
}

const inOrder = (payloads: Payloads) => Object.values(payloads);

/** What each platform sends of a whole call. */
export const platformBodies = {
  "atoms, documented": {
    path: "/webhooks/atoms",
    call: (callId, turns) => inOrder(payloadsOf.documented(callId, transcriptOf(turns))),
    sign: signed,
  },
  "atoms, envelope": {
    path: "/webhooks/atoms",
    call: (callId, turns) => inOrder(payloadsOf.atoms(callId, transcriptOf(turns))),
    sign: signed,
  },
  retell: {
    path: "/webhooks/retell",
    call: retellBodies,
    sign: (payload) => withHeaders(payload, (body) => ({ "X-Retell-Signature": retellSignature(body) })),
  },
  vapi: {
    path: "/webhooks/vapi",
    call: vapiBodies,
    sign: (payload) => withHeaders(payload, (body) => vapiSignedHeaders(body)),
  },
  elevenlabs: {
    path: "/webhooks/elevenlabs",
    call: elevenLabsBodies,
    sign: (payload) => withHeaders(payload, (body) => elevenLabsHeaders(body)),
  },
  custom: {
    path: "/webhooks/custom",
    call: customBodies,
    sign: (payload) => withHeaders(payload, (body) => customHeaders(body)),
  },
} satisfies Record<string, PlatformBodies>;

/** The largest bodies of two platforms: which one of a call it is. */
export const platformLoads = {
  vapi: { body: "end-of-call-report", ...platformBodies.vapi, index: 2 },
  retell: { body: "call_ended", ...platformBodies.retell, index: 1 },
} as const;

/**
 * The largest bodies of different calls, with one conversation.
 * @param bytes size of each body, near enough
 */
export function largestBodies(platform: keyof typeof platformLoads, count: number, bytes: number): Signed[] {
  const { call, sign, index } = platformLoads[platform];
  const turns: string[] = [];
  const make = () => call(randomUUID(), turns)[index] ?? {};
  while (Buffer.byteLength(JSON.stringify(make())) < bytes)
    turns.push(sentences[turns.length % sentences.length] ?? "");
  return Array.from({ length: count }, () => sign(make()));
}

function withHeaders(payload: object, headers: (body: Buffer) => Record<string, string>): Signed {
  const body = Buffer.from(JSON.stringify(payload));
  return { body, headers: { "Content-Type": "application/json", ...headers(body), "Content-Length": body.byteLength } };
}

/** One line a turn, as platforms word a transcript in one text. */
function asText(turns: readonly string[], agent: string): string {
  return turns.map((turn, index) => `${index % 2 === 0 ? agent : "User"}: ${turn}\n`).join("");
}

/** Bytes of an assistant's prompt. A report has it three times. */
const PROMPT_BYTES = 4000;

function vapiBodies(call_id: string, turns: readonly string[]): object[] {
  const prompt = sentences.join(" ").repeat(20).slice(0, PROMPT_BYTES);
  const { start, ended, report, messages: example } = vapiCall({ call_id });
  const [system = {}, bot = {}, user = {}] = example;
  const { message } = report();
  const messages = [
    { ...system, message: prompt },
    ...turns.map((message, index) => ({ ...(index % 2 === 0 ? bot : user), message })),
  ];
  const messagesOpenAIFormatted = [
    { role: "system", content: prompt },
    ...turns.map((content, index) => ({ role: index % 2 === 0 ? "assistant" : "user", content })),
  ];
  const assistant = {
    ...message.assistant,
    model: { provider: "openai", model: "gpt-4o", messages: [{ role: "system", content: prompt }] },
  };
  const artifact = { ...message.artifact, messages, messagesOpenAIFormatted, transcript: asText(turns, "AI") };
  return [start({ assistant }), ended({ assistant }), report({ artifact, assistant })];
}

/** The end and the analysis have the conversation three times each. */
function retellBodies(call_id: string, turns: readonly string[]): object[] {
  const utterances = turns.map((content, index) => ({
    role: index % 2 === 0 ? "agent" : "user",
    content,
    words: content.split(" ").map((word, position) => {
      const start = index * 4 + position * 0.25;
      return { word, start, end: start + 0.21 };
    }),
  }));
  const conversation = {
    transcript: asText(turns, "Agent"),
    transcript_object: utterances,
    transcript_with_tool_calls: utterances,
  };
  const { start, end, analytics } = retellCall({ call_id });
  return [start(), end(conversation), analytics(conversation)];
}

function elevenLabsBodies(call_id: string, turns: readonly string[]): object[] {
  const transcript = turns.map((message, index) => ({
    role: index % 2 === 0 ? "agent" : "user",
    message,
    tool_calls: [],
    tool_results: [],
    time_in_call_secs: index * 4,
  }));
  return [elevenLabsCall({ call_id }).transcription({ transcript })];
}

function customBodies(call_id: string, turns: readonly string[]): object[] {
  const transcript = turns.map((content, index) => {
    const timestamp = new Date(1_721_053_801_000 + index * 4000).toISOString();
    return { role: index % 2 === 0 ? "agent" : "user", content, timestamp };
  });
  const { start, end, analytics } = customCall({ call_id });
  return [start(), end({ transcript }), analytics()];
}
