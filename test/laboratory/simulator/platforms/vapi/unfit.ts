import type { Dice } from "../../../../support/stores/dice.ts";
import type { Call } from "../../calls.ts";
import type { Body } from "../platform.ts";

export function invalid(call: Call): Body[] {
  const about = aboutCall(call);
  return [
    { message: { type: "end-of-call-report", ...about, call: { type: "inboundPhoneCall" } } },
    { message: { type: "end-of-call-report", ...about, startedAt: "yesterday" } },
    { message: { type: "status-update", status: "in-progress", ...about, timestamp: "now" } },
    { message: { type: "end-of-call-report", ...about, artifact: { messages: "Hello" } } },
  ];
}

export function unknown(call: Call, dice: Dice): Body[] {
  const about = aboutCall(call);
  return [
    // Names that other people's articles have.
    { message: { type: dice.pick(["call.started", "call.ended", "call-start"]), ...about } },
    { message: "A test from the dashboard", customer: { number: call.customerPhone } },
    { type: "end-of-call-report", ...about },
  ];
}

function aboutCall({ id, agent, customerPhone, startedAt }: Call): Body {
  return {
    timestamp: startedAt,
    call: { id, type: "inboundPhoneCall", assistantId: agent.id },
    customer: { number: customerPhone },
    phoneNumber: { number: agent.phone },
  };
}
