import type { Agent } from "../../agents.ts";
import type { Turn } from "../../dialogue.ts";
import type { Body } from "../platform.ts";

/** What the assistant is told to be. Bodies repeat it, and nobody says it. */
export function promptOf({ description }: Agent): string {
  return (
    `You answer the telephone for ${description}. Greet the caller, find out what the call is about, and settle it. ` +
    "Ask one thing at a time, repeat numbers and names as you understood them, and promise nothing that you cannot keep."
  );
}

/** The conversation with its prompt and a call of a tool. */
export function messagesOf(agent: Agent, turns: readonly Turn[], answeredAt: number): Body[] {
  const spoken = turns.map(({ role, content, atSecond }) => ({
    role: role === "agent" ? "bot" : role,
    message: content,
    time: answeredAt + atSecond * 1000,
    secondsFromStart: atSecond,
    source: "",
  }));
  const toolCalls = {
    role: "tool_calls",
    message: "",
    time: answeredAt,
    toolCalls: [{ id: "tool_1", type: "function", function: { name: "look_up", arguments: "{}" } }],
  };
  const system = { role: "system", message: promptOf(agent), time: answeredAt, secondsFromStart: 0 };
  return [system, ...spoken.slice(0, 2), toolCalls, ...spoken.slice(2)];
}
