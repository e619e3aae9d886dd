import * as z from "zod";
import type { JsonObject, Turn } from "../../events/event.ts";
import {
  epochMs,
  isJsonObject,
  isoOfEpoch,
  turnList,
  turnsOf,
  withMember,
  withoutMembers,
} from "../../events/fields.ts";

/** `words`: thousands, of which only the first is looked at. */
const utterances = turnList({ role: "string", content: "string", words: "array" });

export const conversation = z.object({
  start_timestamp: epochMs.nullish(),
  transcript_object: utterances.nullish(),
  transcript_with_tool_calls: utterances.nullish(),
  scrubbed_transcript_with_tool_calls: utterances.nullish(),
});

/** Who speaks. What else stands in a list with tool calls was not spoken: tool calls, key presses, text messages, injected context. */
const speakers: ReadonlySet<unknown> = new Set(["agent", "user", "transfer_target"]);

/** @returns `undefined` when the call has no transcript; `transcript_object` is left out where personal data is scrubbed */
export function turnsInCall(call: z.infer<typeof conversation>): Turn[] | undefined {
  const mixed = call.transcript_with_tool_calls ?? call.scrubbed_transcript_with_tool_calls;
  const spoken = call.transcript_object ?? mixed?.filter(({ role }) => speakers.has(role));
  return (
    spoken &&
    turnsOf(
      spoken.map(({ role, content, words }) => {
        const second = startSecond(words);
        const time = second === undefined ? undefined : (call.start_timestamp ?? Number.NaN) + second * 1000;
        return { role, content, timestamp: isoOfEpoch(time) };
      }),
    )
  );
}

/** The second of the audio at which the first of some words begins. */
function startSecond(words: unknown): number | undefined {
  const [first]: unknown[] = Array.isArray(words) ? words : [];
  return isJsonObject(first) && typeof first["start"] === "number" ? first["start"] : undefined;
}

const conversationInBody = z.object({ call: conversation });

/** The conversation in a body; empty when there is none. */
export function turnsInBody(body: JsonObject): Turn[] {
  const parsed = conversationInBody.safeParse(body);
  return (parsed.success && turnsInCall(parsed.data.call)) || [];
}

/** The members of a call that repeat its conversation, scrubbed ones included. */
const transcriptName = /(?:^|_)transcript(?:_|$)/;

/** The body without its transcripts; the very same object when it has none. */
export function withoutTranscripts(body: JsonObject): JsonObject {
  return withMember(body, "call", (call) => withoutMembers(call, (name) => transcriptName.test(name)));
}
