import { type Call, makeCall } from "./calls.ts";
import { type Answer, bytes, type Delivery, type Signing } from "./delivery.ts";
import type { Dice } from "./dice.ts";
import { vocabularies } from "./vocabularies.ts";
import type { Body } from "./vocabulary.ts";

/** Deliveries of each kind for every hundred calls; a day has one of each at least. */
const perHundredCalls = { forged: 4, garbled: 3, invalid: 4, unknown: 4 };
type Noise = keyof typeof perHundredCalls;

/**
 * What a ledger on the open internet also gets: forgeries, garbled bodies, events that do not fit, events that nobody knows.
 * They are about calls that the day does not have, so nothing of them may show up among its calls. Each names the number of one
 * of the simulator's customers, so that it is found again in quarantine.
 * @param midnight the day's beginning, milliseconds since 1970
 */
export function makeNoise(dice: Dice, midnight: number, calls: number): Delivery[] {
  const kinds: Noise[] = ["forged", "garbled", "invalid", "unknown"];
  return kinds.flatMap((kind) => {
    const count = Math.max(1, Math.round((perHundredCalls[kind] * calls) / 100));
    return Array.from({ length: count }, (_, index) => makers[kind](dice, makeCall(dice, midnight), index));
  });
}

const makers: Record<Noise, (dice: Dice, call: Call, index: number) => Delivery> = {
  forged(dice, call, index) {
    const signing: Signing[] = ["wrong", "missing", "malformed"];
    return noise(call, bytes(endOf(dice, call)), "401", inTurn(signing, index));
  },
  garbled(dice, call, index) {
    const text = JSON.stringify({ caller_phone: call.customerPhone, ...endOf(dice, call) });
    const bodies = [
      Buffer.from(text.slice(0, Math.floor(text.length / 2))),
      Buffer.from(`[${text}]`),
      Buffer.from(text.replaceAll('"', "'")),
      // An "é" in Latin-1 is no UTF-8, which JSON has to be.
      Buffer.from(`{"call_id":"${call.id}","caller_phone":"${call.customerPhone}","note":"café"}`, "latin1"),
    ];
    return noise(call, inTurn(bodies, index), "400");
  },
  invalid(dice, call, index) {
    return noise(call, bytes(inTurn(invalids(call, dice), index)), "422");
  },
  unknown(dice, call, index) {
    return noise(call, bytes(inTurn(unknowns(call, dice), index)), "200 unrecognised");
  },
};

/** The first of the list comes first, so that a small day meets the plainest case. */
function inTurn<T>(list: readonly T[], index: number): T {
  const position = index % list.length;
  for (const item of list.slice(position, position + 1)) return item;
  throw new RangeError("nothing to take in turn");
}

function noise(call: Call, body: Uint8Array, answer: Answer, signing: Signing = "X-Signature"): Delivery {
  return {
    at: call.startedAt,
    content: "noise",
    callId: undefined,
    hasTranscript: false,
    body,
    signing,
    expected: [answer],
  };
}

function endOf(dice: Dice, call: Call): Body {
  return vocabularies[call.agent.vocabulary].end(call, dice.hex(20));
}

function invalids(call: Call, dice: Dice): Body[] {
  const { documented, atoms } = vocabularies;
  return [
    { ...documented.start(call, ""), call_id: undefined },
    { ...documented.end(call, ""), caller_phone: call.customerPhone, duration_seconds: "five minutes" },
    { ...documented.start(call, ""), timestamp: "yesterday" },
    {
      ...atoms.end(call, dice.hex(20)),
      metadata: {
        agentId: call.agent.id,
        eventType: "post-conversation",
        callData: { fromNumber: call.customerPhone },
      },
    },
  ];
}

function unknowns(call: Call, dice: Dice): Body[] {
  const { documented, atoms } = vocabularies;
  return [
    {
      ...documented.start(call, ""),
      event: dice.pick(["call.transferred", "recording.ready", "transcript.ready"]),
    },
    {
      ...atoms.start(call, dice.hex(20)),
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
