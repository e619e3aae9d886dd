import { turnsOf } from "../../events/conversation.ts";
import type { JsonObject, Turn } from "../../events/event.ts";
import { isJsonObject, withMember, withoutMembers } from "../../events/fields.ts";

/** The conversation in a body of either vocabulary; empty when there is none. Neither tells of tools, or when a turn ended. */
export function turnsInBody(body: JsonObject): Turn[] {
  const { metadata } = body;
  return turnsOf(transcriptOf(body) ?? (isJsonObject(metadata) ? transcriptOf(metadata) : undefined));
}

function transcriptOf({ transcript }: JsonObject): unknown {
  return Array.isArray(transcript) ? transcript : undefined;
}

/** The body without its transcripts; the very same object when it has none. */
export function withoutTranscripts(body: JsonObject): JsonObject {
  const isTranscript = (name: string) => name === "transcript";
  return withMember(withoutMembers(body, isTranscript), "metadata", (metadata) =>
    withoutMembers(metadata, isTranscript),
  );
}
