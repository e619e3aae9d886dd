import { turnsOf } from "../../events/conversation.ts";
import type { JsonObject, Turn } from "../../events/event.ts";
import { isJsonObject, withMember, withoutMembers } from "../../events/fields.ts";

/** Returns the turns in a body of either vocabulary; empty if there are none. Neither states tool calls or ends of turns. */
export function turnsInBody(body: JsonObject): Turn[] {
  const { metadata } = body;
  return turnsOf(transcriptOf(body) ?? (isJsonObject(metadata) ? transcriptOf(metadata) : undefined));
}

function transcriptOf({ transcript }: JsonObject): unknown {
  return Array.isArray(transcript) ? transcript : undefined;
}

/** Returns the body without its transcripts, or the same object if it has none. */
export function withoutTranscripts(body: JsonObject): JsonObject {
  const isTranscript = (name: string) => name === "transcript";
  return withMember(withoutMembers(body, isTranscript), "metadata", (metadata) =>
    withoutMembers(metadata, isTranscript),
  );
}
