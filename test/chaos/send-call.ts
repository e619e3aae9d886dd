import { expect } from "vitest";
import { type Answer, post } from "../support/post.ts";
import { FAULTS_HEADER, type Faults, storeNames } from "./faults.ts";
import type { ToldCall, ToldEvent } from "./told-call.ts";

/** As the issue has it: every answer is out within ten seconds, whatever hangs. */
const ANSWER_MILLISECONDS = 10_000;

export interface SentEvent extends ToldEvent {
  /** It was answered 2xx, so it must be found again. */
  acknowledged: boolean;
  parked: boolean;
}

export interface SentCall {
  call: ToldCall;
  events: SentEvent[];
  slowestMilliseconds: number;
}

/**
 * Sends the three events of a call at once to a ledger whose stores are faulty, and holds every answer to the contract.
 * @param faults what is wrong with the stores, for the judgement of the answers
 * @param alone the faults are of these requests only
 */
export async function sendCall(url: string, call: ToldCall, faults: Faults, alone: boolean): Promise<SentCall> {
  const headers: Record<string, string> = alone ? { [FAULTS_HEADER]: JSON.stringify(faults) } : {};
  let slowestMilliseconds = 0;
  const events = await Promise.all(
    call.events.map(async (event) => {
      const began = performance.now();
      const answer = await post(url, event.body, headers);
      const milliseconds = performance.now() - began;
      slowestMilliseconds = Math.max(slowestMilliseconds, milliseconds);
      const about = `${event.name} in ${call.format} with ${JSON.stringify(faults)}`;
      expect(milliseconds, about).toBeLessThan(ANSWER_MILLISECONDS);
      return { ...event, acknowledged: isAcknowledged(answer, faults, about), parked: answer.status === 202 };
    }),
  );
  return { call, events, slowestMilliseconds };
}

function isAcknowledged({ status, headers }: Answer, faults: Faults, about: string): boolean {
  if (status === 503) {
    expect(
      storeNames.every((store) => isDown(faults[store])),
      `503 for ${about}`,
    ).toBe(true);
    expect(headers.get("Retry-After"), about).toMatch(/^\d+$/);
    return false;
  }
  expect([200, 202], about).toContain(status);
  return true;
}

/** A store that fails every second time is slow, not down. */
function isDown(fault: Faults["D1"]): boolean {
  return fault === "before" || fault === "after" || fault === "hang";
}
