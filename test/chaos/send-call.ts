import { expect } from "vitest";
import * as z from "zod";
import { postAs } from "../support/every-platform.ts";
import type { Answer } from "../support/post.ts";
import { FAULTS_HEADER, type Faults, storeNames } from "./faults.ts";
import type { TestCall, TestEvent } from "./make-call.ts";

/** Every answer is out within ten seconds, whatever hangs. */
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
      const began = performance.now();
      const answer = await postAs(event.platform, url, event.body, alone ? faultyHeaders(faults) : {});
      const milliseconds = performance.now() - began;
      slowestMilliseconds = Math.max(slowestMilliseconds, milliseconds);
      const about = `${event.event} in ${call.format} with ${JSON.stringify(faults)}`;
      expect(milliseconds, about).toBeLessThan(ANSWER_MILLISECONDS);
      const status = judge(answer, faults, about);
      return { ...event, acknowledged: status !== undefined, parked: status === "parked" };
    }),
  );
  return { call, events, slowestMilliseconds };
}

/** The headers that make the stores of one request fail. */
export function faultyHeaders(faults: Faults): Record<string, string> {
  return { [FAULTS_HEADER]: JSON.stringify(faults) };
}

const named = z.object({ status: z.enum(["stored", "parked"]) });

/** @returns the status that a 200 names; `undefined` for a 503, which only stores that are all down excuse */
function judge({ status, headers, body }: Answer, faults: Faults, about: string): string | undefined {
  if (status === 503) {
    expect(
      storeNames.every((store) => isDown(faults[store])),
      `503 for ${about}`,
    ).toBe(true);
    expect(headers.get("Retry-After"), about).toMatch(/^\d+$/);
    return undefined;
  }
  expect(status, about).toBe(200);
  return named.parse(body).status;
}

/** A store that fails now and then is slow, not down. */
export function isDown(fault: Faults["D1"]): boolean {
  return fault === "before" || fault === "after" || fault === "hang";
}
