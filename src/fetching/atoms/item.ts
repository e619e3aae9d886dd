import * as z from "zod";
import { isJsonObject } from "../../events/fields.ts";

const optionalText = z.string().nullish().catch(undefined);

/** Everything but the id may be absent, null, or of a kind that nobody documented. */
export const listedItem = z.looseObject({
  callId: z.string().min(1),
  status: optionalText,
  agentId: optionalText,
  createdAt: optionalText,
  type: optionalText,
  postCallAnalytics: z.unknown().optional(),
});
export type ListedItem = z.infer<typeof listedItem>;

const terminalStatuses: ReadonlySet<string> = new Set([
  "completed",
  "failed",
  "no_answer",
  "cancelled",
  "canceled",
  "busy",
  "blocked",
]);

const runningStatuses: ReadonlySet<string> = new Set(["pending", "in_queue", "in_progress", "processing", "active"]);

/** A status that nobody documented counts as ended a day after the call began. */
const UNKNOWN_STATUS_MS = 24 * 60 * 60 * 1000;

/** A webhook comes seven seconds after the end of a call, its analysis twelve later: a call this young is left to them. */
const LEFT_ALONE_MS = 5 * 60 * 1000;

/** Whether a call has ended, and its webhooks have had their time. */
export function hasEnded(status: string | null | undefined, createdAt: string | undefined, now: Date): boolean {
  const word = status?.toLowerCase().replaceAll("-", "_") ?? "";
  const ageMs = createdAt === undefined ? Number.POSITIVE_INFINITY : now.getTime() - Date.parse(createdAt);
  if (ageMs < LEFT_ALONE_MS || runningStatuses.has(word)) return false;
  return terminalStatuses.has(word) || (createdAt !== undefined && ageMs > UNKNOWN_STATUS_MS);
}

/** The moment when the record of a call was made: 13 digits of its id, else `createdAt`. ISO 8601 UTC. */
export function createdAtOf(callId: string, createdAt?: string | null): string | undefined {
  const digits = /^CALL-(\d{13})-/i.exec(callId)?.[1];
  if (digits !== undefined) return new Date(Number(digits)).toISOString();
  const ms = Date.parse(createdAt ?? "");
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
}

/** Whether there is an analysis. Without a metric, and where one failed, there never is. */
export function hasAnalysis(postCallAnalytics: unknown): boolean {
  if (!isJsonObject(postCallAnalytics)) return false;
  const { summary, dispositionMetrics } = postCallAnalytics;
  return Boolean(summary) || (Array.isArray(dispositionMetrics) && dispositionMetrics.length > 0);
}
