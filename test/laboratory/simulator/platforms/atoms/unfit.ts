import type { Dice } from "../../../../support/stores/dice.ts";
import type { Call } from "../../calls.ts";
import type { Body } from "../platform.ts";
import { documented } from "./documented.ts";
import { envelope } from "./envelope.ts";

export function invalid(call: Call, dice: Dice): Body[] {
  return [
    { ...documented.start(call, ""), call_id: undefined },
    { ...documented.end(call, ""), caller_phone: call.customerPhone, duration_seconds: "five minutes" },
    { ...documented.start(call, ""), timestamp: "yesterday" },
    {
      ...envelope.end(call, dice.hex(20)),
      metadata: {
        agentId: call.agent.id,
        eventType: "post-conversation",
        callData: { fromNumber: call.customerPhone },
      },
    },
  ];
}

export function unknown(call: Call, dice: Dice): Body[] {
  return [
    {
      ...documented.start(call, ""),
      event: dice.pick(["call.transferred", "recording.ready", "transcript.ready"]),
    },
    {
      ...envelope.start(call, dice.hex(20)),
      event: `${call.agent.id}.call-transferred`,
      metadata: {
        agentId: call.agent.id,
        eventType: "call-transferred",
        callId: call.id,
        fromPhone: call.customerPhone,
      },
    },
    { ...documented.end(call, ""), event: "call.ended", caller_phone: call.customerPhone },
    {
      event: "test",
      message: "A test from the settings page",
      caller_phone: call.customerPhone,
      sent_at: new Date(call.startedAt).toISOString(),
    },
  ];
}
