import { randomUUID } from "node:crypto";
import { signedHeaders } from "../simulator/sign.ts";
import { SECRET } from "./boot.ts";

/** An event ready to send: signing it again would be measured as if the Worker did it. */
export interface Signed {
  body: Buffer;
  headers: Record<string, string | number>;
}

function signed(payload: object): Signed {
  const body = Buffer.from(JSON.stringify(payload));
  return {
    body,
    headers: {
      ...signedHeaders(body, SECRET),
      "Content-Length": body.byteLength,
    },
  };
}

/** Of the length that turns of a spoken conversation have. */
const sentences = [
  "Hello, you have reached the service line. How can I help you today?",
  "Hi, I moved last week and my invoice still went to the old address — could you look that up?",
  "Of course. May I have the number at the top right of the invoice, please?",
  "It says four seven one one, dash, zero eight. The amount is €48.20, I think.",
];

/**
 * What a conversation is written in. One letter beyond Latin-1 is enough for V8 to keep all of a body in two bytes a character,
 * which take longer to decode and to parse.
 */
export type Letters = "ASCII" | "any";

const spoken: Record<Letters, readonly string[]> = {
  ASCII: sentences.map((sentence) => sentence.replaceAll(/[^ -~]/g, "-")),
  any: sentences,
};

function conversation(callId: string, bytes: number, letters: Letters = "any") {
  const lines = spoken[letters];
  const start = Date.UTC(2026, 9, 23, 14, 30);
  const transcript: object[] = [];
  for (let length = 400; length < bytes; ) {
    const turn = {
      role: transcript.length % 2 === 0 ? "agent" : "user",
      content: `${lines[transcript.length % lines.length]}`,
      timestamp: new Date(start + transcript.length * 4000).toISOString(),
    };
    transcript.push(turn);
    length += Buffer.byteLength(JSON.stringify(turn)) + 1;
  }
  return {
    ...common("call.end", callId),
    duration_seconds: transcript.length * 4,
    disposition: "successful",
    transcript,
    variables: {
      customer_name: "Robin Example",
      issue_type: "billing",
      invoice: "4711-08",
      moved: true,
    },
  };
}

function common(event: string, callId: string) {
  return {
    event,
    timestamp: "2026-10-23T14:35:00Z",
    agent_id: "agent_abc123",
    call_id: callId,
  };
}

/**
 * `call.end` events of different calls.
 * @param bytes size of each body, near enough
 */
export function callEnds(count: number, bytes: number, letters?: Letters): Signed[] {
  return Array.from({ length: count }, () => signed(conversation(randomUUID(), bytes, letters)));
}

/** The three events of a call, in order, in the documented vocabulary. */
export function wholeCall(bytes: number, callId: string = randomUUID()): Record<EventName, Signed> {
  return {
    "call.start": signed({
      ...common("call.start", callId),
      call_direction: "inbound",
      caller_phone: "+15551234567",
      agent_phone: "+15559876543",
    }),
    "call.end": signed(conversation(callId, bytes)),
    "analytics.completed": signed({
      ...common("analytics.completed", callId),
      metrics: {
        satisfaction_score: 4,
        issue_resolved: true,
        follow_up_needed: false,
        product_discussed: "Widget Pro",
      },
    }),
  };
}

export type EventName = "call.start" | "call.end" | "analytics.completed";
