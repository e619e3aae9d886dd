import { customCall } from "./custom.ts";
import { elevenLabsCall } from "./elevenlabs.ts";
import { documentedCall } from "./events.ts";
import { retellCall } from "./retell.ts";
import { vapiCall } from "./vapi.ts";

/** As many as `MAX_VALUES` lets through, and room for what stands around them. */
const SEPARATORS = 319_000;

const BYTES = 10 * 1024 * 1024 - 16_000;

interface Said {
  role: string;
  text: string;
  words: { word: string; start: number; end: number }[];
  /** Seconds into the call. */
  at: number;
}

/** Two hours of talk: 20,000 words in turns of ten. */
const conversation: readonly Said[] = Array.from({ length: 2_000 }, (_, index) => {
  const text = `And so turn ${index} says ten words of some length`;
  const at = index * 3.6;
  const words = text.split(" ").map((word, number) => ({ word: `${word} `, start: at + number / 3, end: at + 0.3 }));
  return { role: index % 2 === 0 ? "agent" : "user", text, words, at };
});
const spoken = conversation.map(({ role, text }) => `${role}: ${text}\n`).join("");

/** Where the JSON text goes that a body is filled with. */
const HOLE = "to be filled";

/** The end of a call on each platform: with something else in it, with variables, with all its conversation. */
const ends = {
  atoms: {
    member: () => documentedCall({ call_id: "c" }).end({ odd: HOLE }),
    variables: () => documentedCall({ call_id: "c" }).end({ variables: { all: HOLE } }),
    talk: () =>
      documentedCall({ call_id: "c" }).end({
        transcript: conversation.map(({ role, text, at }) => ({ role, content: text, timestamp: `${at} s` })),
      }),
  },
  retell: {
    member: () => retellCall({ call_id: "c" }).end({ odd: HOLE }),
    variables: () => retellCall({ call_id: "c" }).end({ collected_dynamic_variables: { all: HOLE } }),
    talk: () => {
      const turns = conversation.map(({ role, text, words }) => ({ role, content: text, words }));
      const lists = { transcript_object: turns, transcript_with_tool_calls: turns };
      return retellCall({ call_id: "c" }).end({ transcript: spoken, ...lists });
    },
  },
  vapi: {
    member: () => vapiCall({ call_id: "c" }).report({ odd: HOLE }),
    variables: () => vapiCall({ call_id: "c" }).report({ artifact: { variableValues: { all: HOLE } } }),
    talk: () => {
      const messages = conversation.map(({ role, text, words, at }) => ({
        role: role === "agent" ? "bot" : role,
        message: text,
        time: 1_721_053_800_000 + at * 1000,
        endTime: 1_721_053_802_000 + at * 1000,
        secondsFromStart: at,
        source: "",
        metadata: { wordLevelConfidence: words.map((word) => ({ ...word, confidence: 0.98, language: "en" })) },
      }));
      const messagesOpenAIFormatted = conversation.map(({ role, text }) => ({ role, content: text }));
      return vapiCall({ call_id: "c" }).report({ artifact: { messages, messagesOpenAIFormatted, transcript: spoken } });
    },
  },
  elevenlabs: {
    member: () => elevenLabsCall({ call_id: "c" }).transcription({ odd: HOLE }),
    variables: () =>
      elevenLabsCall({ call_id: "c" }).transcription({
        conversation_initiation_client_data: { dynamic_variables: { all: HOLE } },
      }),
    talk: () =>
      elevenLabsCall({ call_id: "c" }).transcription({
        transcript: conversation.map(({ role, text, at }) => ({
          role,
          message: text,
          tool_calls: [],
          tool_results: [],
          time_in_call_secs: Math.floor(at),
          interrupted: false,
          conversation_turn_metrics: { metrics: { convai_llm_service_ttfb: { elapsed_time: 0.31 } } },
          source_medium: "audio",
        })),
      }),
  },
  custom: {
    member: () => customCall({ call_id: "c" }).end({ odd: HOLE }),
    variables: () => customCall({ call_id: "c" }).end({ variables: { all: HOLE } }),
    talk: () =>
      customCall({ call_id: "c" }).end({
        transcript: conversation.map(({ role, text, words, at }) => {
          const moment = (seconds: number) => new Date(1_721_053_800_000 + seconds * 1000).toISOString();
          return { role, content: text, words, timestamp: moment(at), ended_at: moment(at + 3) };
        }),
      }),
  },
} satisfies Record<string, Record<"member" | "variables" | "talk", () => object>>;

export const platforms = ["atoms", "retell", "vapi", "elevenlabs", "custom"] as const;

/** JSON texts that take as much memory as their bytes and values allow. */
export const fillings: Record<string, () => string> = {
  "names of one object": () => filled("{", (index) => `"n${index.toString(36)}":0,`, '"z":0}', 2),
  "names of many objects": () => filled("[", (index) => `{"n${index.toString(36)}":0},`, "0]", 3),
  "nested names": () => nestedNames(),
  "short texts": () => filled("[", (index) => `"${index.toString(36)}",`, "0]", 1),
  "empty lists": () => filled("[", () => "[],", "0]", 2),
  "long names": () => filled("{", (index) => `"n${index.toString(36).padEnd(80, "é")}":0,`, '"z":0}', 2),
  "long texts": () => filled("[", () => `"${"x".repeat(100_000)}",`, "0]", 1),
  "one text": () => `"€${"x".repeat(BYTES - 5)}"`,
  "one text of escapes": () => `"${"\\n".repeat(BYTES / 2 - 1)}"`,
  "deep nesting": () => `${'{"a":'.repeat(480)}"${"x".repeat(BYTES - 3_000)}"${"}".repeat(480)}`,
  "nested names beside a text": () => `[${nestedNames()},"€${"x".repeat(BYTES - 2_000_000)}"]`,
};

function nestedNames(): string {
  const nested = (index: number) => {
    const name = index.toString(36);
    return `{"a_${name}":{"b_${name}":{"c_${name}":0}}},`;
  };
  return filled("[", nested, "0]", 7);
}

/** @param separators in each piece: what `MAX_VALUES` counts */
function filled(before: string, piece: (index: number) => string, after: string, separators: number): string {
  const pieces = [before];
  let bytes = 0;
  for (let index = 0; index < SEPARATORS / separators; index++) {
    const next = piece(index);
    bytes += Buffer.byteLength(next);
    if (bytes > BYTES) break;
    pieces.push(next);
  }
  return pieces.join("") + after;
}

/** @param filling JSON; the conversation when there is none */
export function largeEnd(
  platform: (typeof platforms)[number],
  where: "member" | "variables" | "talk",
  filling = "",
): ArrayBuffer {
  const text = JSON.stringify(ends[platform][where]()).replace(JSON.stringify(HOLE), () => filling);
  return new Uint8Array(Buffer.from(text)).buffer;
}
