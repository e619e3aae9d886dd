import * as z from "zod";
import type { JsonObject } from "../../events/event.ts";
import { isJsonObject, isoOfEpoch } from "../../events/fields.ts";
import { ApiError, type PlatformApi } from "../api.ts";
import { type FetchedBody, firstTime, type ListedCall, type WantedEvent } from "../client.ts";
import { hasAnalysis, type RetellCall, retellCall, timesOf } from "./item.ts";

/**
 * The members that are kept of a call. Not among them: `access_token`, with which one joins a web call; `custom_sip_headers`;
 * `public_log_url` and `knowledge_base_retrieved_contents_url`, behind which anybody reads the prompt and the customer's documents.
 */
const startMembers = [
  "call_type",
  "agent_version",
  "agent_name",
  "direction",
  "from_number",
  "to_number",
  "telephony_identifier",
  "metadata",
  "retell_llm_dynamic_variables",
] as const;
const endMembers = [
  ...startMembers,
  "call_status",
  "duration_ms",
  "disconnection_reason",
  "collected_dynamic_variables",
  "transfer_destination",
  "transfer_end_timestamp",
  "recording_url",
  "recording_multi_channel_url",
  "scrubbed_recording_url",
  "scrubbed_recording_multi_channel_url",
  "data_storage_setting",
  "latency",
  "llm_token_usage",
  "call_cost",
] as const;
const analysisMembers = [
  "call_summary",
  "call_successful",
  "user_sentiment",
  "in_voicemail",
  "custom_analysis_data",
] as const;
const turnLists = ["transcript_object", "transcript_with_tool_calls", "scrubbed_transcript_with_tool_calls"] as const;
const turnMembers = [
  "role",
  "content",
  "words",
  "tool_call_id",
  "name",
  "arguments",
  "successful",
  "time_sec",
  "digit",
] as const;

const sinceItem = z.object({ since: z.string().optional(), agent_id: z.string().nullish() });

/** Makes the bodies of a call that the ledger lacks, of one request. */
export async function bodiesOf(
  { call_id, item, createdAt }: ListedCall,
  lacks: ReadonlySet<WantedEvent>,
  api: PlatformApi,
): Promise<FetchedBody[]> {
  const { since, agent_id: listedAgent } = sinceItem.parse(item);
  const call = await getCall(call_id, api);
  const agent_id = call.agent_id ?? listedAgent;
  if (!agent_id) throw new ApiError("unreadable", `GET /v2/get-call/${call_id}: no agent`);
  const { start, end } = timesOf(call);
  const time = firstTime(call_id, [isoOfEpoch(end ?? start), createdAt, since]);
  const about = { call_id, agent_id, start_timestamp: start };
  const body = (event: string, members: JsonObject, occurredAt = time): FetchedBody => ({
    // The call first: a webhook that says the same besides when is another body, and not taken for a duplicate.
    body: { call: { ...about, ...members }, event },
    time: occurredAt,
  });
  const ended = { end_timestamp: end, ...picked(call, endMembers) };
  const bodies: FetchedBody[] = [];
  if (lacks.has("call.end")) {
    // A call that never connected has no start.
    if (start !== undefined) bodies.push(body("call_started", picked(call, startMembers), isoOfEpoch(start)));
    bodies.push(body("call_ended", { ...ended, ...conversationOf(call) }));
  }
  if (hasAnalysis(call)) {
    const { call_analysis } = call;
    const analysis = isJsonObject(call_analysis) ? picked(call_analysis, analysisMembers) : {};
    bodies.push(body("call_analyzed", { ...ended, call_analysis: analysis }));
  }
  return bodies;
}

async function getCall(callId: string, api: PlatformApi): Promise<RetellCall> {
  const path = `/v2/get-call/${encodeURIComponent(callId)}`;
  const { data } = retellCall.safeParse(await api.get(path));
  if (data?.call_id !== callId) throw new ApiError("unreadable", `GET ${path}: an unknown shape`);
  return data;
}

const recording = z.object({
  recording_url: z.string().nullish().catch(undefined),
  scrubbed_recording_url: z.string().nullish().catch(undefined),
});

/** Returns the present address of the recording: a signed one expires after a day. */
export async function recordingUrl(callId: string, api: PlatformApi): Promise<string | undefined> {
  const { recording_url, scrubbed_recording_url } = recording.parse(await getCall(callId, api));
  return recording_url || scrubbed_recording_url || undefined;
}

/** Returns these members of an object, and no others. */
function picked(from: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(names.map((name) => [name, from[name]]));
}

/** Context that a customer's system injected is left out, and so is what a model thought to itself. */
function conversationOf(call: RetellCall): JsonObject {
  const lists = turnLists.flatMap((name): [string, unknown][] => {
    const turns: unknown = call[name];
    if (!Array.isArray(turns)) return [];
    const spoken = turns.filter(isJsonObject).filter(({ role }) => role !== "injected");
    return [[name, spoken.map((turn) => picked(turn, turnMembers))]];
  });
  return { ...picked(call, ["transcript"]), ...Object.fromEntries(lists) };
}
