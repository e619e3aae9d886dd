import * as z from "zod";
import { isoOfEpoch } from "../../events/fields.ts";
import { ApiError } from "../api.ts";
import type { CallList, ListedCall, WantedEvent } from "../client.ts";

/** The most that one page may have. */
const PAGE_CALLS = 100;

/** The webhook comes after the analysis, some seconds after the end: a call this young is left to it. */
const LEFT_ALONE_MS = 5 * 60_000;

/** A status that nobody documented counts as ended a day after the call began. */
const UNKNOWN_STATUS_MS = 24 * 60 * 60_000;

/** An analysis is made while a call is `processing`. */
const runningStatuses: ReadonlySet<unknown> = new Set(["initiated", "in-progress", "in_progress", "processing"]);

const page = z.object({
  conversations: z.array(z.unknown()),
  next_cursor: z.string().nullish().catch(undefined),
  has_more: z.boolean().nullish().catch(undefined),
});

const item = z.object({
  conversation_id: z.string().min(1),
  agent_id: z.string().nullish().catch(undefined),
  status: z.string().nullish().catch(undefined),
  start_time_unix_secs: z.number().nullish().catch(undefined),
  call_duration_secs: z.number().nullish().catch(undefined),
});

/** The conversations of a span. Whether its ends are in or out is not documented, so it is asked for a second more of each. */
export const conversations: CallList = {
  name: "conversations",
  async list({ from, to }, cursor, api) {
    const answer = await api.get("/v1/convai/conversations", {
      page_size: PAGE_CALLS,
      call_start_after_unix: Math.floor(Date.parse(from) / 1000) - 1,
      call_start_before_unix: Date.parse(to) > Date.now() ? undefined : Math.ceil(Date.parse(to) / 1000) + 1,
      cursor,
    });
    const { data, success } = page.safeParse(answer);
    if (!success) throw new ApiError("unreadable", "GET /v1/convai/conversations: an unknown shape");
    const { has_more, next_cursor } = data;
    const isLast = has_more === false || !next_cursor || next_cursor === cursor || data.conversations.length === 0;
    return { calls: data.conversations.flatMap(listedCall), next: isLast ? undefined : next_cursor };
  },
};

/** Reads an item of the list; nothing if it has no id. */
function listedCall(given: unknown): ListedCall[] {
  const { data } = item.safeParse(given);
  if (data === undefined) return [];
  const { conversation_id: call_id, agent_id, status, start_time_unix_secs, call_duration_secs } = data;
  const startMs = typeof start_time_unix_secs === "number" ? start_time_unix_secs * 1000 : undefined;
  const createdAt = isoOfEpoch(startMs);
  const endMs = createdAt === undefined ? undefined : Date.parse(createdAt) + (call_duration_secs ?? 0) * 1000;
  if (!hasEnded(status, endMs)) return [{ call_id, state: "running", createdAt, tells: [], item: {} }];
  // A call that could not be begun is told without an analysis.
  const tells: WantedEvent[] = status === "failed" ? ["call.end"] : ["call.end", "analytics.completed"];
  return [{ call_id, state: "ended", createdAt, tells, item: { agent_id } }];
}

/** Whether a call and its analysis are done, and the webhook has had its time. */
function hasEnded(status: string | null | undefined, endMs: number | undefined): boolean {
  const ageMs = endMs === undefined ? undefined : Date.now() - endMs;
  if (isRunning(status) || (ageMs ?? LEFT_ALONE_MS) < LEFT_ALONE_MS) return false;
  return status === "done" || status === "failed" || (ageMs ?? 0) > UNKNOWN_STATUS_MS;
}

/** Whether a call goes on, or its analysis is being made. */
export function isRunning(status: unknown): boolean {
  return runningStatuses.has(status);
}
