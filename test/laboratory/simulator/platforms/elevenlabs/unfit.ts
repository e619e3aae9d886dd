import type { Dice } from "../../../../support/stores/dice.ts";
import type { Call } from "../../calls.ts";
import type { Body } from "../platform.ts";

export function invalid(call: Call): Body[] {
  const { conversation_id, ...nameless } = dataOf(call);
  const data = { ...nameless, conversation_id };
  return [
    { type: "post_call_transcription", event_timestamp: 1_750_000_000, data: nameless },
    { type: "post_call_transcription", event_timestamp: "yesterday", data },
    { type: "call_initiation_failure", event_timestamp: 1_750_000_000, data: { ...data, agent_id: "" } },
    { type: "post_call_transcription", data: { ...data, transcript: "Hello" } },
  ];
}

export function unknown(call: Call, dice: Dice): Body[] {
  const data = dataOf(call);
  return [
    { type: "post_call_transcription_otel", data },
    { type: dice.pick(["call_started", "conversation_flagged"]), data },
    // As a relay passes it on that knows better.
    { event_timestamp: 1_750_000_000, data },
  ];
}

function dataOf({ id, agent, customerPhone }: Call): { conversation_id: string } & Body {
  const phone_call = { direction: "inbound", agent_number: agent.phone, external_number: customerPhone };
  return { conversation_id: id, agent_id: agent.id, status: "done", metadata: { phone_call } };
}
