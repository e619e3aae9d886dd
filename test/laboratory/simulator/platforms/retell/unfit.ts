import type { Dice } from "../../../../support/stores/dice.ts";
import type { Call } from "../../calls.ts";
import type { Body } from "../platform.ts";

export function invalid(call: Call): Body[] {
  const begun = phoneCall(call);
  return [
    { event: "call_started", event_timestamp: call.startedAt, call: { ...begun, call_id: undefined } },
    { event: "call_ended", event_timestamp: call.endedAt, call: { ...begun, duration_ms: "a minute" } },
    { event: "call_ended", event_timestamp: "yesterday", call: begun },
    { event: "call_analyzed", event_timestamp: call.endedAt, call: { ...begun, call_analysis: "fine" } },
  ];
}

export function unknown(call: Call, dice: Dice): Body[] {
  return [
    { event: dice.pick(["call_paused", "call_scored", "call_exported"]), call: phoneCall(call) },
    { event_type: "call_ended", event_timestamp: call.endedAt, call: phoneCall(call) },
    { event: "test", message: "A test from the dashboard", from_number: call.customerPhone },
  ];
}

function phoneCall(call: Call): Body {
  return {
    call_type: "phone_call",
    call_id: call.id,
    agent_id: call.agent.id,
    direction: "inbound",
    from_number: call.customerPhone,
    to_number: call.agent.phone,
    start_timestamp: call.startedAt,
  };
}
