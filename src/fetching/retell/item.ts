import * as z from "zod";
import { epochMs, isJsonObject } from "../../events/fields.ts";

const optionalText = z.string().min(1).nullish().catch(undefined);

/** A time that is no time, 0 included, counts as absent. */
const optionalTime = epochMs.min(1).nullish().catch(undefined);

/** A call, as the list and `get-call` have it. Everything but the id may be absent, null, or of a kind that nobody documented. */
export const retellCall = z.looseObject({
  call_id: z.string().min(1),
  agent_id: optionalText,
  call_status: optionalText,
  start_timestamp: optionalTime,
  end_timestamp: optionalTime,
  duration_ms: z.number().min(0).nullish().catch(undefined),
});
export type RetellCall = z.infer<typeof retellCall>;

/** Milliseconds since 1970, as far as the platform states them. */
export interface Times {
  start: number | undefined;
  end: number | undefined;
}

/** A call that never connected has neither. */
export function timesOf({ start_timestamp, end_timestamp, duration_ms }: RetellCall): Times {
  const start = start_timestamp ?? undefined;
  const afterStart = start !== undefined && typeof duration_ms === "number" ? start + duration_ms : undefined;
  return { start, end: end_timestamp ?? afterStart };
}

const terminalStatuses: ReadonlySet<string> = new Set(["ended", "error", "not_connected"]);
const runningStatuses: ReadonlySet<string> = new Set(["registered", "ongoing"]);

/** Webhooks come within seconds, also when they are retried: a call that ended so lately is left to them. */
const LEFT_ALONE_MS = 5 * 60 * 1000;

/** A status that nobody documented counts as ended a day after the call began. */
const UNKNOWN_STATUS_MS = 24 * 60 * 60 * 1000;

/** Whether a call has ended, and its webhooks have had their time. One without any time is not waited for. */
export function hasEnded(call: RetellCall, now: Date): boolean {
  const { start, end } = timesOf(call);
  const status = call.call_status ?? "";
  const ageMs = now.getTime() - (end ?? start ?? 0);
  if (ageMs < LEFT_ALONE_MS || runningStatuses.has(status)) return false;
  return terminalStatuses.has(status) || (start !== undefined && now.getTime() - start > UNKNOWN_STATUS_MS);
}

/** Whether there is an analysis. It has members, mostly empty ones, also where nobody answered. */
export function hasAnalysis({ call_analysis }: RetellCall): boolean {
  return isJsonObject(call_analysis) && Object.values(call_analysis).some((value) => value !== null);
}
