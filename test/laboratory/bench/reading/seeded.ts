import { randomUUID } from "node:crypto";
import type { Bundle } from "../../../support/bundle.ts";
import { wholeCall } from "../bodies.ts";
import { type Booted, boot } from "../boot.ts";
import type { Downstream } from "../downstream.ts";
import { openSender } from "../load.ts";
import { fill, writeTo } from "../seed/fill.ts";
import type { Plan } from "../seed/plan.ts";

const BODY_BYTES = 11_000;

/** Calls a day. Larger ledgers are older, not busier. */
export const PACE = 274;

export interface SeededLedger {
  calls: number;
  worker: Booted;
  /** A call that came in by its webhooks, so that its transcript is in R2. */
  callId: string;
}

/** A ledger with made-up calls. Two of one pace and one end have the same newest calls. */
export async function seededLedger(
  bundle: Bundle,
  { calls, days, until }: Pick<Plan, "calls" | "days" | "until">,
  downstream: Downstream,
): Promise<SeededLedger> {
  const worker = await boot(bundle, downstream.url);
  await fill(writeTo(worker.database), { calls, days, seed: 1, until, words: true });

  const callId = randomUUID();
  const sender = openSender(worker.webhook, 1);
  for (const event of Object.values(wholeCall(BODY_BYTES, callId))) await sender.send(event);
  sender.close();
  return { calls, worker, callId };
}
