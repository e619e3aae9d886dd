import { setTimeout } from "node:timers/promises";
import * as z from "zod";
import { type Ask, LedgerError } from "./ask-ledger.ts";

/** The subject of an erasure: one call, or all calls with a caller. */
export type Subject = { call: string } | { phone: string };

const counts = z.object({
  calls: z.number(),
  events: z.number(),
  deliveries: z.number(),
  words: z.number(),
  objects: z.number(),
  parked: z.number(),
  quarantined: z.number(),
});

/** How much was deleted, by its kind. */
export type ErasedCounts = z.infer<typeof counts>;

const job = z.object({ job: z.string() });

const jobState = z.object({
  status: z.enum(["running", "complete", "errored"]),
  output: counts,
});

const POLL_MS = 500;

/** Starts an erasure and follows its job to the end; throws a LedgerError when the job fails. */
export async function erase(ask: Ask, subject: Subject, signal: AbortSignal): Promise<ErasedCounts> {
  const started = job.parse(
    "call" in subject
      ? await ask("DELETE", callPath(subject.call))
      : await ask("POST", "/api/erasures", { caller_phone: subject.phone }),
  );
  for (;;) {
    const { status, output } = jobState.parse(await ask("GET", `/api/jobs/${started.job}`));
    if (status === "complete") return output;
    if (status === "errored") {
      throw new LedgerError(
        `The job ${started.job} failed; the ledger goes on with it within ten minutes. Erased so far: ${countsText(output)}`,
      );
    }
    await setTimeout(POLL_MS, undefined, { signal });
  }
}

/** `calls 1, events 3` */
export function countsText(counts: ErasedCounts): string {
  return Object.entries(counts)
    .map(([kind, count]) => `${kind} ${count}`)
    .join(", ");
}

/** The address of a call. Every client takes `.` and `..` in a path for steps through folders. */
export function callPath(callId: string): string {
  return /^\.{1,2}$/.test(callId) ? `/api/calls/by-id?call_id=${callId}` : `/api/calls/${encodeURIComponent(callId)}`;
}
