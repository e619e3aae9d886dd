import * as z from "zod";
import type { JsonObject } from "../../events/event.ts";
import { isoOfEpoch } from "../../events/fields.ts";
import { ApiError, type PlatformApi } from "../api.ts";
import type { CallList, ListedCall, WantedEvent } from "../client.ts";
import { hasAnalysis, hasEnded, type RetellCall, retellCall, timesOf } from "./item.ts";

/** The second version of the list gave up to 1,000; nobody says how many this one does. */
export const PAGE_CALLS = 100;

const LIST = "/v3/list-calls";

const answer = z.object({
  items: z.array(z.unknown()).nullish(),
  has_more: z.boolean().nullish(),
  pagination_key: z.union([z.string(), z.number()]).nullish(),
});

/** Asks for one page of the calls that meet all conditions, the latest start first. Bad items are left out. */
async function readPage(filter_criteria: JsonObject, cursor: string | undefined, api: PlatformApi) {
  const request = { filter_criteria, sort_order: "descending", limit: PAGE_CALLS, pagination_key: cursor };
  const { data } = answer.safeParse(await api.post(LIST, request));
  // An empty last page may leave the items out.
  const items = data?.items ?? (data?.has_more === false ? [] : undefined);
  if (data === undefined || items === undefined) throw new ApiError("unreadable", `POST ${LIST}: an unknown shape`);
  const calls = items.flatMap((item) => retellCall.safeParse(item).data ?? []);
  const { has_more, pagination_key: key } = data;
  const isLast = has_more === false || (has_more !== true && (items.length === 0 || (key ?? null) === null));
  const next = isLast ? undefined : String(key ?? "");
  if (next === "" || (next !== undefined && next === cursor)) {
    throw new ApiError("unreadable", `POST ${LIST}: more pages, but no key to the next`);
  }
  return { calls, next };
}

/** @param since the latest time before which a call without any time cannot have been; `undefined`: unknown, and it is left alone */
function listedCall(call: RetellCall, since: string | undefined): ListedCall {
  const { call_id, agent_id } = call;
  const { start, end } = timesOf(call);
  const createdAt = isoOfEpoch(start ?? end);
  if (!hasEnded(call, new Date()) || (createdAt ?? since) === undefined) {
    return { call_id, state: "running", createdAt, tells: [], item: {} };
  }
  const tells: WantedEvent[] = hasAnalysis(call) ? ["call.end", "analytics.completed"] : ["call.end"];
  return { call_id, state: "ended", createdAt, tells, item: { agent_id, since } };
}

/** The calls of a span by their start. */
export const callsByStart: CallList = {
  name: "calls",
  async list(span, cursor, api) {
    // Nobody says whether the bounds are in: the first moment of the span has to be, and what is outside is passed over.
    const [from, to] = [Date.parse(span.from) - 1, Date.parse(span.to)];
    const start_timestamp = { type: "range", op: "bt", value: [from, to] };
    const { calls, next } = await readPage({ start_timestamp }, cursor, api);
    // A call that never connected has no time of its own, but that it stands in the list of the span, if that is one.
    const starts = calls.flatMap((call) => timesOf(call).start ?? []);
    const since = starts.every((start) => start >= from && start <= to) ? span.from : undefined;
    return { calls: calls.map((call) => listedCall(call, since)), next };
  },
};

/** Looks calls up by their ids, in one request. */
export async function findCalls(callIds: readonly string[], api: PlatformApi): Promise<ListedCall[]> {
  const ids = new Set(callIds);
  try {
    const { calls } = await readPage({ call_id: { type: "enum", op: "in", value: [...ids] } }, undefined, api);
    // Where the condition is passed over, the answer has other calls.
    return calls.filter(({ call_id }) => ids.has(call_id)).map((call) => listedCall(call, undefined));
  } catch (error) {
    // Where the condition is refused, the lists by time still find all but the longest calls.
    if (error instanceof ApiError && error.kind === "not-found") return [];
    throw error;
  }
}
