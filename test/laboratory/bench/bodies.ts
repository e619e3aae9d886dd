import { randomUUID } from "node:crypto";
import { signedHeaders } from "../../support/sign.ts";
import { SECRET } from "./boot.ts";

/** An event ready to send: signing it again would be measured as if the Worker did it. */
export interface Signed {
  body: Buffer;
  headers: Record<string, string | number>;
}

export function signed(payload: object): Signed {
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
export const sentences = [
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

/** A transcript as Atoms has it, four seconds a turn. */
export function transcriptOf(turns: readonly string[]): object[] {
  const start = Date.UTC(2026, 9, 23, 14, 30);
  return turns.map((content, index) => ({
    role: index % 2 === 0 ? "agent" : "user",
    content,
    timestamp: new Date(start + index * 4000).toISOString(),
  }));
}

/** What a turn has besides its words. */
const BYTES_A_TURN = Buffer.byteLength(JSON.stringify(transcriptOf([""]))) - 1;

/** @param bytes size of the body that it is for, near enough */
function conversation(bytes: number, letters: Letters = "any"): object[] {
  const lines = spoken[letters];
  const turns: string[] = [];
  for (let length = 400; length < bytes; ) {
    const turn = lines[turns.length % lines.length] ?? "";
    turns.push(turn);
    length += BYTES_A_TURN + Buffer.byteLength(turn);
  }
  return transcriptOf(turns);
}

const AGENT_ID = "agent_abc123";
const CALLER_PHONE = "+15551234567";
const AGENT_PHONE = "+15559876543";
const STARTED_AT = "2026-10-23T14:30:00.000Z";
const ENDED_AT = "2026-10-23T14:35:00.000Z";

const variables = { customer_name: "Robin Example", issue_type: "billing", invoice: "4711-08", moved: true };
const metrics = {
  satisfaction_score: 4,
  issue_resolved: true,
  follow_up_needed: false,
  product_discussed: "Widget Pro",
};

export const eventNames = ["call.start", "call.end", "analytics.completed"] as const;
export type EventName = (typeof eventNames)[number];

/** The two ways in which the platform words its events. */
export type Vocabulary = "documented" | "atoms";

export type Payloads = Record<EventName, object>;

const documented = (callId: string, transcript: object[]): Payloads => {
  const common = (event: EventName, timestamp: string) => ({ event, timestamp, agent_id: AGENT_ID, call_id: callId });
  return {
    "call.start": {
      ...common("call.start", STARTED_AT),
      call_direction: "inbound",
      caller_phone: CALLER_PHONE,
      agent_phone: AGENT_PHONE,
    },
    "call.end": {
      ...common("call.end", ENDED_AT),
      duration_seconds: transcript.length * 4,
      disposition: "successful",
      transcript,
      variables,
    },
    "analytics.completed": { ...common("analytics.completed", ENDED_AT), metrics },
  };
};

const atoms = (callId: string, transcript: object[]): Payloads => {
  const envelope = (eventType: string, metadata: object) => ({
    url: "https://ledger.example.com/webhooks/atoms",
    description: "Support line",
    event: `${AGENT_ID}.${eventType}`,
    id: randomUUID(),
    metadata: { agentId: AGENT_ID, eventType, conversationType: "telephonyInbound", callId, ...metadata },
  });
  const callData = {
    fromNumber: CALLER_PHONE,
    toNumber: AGENT_PHONE,
    callDuration: transcript.length * 4,
    callStatus: "completed",
    answerTime: STARTED_AT,
    endTime: ENDED_AT,
  };
  return {
    "call.start": envelope("pre-conversation", { fromPhone: CALLER_PHONE, toPhone: AGENT_PHONE }),
    "call.end": envelope("post-conversation", {
      recordingUrl: `https://recordings.example.com/${callId}.wav`,
      callData,
      transcript,
      variables: { ...variables, user_number: CALLER_PHONE, agent_number: AGENT_PHONE },
    }),
    "analytics.completed": envelope("analytics-completed", {
      analytics: {
        summary: "Moved, and wants the invoice at the new address.",
        dispositionMetrics: Object.entries(metrics).map(([identifier, value]) => ({ identifier, value })),
      },
      callData,
    }),
  };
};

export const payloadsOf: Record<Vocabulary, (callId: string, transcript: object[]) => Payloads> = { documented, atoms };

/**
 * `call.end` events of different calls, in the documented vocabulary.
 * @param bytes size of each body, near enough
 */
export function callEnds(count: number, bytes: number, letters?: Letters): Signed[] {
  const transcript = conversation(bytes, letters);
  return Array.from({ length: count }, () => signed(documented(randomUUID(), transcript)["call.end"]));
}

/** The three events of a call, in order. */
export function wholeCall(
  bytes: number,
  callId: string = randomUUID(),
  vocabulary: Vocabulary = "documented",
): Record<EventName, Signed> {
  const payloads = payloadsOf[vocabulary](callId, conversation(bytes));
  return {
    "call.start": signed(payloads["call.start"]),
    "call.end": signed(payloads["call.end"]),
    "analytics.completed": signed(payloads["analytics.completed"]),
  };
}
