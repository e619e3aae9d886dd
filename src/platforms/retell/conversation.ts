import * as z from "zod";
import { conversationOf, speechOf, type ToolInvocation, type ToolResult } from "../../events/conversation.ts";
import type { JsonObject, SpeechTurn, Turn } from "../../events/event.ts";
import { epochMs, isJsonObject, isoOfEpoch, turnList, withMember, withoutMembers } from "../../events/fields.ts";

/** `words`: thousands, of which only the first and the last are looked at. */
const utterances = turnList({ role: "string", content: "string", words: "array" });

const withToolCalls = turnList({
  role: "string",
  content: "string",
  words: "array",
  name: "string",
  tool_call_id: "string",
  successful: "boolean",
  time_sec: "number",
});

export const conversation = z.object({
  start_timestamp: epochMs.nullish(),
  transcript_object: utterances.nullish(),
  transcript_with_tool_calls: withToolCalls.nullish(),
  scrubbed_transcript_with_tool_calls: withToolCalls.nullish(),
});

const speakers: ReadonlySet<unknown> = new Set(["agent", "user", "transfer_target"]);

/** What else stands in a list with tool calls is neither: key presses, text messages, injected context. */
const toolRoles: ReadonlySet<unknown> = new Set(["tool_call_invocation", "tool_call_result"]);

/** @returns `undefined` when the call has no transcript; `transcript_object` is left out where personal data is scrubbed */
export function turnsInCall(call: z.infer<typeof conversation>): Turn[] | undefined {
  const mixed = call.transcript_with_tool_calls ?? call.scrubbed_transcript_with_tool_calls;
  const known = mixed?.filter(({ role }) => speakers.has(role) || toolRoles.has(role));
  const list = call.transcript_object ? withTools(call.transcript_object, known ?? []) : known;
  return list && conversationOf(list.flatMap((item) => partOf(item, call.start_timestamp ?? Number.NaN)));
}

/** Puts tool calls between the turns of `transcript_object`: each behind as many of them as it follows in the list that has both. */
function withTools(spoken: readonly JsonObject[], mixed: readonly JsonObject[]): JsonObject[] {
  let count = 0;
  const list = mixed.flatMap((item): JsonObject[] =>
    toolRoles.has(item["role"]) ? [item] : spoken.slice(count, ++count),
  );
  return [...list, ...spoken.slice(count)];
}

/** @param start of the audio, milliseconds since 1970; NaN when it is not known */
function partOf(item: JsonObject, start: number): (SpeechTurn | ToolInvocation | ToolResult)[] {
  const { role, content, words, tool_call_id: id, name, successful, time_sec } = item;
  const time = (second: unknown) =>
    (typeof second === "number" ? isoOfEpoch(start + second * 1000) : undefined) ?? null;
  switch (role) {
    case "tool_call_invocation":
      return [{ kind: "invocation", id, name, arguments: item["arguments"], timestamp: time(time_sec) }];
    case "tool_call_result": {
      const status = typeof successful === "boolean" ? (successful ? "ok" : "error") : null;
      return [{ kind: "result", id, name, result: content, status, timestamp: time(time_sec), duration_ms: null }];
    }
    default: {
      const [first, last]: unknown[] = Array.isArray(words) ? [words[0], words.at(-1)] : [];
      const timestamp = time(isJsonObject(first) ? first["start"] : undefined);
      const ended_at = time(isJsonObject(last) ? last["end"] : undefined);
      return speechOf({ role, content, timestamp, ended_at });
    }
  }
}

const conversationInBody = z.object({ call: conversation });

/** Returns the turns in a body; empty if there are none. */
export function turnsInBody(body: JsonObject): Turn[] {
  const parsed = conversationInBody.safeParse(body);
  return (parsed.success && turnsInCall(parsed.data.call)) || [];
}

/** The members of a call that repeat its conversation, scrubbed ones included. */
const transcriptName = /(?:^|_)transcript(?:_|$)/;

/** Returns the body without its transcripts, or the same object if it has none. */
export function withoutTranscripts(body: JsonObject): JsonObject {
  return withMember(body, "call", (call) => withoutMembers(call, (name) => transcriptName.test(name)));
}
