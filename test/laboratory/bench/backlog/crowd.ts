import type { Received } from "../../../../src/events/received.ts";
import { documentedCall } from "../../../support/events.ts";
import { holdAll, received } from "../parked.ts";

/** Bodies that are parked; as many are in quarantine. */
export const CROWD = 50_000;

/** One of so many bodies is an event by now, all others are none. */
const EVENT_EVERY = 10;

/** One of so many names the call that is erased, and the next one the caller. */
const NAMED_EVERY = 5_000;

/** The call that is erased. */
export const NAMED_CALL = "named here and there";

/** The caller who is erased, and a call of theirs. */
export const NAMED_PHONE = "+15550142001";
export const CALLERS_CALL = "the caller's";

/** How many bodies of each kind name the one, and how many the other. */
export const NAMED = CROWD / NAMED_EVERY;

const HOUR_MILLISECONDS = 3_600_000;

/** Parks a crowd of small bodies, and puts another into quarantine. */
export async function makeCrowd(bucket: R2Bucket): Promise<void> {
  await holdAll(bodies("parked"), "parked", bucket);
  await holdAll(bodies("in quarantine"), "quarantined", bucket);
}

function* bodies(where: string): Generator<Received> {
  const from = Date.now() - HOUR_MILLISECONDS;
  for (let index = 0; index < CROWD; index++) {
    const at = new Date(from + Math.floor((index / CROWD) * HOUR_MILLISECONDS)).toISOString();
    yield received(JSON.stringify(payload(where, index)), at);
  }
}

function payload(where: string, index: number): object {
  if (index % NAMED_EVERY === 1) return { event: "unheard of", where, index, call_id: NAMED_CALL };
  if (index % NAMED_EVERY === 2) return { event: "unheard of", where, index, caller_phone: NAMED_PHONE };
  if (index % EVENT_EVERY === 0) return documentedCall({ call_id: `${index} ${where}` }).start();
  return { event: "unheard of", where, index, call_id: `${index} ${where}` };
}
