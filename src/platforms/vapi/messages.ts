import { conversationOf, speechOf, type ToolInvocation, type ToolResult } from "../../events/conversation.ts";
import type { JsonObject, SpeechTurn, Turn } from "../../events/event.ts";
import { epochMs, isJsonObject, isoOfEpoch, turnList } from "../../events/fields.ts";

/** Milliseconds since 1970, with fractions or without, to ISO 8601 UTC. */
export const moment = epochMs.transform((ms) => new Date(ms).toISOString());

/** The messages of a call, prompts and tools included. */
export const messages = turnList({
  role: "string",
  message: "string",
  time: "number",
  endTime: "number",
  toolCalls: "array",
  toolCallId: "string",
  name: "string",
});

/** Prompts, and whatever has to do with tools. */
const unspoken = /^(?:system|developer)$|tool|function/i;

/** Vapi's words for the ledger's `agent`; every other role stays as it is. */
const agentRoles: ReadonlySet<unknown> = new Set(["bot", "assistant"]);

/** Converts messages to turns; `undefined` if the body has no messages at all. */
export function turnsIn(all: readonly JsonObject[] | undefined): Turn[] | undefined {
  return all && conversationOf(all.flatMap(partOf));
}

function partOf(message: JsonObject): (SpeechTurn | ToolInvocation | ToolResult)[] {
  const { role, message: content, time, endTime, toolCallId: id, name, result } = message;
  const timestamp = isoOfEpoch(time) ?? null;
  if (role === "tool_calls") return invocationsIn(message, timestamp);
  // Vapi does not say whether a result is a failure.
  if (role === "tool_call_result")
    return [{ kind: "result", id, name, result, status: null, timestamp, duration_ms: null }];
  if (unspoken.test(String(role ?? ""))) return [];
  const speaker = agentRoles.has(role) ? "agent" : role;
  return speechOf({ role: speaker, content, timestamp, ended_at: isoOfEpoch(endTime) });
}

function invocationsIn({ toolCalls }: JsonObject, timestamp: string | null): ToolInvocation[] {
  const calls: unknown[] = Array.isArray(toolCalls) ? toolCalls : [];
  return calls
    .filter(isJsonObject)
    .flatMap(({ id, function: called }) =>
      isJsonObject(called)
        ? { kind: "invocation", id, name: called["name"], arguments: called["arguments"], timestamp }
        : [],
    );
}
