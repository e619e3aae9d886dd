import type { JsonObject } from "../../events/event.ts";
import { isJsonObject } from "../../events/fields.ts";

/** The members that repeat the conversation, beside each other, wherever one of them may stand. */
const transcriptNames: ReadonlySet<string> = new Set(["messages", "messagesOpenAIFormatted", "transcript"]);

/**
 * The members in which such members stand, besides the message: its artifact, the nodes of a workflow, the call with its own. The
 * messages of an assistant's model are its prompt: kilobytes that every body of a call repeats.
 */
const holders: ReadonlySet<string> = new Set(["artifact", "nodes", "call", "assistant", "model"]);

/** Returns the body without its transcripts and prompts, or the same object if it has none. */
export function withoutTranscripts(body: JsonObject): JsonObject {
  const { message } = body;
  const rest = withoutTranscriptsInside(message);
  return rest === message ? body : { ...body, message: rest };
}

function withoutTranscriptsInside(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items: unknown[] = value.map(withoutTranscriptsInside);
    return items.some((item, index) => item !== value[index]) ? items : value;
  }
  if (!isJsonObject(value)) return value;
  const entries = Object.entries(value);
  const rest = entries
    .filter(([name]) => !transcriptNames.has(name))
    .map(([name, inner]) => [name, holders.has(name) ? withoutTranscriptsInside(inner) : inner] as const);
  const isChanged = rest.length !== entries.length || rest.some(([name, inner]) => inner !== value[name]);
  return isChanged ? Object.fromEntries(rest) : value;
}
