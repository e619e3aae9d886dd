import * as z from "zod";
import { instant, isJsonObject } from "../../events/fields.ts";
import { ApiError, type PlatformApi } from "../api.ts";
import type { CallList, ListedCall, WantedEvent } from "../client.ts";

/** Of a thousand that may be: each comes whole, its prompt three times. */
const PAGE_CALLS = 25;

/** The report comes some seconds after the end: a call this young is left to it. */
const LEFT_ALONE_MS = 5 * 60_000;

/** A status that nobody documented counts as ended a day after the call was created. */
const UNKNOWN_STATUS_MS = 24 * 60 * 60_000;

const runningStatuses: ReadonlySet<unknown> = new Set(["scheduled", "queued", "ringing", "in-progress", "forwarding"]);

const moment = instant.nullish().catch(undefined);

/** A call, as far as the lists read it. */
const call = z.object({
  id: z.string().min(1),
  status: z.string().nullish().catch(undefined),
  createdAt: moment,
  updatedAt: moment,
  endedAt: moment,
  analysis: z.unknown().optional(),
  artifact: z.unknown().optional(),
  summary: z.unknown().optional(),
});
type Call = z.infer<typeof call>;

/**
 * The calls of a span, the newest first. There is no cursor: the next page begins at the time of the last call, which it repeats,
 * since others may have the same.
 */
export const calls: CallList = {
  name: "calls",
  async list({ from, to }, cursor, api) {
    const until = cursor ?? new Date(Math.min(Date.parse(to) - 1, Date.now() + LEFT_ALONE_MS)).toISOString();
    const answer = await api.get("/call", { limit: PAGE_CALLS, createdAtGe: from, createdAtLe: until });
    if (!Array.isArray(answer)) throw new ApiError("unreadable", "GET /call: an unknown shape");
    const parsed = answer.flatMap((item) => call.safeParse(item).data ?? []);
    const times = parsed.flatMap(({ createdAt }) => createdAt ?? []);
    // Another order, or a filter that is passed over, would lose calls or never end.
    if (times.some((time, index) => time > (times[index - 1] ?? until))) {
      throw new ApiError("unreadable", "GET /call: not by time, the newest first");
    }
    const oldest = times.at(-1);
    // A whole page of one moment: the others of it are passed over.
    const next = oldest !== undefined && oldest >= until ? earlier(until) : oldest;
    const isLast = answer.length < PAGE_CALLS || next === undefined || next < from;
    return { calls: parsed.map(listedCall), next: isLast ? undefined : next };
  },
};

function earlier(time: string): string {
  return new Date(Date.parse(time) - 1).toISOString();
}

/** Looks up calls one after another; what is gone is left out. */
export async function findCalls(callIds: readonly string[], api: PlatformApi): Promise<ListedCall[]> {
  const found: ListedCall[] = [];
  for (const id of callIds) {
    try {
      const { data } = call.safeParse(await api.get(`/call/${encodeURIComponent(id)}`));
      if (data !== undefined) found.push(listedCall(data));
    } catch (error) {
      if (!(error instanceof ApiError) || (error.kind !== "not-found" && error.kind !== "unreadable")) throw error;
    }
  }
  return found;
}

function listedCall(one: Call): ListedCall {
  const createdAt = one.createdAt ?? undefined;
  const about = { call_id: one.id, createdAt, item: {} };
  if (!hasEnded(one)) return { ...about, state: "running", tells: [] };
  const tells: WantedEvent[] = hasAnalysis(one) ? ["call.end", "analytics.completed"] : ["call.end"];
  return { ...about, state: "ended", tells };
}

function hasEnded({ status, createdAt, updatedAt, endedAt }: Call): boolean {
  const age = (time: string | null | undefined) => (time ? Date.now() - Date.parse(time) : Number.POSITIVE_INFINITY);
  if (runningStatuses.has(status) || age(endedAt ?? updatedAt ?? createdAt) < LEFT_ALONE_MS) return false;
  return status === "ended" || (Boolean(createdAt) && age(createdAt) > UNKNOWN_STATUS_MS);
}

/** Whether the decoder of the webhook finds an analysis in the call's report. Structured outputs may come after the rest. */
function hasAnalysis({ analysis, artifact, summary }: Call): boolean {
  const { summary: newer, structuredData, successEvaluation: success } = isJsonObject(analysis) ? analysis : {};
  const { structuredOutputs } = isJsonObject(artifact) ? artifact : {};
  return (
    isText(newer) ||
    isText(summary) ||
    isText(success) ||
    typeof success === "number" ||
    typeof success === "boolean" ||
    (isJsonObject(structuredData) && Object.keys(structuredData).length > 0) ||
    (isJsonObject(structuredOutputs) &&
      Object.values(structuredOutputs).some((output) => isJsonObject(output) && output["result"] !== undefined))
  );
}

function isText(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}
