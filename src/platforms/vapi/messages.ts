import type { JsonObject, Turn } from "../../events/event.ts";
import { epochMs, isoOfEpoch, turnList, turnsOf } from "../../events/fields.ts";

/** Milliseconds since 1970, with fractions or without, to ISO 8601 UTC. */
export const moment = epochMs.transform((ms) => new Date(ms).toISOString());

/** The messages of a call, prompts and tools included. */
export const messages = turnList({ role: "string", message: "string", time: "number" });

/** Prompts, calls of tools, and their results. */
const unspoken = /^(?:system|developer)$|tool|function/i;

/** Vapi's words for the ledger's `agent`; every other role stays as it is. */
const agentRoles: ReadonlySet<unknown> = new Set(["bot", "assistant"]);

/** The messages that somebody spoke; `undefined` when the body has none of any kind. */
export function spokenIn(all: readonly JsonObject[] | undefined): JsonObject[] | undefined {
  return all?.filter(
    ({ role, message }) => typeof message === "string" && message.trim() !== "" && !unspoken.test(String(role ?? "")),
  );
}

/** The same as turns of a conversation. */
export function turnsIn(all: readonly JsonObject[] | undefined): Turn[] {
  const turns = spokenIn(all)?.map(({ role, message, time }) => ({
    role: agentRoles.has(role) ? "agent" : role,
    content: message,
    timestamp: isoOfEpoch(time),
  }));
  return turnsOf(turns);
}
