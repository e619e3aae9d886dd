import type { Dice } from "../../../../support/stores/dice.ts";
import type { Call } from "../../calls.ts";
import type { Body } from "../platform.ts";

export function invalid(call: Call): Body[] {
  const end = about(call, "call.end");
  return [
    { ...end, call_id: undefined },
    { ...end, cost_usd: "a dollar" },
    { ...end, transcript: [{ kind: "tool", arguments: {} }] },
    { ...about(call, "call.start"), transcript: [{ role: "user", content: "Hello" }] },
  ];
}

export function unknown(call: Call, dice: Dice): Body[] {
  return [
    about(call, dice.pick(["call.ringing", "call.transferred", "recording.ready"])),
    { type: "call.end", data: about(call, "call.end") },
    { message: "Does this work?", caller_phone: call.customerPhone, at: call.startedAt },
  ];
}

function about({ id, agent, customerPhone, startedAt }: Call, event: string): Body {
  const timestamp = new Date(startedAt).toISOString();
  return { event, timestamp, agent_id: agent.id, call_id: id, caller_phone: customerPhone };
}
