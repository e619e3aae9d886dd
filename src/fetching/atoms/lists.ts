import * as z from "zod";
import { isJsonObject } from "../../events/fields.ts";
import { ApiError, type PlatformApi } from "../api.ts";
import type { CallList, ListedCall, WantedEvent } from "../client.ts";
import { createdAtOf, hasAnalysis, hasEnded, listedItem } from "./item.ts";

/** The most that one page of each list, and one search, may have. */
export const PAGE_CALLS = 100;

/** The whole of an answer is in `data`, but for those without an envelope. */
export function dataOf(answer: unknown): unknown {
  return isJsonObject(answer) && answer["data"] !== undefined ? answer["data"] : answer;
}

/** Reads an item of a list; nothing if it has no id. */
function listedCall(item: unknown): ListedCall[] {
  const parsed = listedItem.safeParse(item);
  if (!parsed.success) return [];
  const { callId: call_id, status, postCallAnalytics } = parsed.data;
  const createdAt = createdAtOf(call_id, parsed.data.createdAt);
  if (!hasEnded(status, createdAt, new Date())) return [{ call_id, state: "running", createdAt, tells: [], item: {} }];
  const tells: WantedEvent[] = hasAnalysis(postCallAnalytics) ? ["call.end", "analytics.completed"] : ["call.end"];
  return [{ call_id, state: "ended", createdAt, tells, item: parsed.data }];
}

const logs = z.object({
  logs: z.array(z.unknown()),
  pagination: z.object({ hasMore: z.boolean().nullish(), totalPages: z.number().nullish() }).nullish().catch(undefined),
});

/**
 * The calls in their default order, the latest change first: every other order, and every filter by date, reads a whole account and
 * ends in 504 on a large one.
 */
export const latestCalls: CallList = {
  name: "calls",
  async list(_span, cursor, api) {
    const page = Number(cursor ?? 1);
    const { data, success } = logs.safeParse(dataOf(await api.get("/conversation", { page, limit: PAGE_CALLS })));
    if (!success) throw new ApiError("unreadable", "GET /conversation: an unknown shape");
    const { pagination } = data;
    const isLast =
      data.logs.length === 0 ||
      pagination?.hasMore === false ||
      page >= (pagination?.totalPages ?? Number.POSITIVE_INFINITY);
    return { calls: data.logs.flatMap(listedCall), next: isLast ? undefined : String(page + 1) };
  },
};

/** Looks up to 100 calls up in one request, attempts that repeat a call included. */
export async function findCalls(callIds: readonly string[], api: PlatformApi): Promise<ListedCall[]> {
  const { data, success } = logs.safeParse(dataOf(await api.post("/conversation/search", { callIds })));
  if (!success) throw new ApiError("unreadable", "POST /conversation/search: an unknown shape");
  return data.logs.flatMap(listedCall);
}

const counts = z.object({
  calls: z.array(z.unknown()),
  totalPages: z.number().nullish().catch(undefined),
});

const countsRow = z.object({
  callId: z.string().min(1),
  callStatus: z.string().nullish().catch(undefined),
  timestamp: z.string().nullish().catch(undefined),
  agentId: z.string().nullish().catch(undefined),
  callType: z.string().nullish().catch(undefined),
});

/**
 * The calls of a span, out of the platform's analytics store. Rows of it may lag, or be lost: it is for days that are over, beside the
 * other list. It does not say whether there is an analysis.
 */
export const callsByDate: CallList = {
  name: "calls by date",
  async list({ from, to }, cursor, api) {
    const page = Number(cursor ?? 1);
    const query = { dateFrom: from, dateTo: lastMoment(to), page, limit: PAGE_CALLS };
    const { data, success } = counts.safeParse(dataOf(await api.get("/analytics/call-counts-log", query)));
    if (!success) throw new ApiError("unreadable", "GET /analytics/call-counts-log: an unknown shape");
    const isLast = data.calls.length === 0 || page >= (data.totalPages ?? Number.POSITIVE_INFINITY);
    return { calls: data.calls.flatMap(countedCall), next: isLast ? undefined : String(page + 1) };
  },
};

/** The end of a span is out, that of a query in. */
function lastMoment(to: string): string {
  return new Date(Date.parse(to) - 1).toISOString();
}

function countedCall(row: unknown): ListedCall[] {
  const parsed = countsRow.safeParse(row);
  if (!parsed.success) return [];
  const { callId: call_id, callStatus, timestamp, agentId, callType } = parsed.data;
  const createdAt = createdAtOf(call_id, timestamp);
  if (!hasEnded(callStatus, createdAt, new Date()))
    return [{ call_id, state: "running", createdAt, tells: [], item: {} }];
  return [{ call_id, state: "ended", createdAt, tells: ["call.end"], item: { agentId, type: callType } }];
}
