import { setTimeout } from "node:timers/promises";
import * as z from "zod";
import { type Ask, LedgerError } from "./ask-ledger.ts";

const started = z.object({ job: z.string() });

/** How far a job is that sends a range again. */
export const sendingState = z.object({
  status: z.enum(["running", "complete", "errored", "stopped"]),
  output: z.object({ sent: z.number(), left_alone: z.number(), of: z.number() }),
});

const POLL_MS = 1_000;

/**
 * Starts a job that sends a range again, and follows it to its end; Ctrl+C leaves it to the ledger.
 * @returns how much was sent
 * @throws {LedgerError} when the job fails or is stopped
 */
export async function followSending(ask: Ask, range: object, signal: AbortSignal): Promise<string> {
  const { job } = started.parse(await ask("POST", "/api/deliveries/retry", range));
  console.error(`The ledger sends them by itself, as the job ${job}. To stop it: npm run retry -- --stop ${job}`);
  for (let shown = ""; ; ) {
    const state = sendingState.parse(await ask("GET", `/api/jobs/${job}`));
    const text = progressText(state);
    if (state.status === "complete") return text;
    if (state.status === "stopped") throw new LedgerError(`The job was stopped: ${text}.`);
    if (state.status === "errored") {
      throw new LedgerError(`The job failed; the ledger goes on with it within ten minutes: ${text}.`);
    }
    if (text !== shown) console.error(text);
    shown = text;
    await setTimeout(POLL_MS, undefined, { signal });
  }
}

/** `600 of 1200 sent again, 2 were on their way already or are erased` */
export function progressText({ output: { sent, left_alone, of } }: z.infer<typeof sendingState>): string {
  return `${sent} of ${of} sent again${left_alone > 0 ? `, ${left_alone} were on their way already or are erased` : ""}`;
}
