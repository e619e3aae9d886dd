import { expect } from "vitest";
import { postAs } from "../../support/every-platform.ts";
import { type Faults, faultyHeaders, TOOK_HEADER } from "../../support/stores/faults.ts";
import { expectedAnswer, statusIn } from "./faulty-answers.ts";
import type { TestCall, TestEvent } from "./make-call.ts";

/** Every answer is out within eight seconds, whatever hangs. The rest is for this machine, which has dozens under way at once; no sender gives up sooner. */
const ANSWER_MILLISECONDS = 10_000;

export interface SentEvent extends TestEvent {
  /** It was answered 2xx, so the ledger must have it. */
  acknowledged: boolean;
  parked: boolean;
}

export interface SentCall {
  call: TestCall;
  events: SentEvent[];
  slowestMilliseconds: number;
}

/**
 * Sends all bodies of a call at once to a ledger whose stores are faulty, and holds every answer to the contract.
 * @param faults of the stores, to judge the answers by
 * @param alone the faults are of these requests only
 */
export async function sendCall(url: string, call: TestCall, faults: Faults, alone: boolean): Promise<SentCall> {
  let slowestMilliseconds = 0;
  const events = await Promise.all(
    call.events.map(async (event) => {
      const answer = await postAs(event.platform, url, event.body, alone ? faultyHeaders(faults) : {});
      const milliseconds = Number(answer.headers.get(TOOK_HEADER) ?? Number.NaN);
      slowestMilliseconds = Math.max(slowestMilliseconds, milliseconds);
      const about = `${event.event} in ${call.format} with ${JSON.stringify(faults)}`;
      expect(milliseconds, about).toBeLessThan(ANSWER_MILLISECONDS);
      const isEnd = event.identities.some(({ event: name }) => name === "call.end");
      const expected = expectedAnswer(faults, isEnd ? ["D1", "R2"] : ["D1"], "stored");
      // Calls of other requests come in between, so that a store that fails every second time may let none of these through.
      const isUnlucky = !alone && Object.values(faults).includes("every-second") && statusIn(answer) === "parked";
      if (!isUnlucky) expect(answer, about).toMatchObject(expected);
      if (expected.status === 503) expect(answer.headers.get("Retry-After"), about).toMatch(/^\d+$/);
      return { ...event, acknowledged: answer.status === 200, parked: statusIn(answer) === "parked" };
    }),
  );
  return { call, events, slowestMilliseconds };
}
