import { conversationOf, speechOf, type ToolInvocation, type ToolResult, toolMs } from "../../events/conversation.ts";
import type { JsonObject, Turn } from "../../events/event.ts";
import { isJsonObject } from "../../events/fields.ts";
import { isoTime } from "./payload.ts";

/** Returns the turns in `data` of a transcription. Times are whole seconds: turns of one second stay in their order. */
export function turnsInData({ transcript, metadata }: JsonObject): Turn[] {
  const start = isJsonObject(metadata) ? metadata["start_time_unix_secs"] : undefined;
  return conversationOf(
    objectsIn(transcript).flatMap((turn) => {
      const timestamp = timeOf(start, turn["time_in_call_secs"]);
      const results = objectsIn(turn["tool_results"]).map(resultOf);
      const invocations = objectsIn(turn["tool_calls"]).map((call) => invocationOf(call, timestamp));
      const spoken = speechOf({ role: turn["role"], content: turn["message"], timestamp });
      // What a turn says comes before the tools that it calls.
      return [...spoken, ...invocations, ...results];
    }),
  );
}

function objectsIn(list: unknown): JsonObject[] {
  return Array.isArray(list) ? list.filter(isJsonObject) : [];
}

/** Of a call whose start is not known, the seconds into the call. */
function timeOf(start: unknown, second: unknown): string | null {
  if (typeof second !== "number") return null;
  return (typeof start === "number" ? isoTime(start + second) : undefined) ?? String(second);
}

function invocationOf(
  { request_id: id, tool_name: name, params_as_json }: JsonObject,
  timestamp: string | null,
): ToolInvocation {
  return { kind: "invocation", id, name, arguments: params_as_json, timestamp };
}

/** The second of its turn is no time of a result: the turn has to wait until somebody stops speaking. */
function resultOf(result: JsonObject): ToolResult {
  const { request_id: id, tool_name: name, result_value, is_error, tool_latency_secs: seconds } = result;
  const status = typeof is_error === "boolean" ? (is_error ? "error" : "ok") : null;
  // 0 is its default.
  const duration_ms = typeof seconds === "number" && seconds > 0 ? toolMs(Math.round(seconds * 1000)) : null;
  return { kind: "result", id, name, result: result_value, status, timestamp: null, duration_ms };
}
