import type { Agent } from "../../agents.ts";
import type { Turn } from "../../dialogue.ts";
import { type UsedTool, withTools } from "../../tools.ts";
import type { Body } from "../platform.ts";

/** What the assistant is told to be. Bodies repeat it, and nobody says it. */
export function promptOf({ description }: Agent): string {
  return (
    `You answer the telephone for ${description}. Greet the caller, find out what the call is about, and settle it. ` +
    "Ask one thing at a time, repeat numbers and names as you understood them, and promise nothing that you cannot keep."
  );
}

/** The conversation with its prompt and the calls of tools. */
export function messagesOf(
  agent: Agent,
  turns: readonly Turn[],
  answeredAt: number,
  tools: readonly UsedTool[] = [],
): Body[] {
  const spoken = ({ role, content, atSecond }: Turn) => ({
    role: role === "agent" ? "bot" : role,
    message: content,
    time: answeredAt + atSecond * 1000,
    secondsFromStart: atSecond,
    source: "",
  });
  // Vapi does not say of a result whether it is a failure.
  const used = ({ id, name, arguments: given, result, atSecond, durationMs }: UsedTool) => {
    const time = answeredAt + atSecond * 1000;
    const called = { id, type: "function", function: { name, arguments: JSON.stringify(given) } };
    return [
      { role: "tool_calls", message: "", time, toolCalls: [called] },
      { role: "tool_call_result", toolCallId: id, name, result: JSON.stringify(result), time: time + durationMs },
    ];
  };
  const system = { role: "system", message: promptOf(agent), time: answeredAt, secondsFromStart: 0 };
  return [system, ...withTools(turns, tools, spoken, used)];
}
