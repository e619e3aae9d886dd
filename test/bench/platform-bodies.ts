import { randomUUID } from "node:crypto";
import { RETELL_SECRET, retellCall, retellSignature } from "../support/retell.ts";
import { VAPI_SECRET, vapiCall, vapiSignedHeaders } from "../support/vapi.ts";
import { type Signed, sentences } from "./bodies.ts";

/** The largest bodies of two platforms, each with its conversation several times over. */
export const platformLoads = {
  vapi: { body: "end-of-call-report", path: "/webhooks/vapi", events: vapiReports },
  retell: { body: "call_ended", path: "/webhooks/retell", events: retellEnds },
} as const;

/** The settings of a Worker that takes them. */
export const platformSecrets = { VAPI_WEBHOOK_SECRETS: VAPI_SECRET, RETELL_WEBHOOK_SECRETS: RETELL_SECRET };

/** Bytes of an assistant's prompt. A report has it three times. */
const PROMPT_BYTES = 4000;

/**
 * Reports of different calls, signed with an HMAC.
 * @param bytes size of each body, near enough
 */
function vapiReports(count: number, bytes: number): Signed[] {
  const prompt = sentences.join(" ").repeat(20).slice(0, PROMPT_BYTES);
  const make = (call_id: string, turns: readonly string[]) => {
    const { report, messages: example } = vapiCall({ call_id });
    const [system = {}, bot = {}, user = {}] = example;
    const whole = report();
    const messages = [
      { ...system, message: prompt },
      ...turns.map((message, index) => ({ ...(index % 2 === 0 ? bot : user), message })),
    ];
    const messagesOpenAIFormatted = [
      { role: "system", content: prompt },
      ...turns.map((content, index) => ({ role: index % 2 === 0 ? "assistant" : "user", content })),
    ];
    const transcript = turns.map((turn, index) => `${index % 2 === 0 ? "AI" : "User"}: ${turn}\n`).join("");
    const assistant = {
      ...whole.message.assistant,
      model: { provider: "openai", model: "gpt-4o", messages: [{ role: "system", content: prompt }] },
    };
    const artifact = { ...whole.message.artifact, messages, messagesOpenAIFormatted, transcript };
    return { message: { ...whole.message, artifact, assistant } };
  };
  return bodiesOf(count, bytes, make, (body) => vapiSignedHeaders(body));
}

/**
 * Ends of different calls.
 * @param bytes size of each body, near enough
 */
function retellEnds(count: number, bytes: number): Signed[] {
  const make = (call_id: string, turns: readonly string[]) => {
    const utterances = turns.map((content, index) => ({
      role: index % 2 === 0 ? "agent" : "user",
      content,
      words: content.split(" ").map((word, position) => {
        const start = index * 4 + position * 0.25;
        return { word, start, end: start + 0.21 };
      }),
    }));
    return retellCall({ call_id }).end({
      transcript: turns.map((turn, index) => `${index % 2 === 0 ? "Agent" : "User"}: ${turn}\n`).join(""),
      transcript_object: utterances,
      transcript_with_tool_calls: utterances,
    });
  };
  return bodiesOf(count, bytes, make, (body) => ({ "X-Retell-Signature": retellSignature(body) }));
}

function bodiesOf(
  count: number,
  bytes: number,
  make: (callId: string, turns: readonly string[]) => object,
  sign: (body: Buffer) => Record<string, string>,
): Signed[] {
  const turns: string[] = [];
  const size = () => Buffer.byteLength(JSON.stringify(make(randomUUID(), turns)));
  while (size() < bytes) turns.push(sentences[turns.length % sentences.length] ?? "");
  return Array.from({ length: count }, () => {
    const body = Buffer.from(JSON.stringify(make(randomUUID(), turns)));
    return { body, headers: { "Content-Type": "application/json", ...sign(body), "Content-Length": body.byteLength } };
  });
}
