import type { Dice } from "../../support/stores/dice.ts";
import { type Call, makeCall } from "./calls.ts";
import { type Answer, bytes, type Delivery } from "./delivery.ts";
import { platforms } from "./platforms/index.ts";
import type { Body, PlatformName, Signing } from "./platforms/platform.ts";

/** Deliveries of each kind for every hundred calls; a day has one of each at least, of every platform. */
const perHundredCalls = { forged: 4, garbled: 3, invalid: 4, unknown: 4 };
type Noise = keyof typeof perHundredCalls;

/**
 * What a ledger on the open internet also gets: forgeries, garbled bodies, events that do not fit, events that nobody knows.
 * They are about calls that the day does not have, so nothing of them may show up among its calls. Each names the number of one
 * of the simulator's customers, so that it is found again in quarantine.
 * @param midnight the day's beginning, milliseconds since 1970
 */
export function makeNoise(dice: Dice, midnight: number, calls: number, names: readonly PlatformName[]): Delivery[] {
  const kinds: Noise[] = ["forged", "garbled", "invalid", "unknown"];
  return names.flatMap((name) =>
    kinds.flatMap((kind) => {
      const count = Math.max(1, Math.round((perHundredCalls[kind] * calls) / (100 * names.length)));
      return Array.from({ length: count }, (_, index) => makers[kind](dice, makeCall(dice, midnight, [name]), index));
    }),
  );
}

const makers: Record<Noise, (dice: Dice, call: Call, index: number) => Delivery> = {
  forged(dice, call, index) {
    const { forgeries } = platforms[call.agent.platform];
    return noise(call, bytes(endOf(dice, call)), "401", inTurn(forgeries, index));
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
    return noise(call, bytes(inTurn(platforms[call.agent.platform].invalid(call, dice), index)), "422");
  },
  unknown(dice, call, index) {
    return noise(call, bytes(inTurn(platforms[call.agent.platform].unknown(call, dice), index)), "200 quarantined");
  },
};

/** The first of the list comes first, so that a small day meets the plainest case. */
function inTurn<T>(list: readonly T[], index: number): T {
  const position = index % list.length;
  for (const item of list.slice(position, position + 1)) return item;
  throw new RangeError("nothing to take in turn");
}

function noise(call: Call, body: Uint8Array, answer: Answer, signing: Signing = "usual"): Delivery {
  return {
    at: call.startedAt,
    platform: call.agent.platform,
    content: "noise",
    callId: undefined,
    hasNumber: true,
    events: [],
    turns: undefined,
    tools: { calls: 0, errors: 0 },
    costUsd: undefined,
    hasVersion: false,
    body,
    signing,
    expected: [answer],
  };
}

function endOf(dice: Dice, call: Call): Body {
  for (const { events, body } of platforms[call.agent.platform].bodies(call, dice)) {
    if (events.includes("call.end")) return body;
  }
  throw new RangeError("a call without an end");
}
