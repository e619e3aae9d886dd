import * as z from "zod";
import type { JsonObject } from "../../events/event.ts";
import { isJsonObject, isoOfEpoch } from "../../events/fields.ts";
import { ApiError, type PlatformApi } from "../api.ts";
import { type FetchedBody, firstTime, type ListedCall, type WantedEvent } from "../client.ts";
import { isRunning } from "./list.ts";

/**
 * A conversation, as far as it is read. The rest is dropped: overrides of the prompt, what is sent to the customer's model, and
 * headers of the tools' requests.
 */
const conversation = z.object({
  conversation_id: z.string(),
  agent_id: z.unknown().optional(),
  status: z.unknown().optional(),
  version_id: z.unknown().optional(),
  transcript: z.unknown().optional(),
  metadata: z.unknown().optional(),
  analysis: z.unknown().optional(),
  conversation_initiation_client_data: z.unknown().optional(),
});
type Conversation = z.infer<typeof conversation>;

/** Makes the body of a conversation: its end and its analysis at once, as the webhook. None while the analysis is being made. */
export async function bodiesOf(
  { call_id, item, createdAt }: ListedCall,
  _lacks: ReadonlySet<WantedEvent>,
  api: PlatformApi,
): Promise<FetchedBody[]> {
  const answer = await api.get(`/v1/convai/conversations/${encodeURIComponent(call_id)}`);
  const { data } = conversation.safeParse(answer);
  const agent_id = text(data?.agent_id) || text(item["agent_id"]);
  if (data?.conversation_id !== call_id || !agent_id) {
    throw new ApiError("unreadable", `GET /v1/convai/conversations/${call_id}: an unknown shape`);
  }
  if (isRunning(data.status)) return [];
  const metadata = metadataOf(data.metadata);
  const time = firstTime(call_id, [endOf(metadata), createdAt]);
  return [{ body: { type: "post_call_transcription", data: dataOf(data, agent_id, metadata) }, time }];
}

function dataOf(call: Conversation, agent_id: string, metadata: JsonObject): JsonObject {
  const { conversation_id, status, version_id, transcript, analysis } = call;
  const { dynamic_variables } = objectOf(call.conversation_initiation_client_data);
  return {
    conversation_id,
    agent_id,
    status: text(status),
    version_id: text(version_id),
    transcript: Array.isArray(transcript) ? objectsIn(transcript).map(turnOf) : undefined,
    metadata,
    analysis: isJsonObject(analysis) ? analysisOf(analysis) : undefined,
    conversation_initiation_client_data: {
      dynamic_variables: isJsonObject(dynamic_variables) ? dynamic_variables : undefined,
    },
  };
}

function metadataOf(given: unknown): JsonObject {
  const { start_time_unix_secs, call_duration_secs, termination_reason, cost, main_language, phone_call } =
    objectOf(given);
  const { type, direction, agent_number, external_number, call_sid } = objectOf(phone_call);
  return {
    start_time_unix_secs: isoOfEpoch(milliseconds(start_time_unix_secs)) && start_time_unix_secs,
    call_duration_secs: typeof call_duration_secs === "number" && call_duration_secs >= 0 ? call_duration_secs : null,
    termination_reason: text(termination_reason),
    cost: number(cost),
    main_language: text(main_language),
    phone_call: isJsonObject(phone_call)
      ? {
          type: text(type),
          direction: text(direction),
          agent_number: text(agent_number),
          external_number: text(external_number),
          call_sid: text(call_sid),
        }
      : null,
  };
}

function milliseconds(seconds: unknown): number | undefined {
  return typeof seconds === "number" ? seconds * 1000 : undefined;
}

/** The webhook is made after it. ISO 8601 UTC. */
function endOf({ start_time_unix_secs: start, call_duration_secs: seconds }: JsonObject): string | undefined {
  return typeof start === "number" ? isoOfEpoch((start + (number(seconds) ?? 0)) * 1000) : undefined;
}

function turnOf({ role, message, time_in_call_secs, interrupted, tool_calls, tool_results }: JsonObject): JsonObject {
  return {
    role: text(role),
    message: text(message),
    time_in_call_secs: number(time_in_call_secs),
    interrupted,
    tool_calls: objectsIn(tool_calls).map(({ request_id, tool_name, params_as_json, type }) => {
      return { request_id, tool_name, params_as_json, type };
    }),
    tool_results: objectsIn(tool_results).map((result) => {
      const { request_id, tool_name, result_value, is_error, tool_latency_secs } = result;
      return { request_id, tool_name, result_value, is_error, tool_latency_secs };
    }),
  };
}

/** The schemas of the values and the prompts of the criteria are the agent's. */
function analysisOf(given: JsonObject): JsonObject {
  const { call_successful, transcript_summary, call_summary_title } = given;
  return {
    call_successful: text(call_successful),
    transcript_summary: text(transcript_summary),
    call_summary_title: text(call_summary_title),
    evaluation_criteria_results: entriesOf(given["evaluation_criteria_results"], ({ result, rationale }) => {
      return { result: text(result), rationale };
    }),
    data_collection_results: entriesOf(given["data_collection_results"], ({ value, rationale }) => {
      return { value, rationale };
    }),
  };
}

/** `fromEntries` defines own properties, so an id named `__proto__` is one like any other. */
function entriesOf(given: unknown, change: (entry: JsonObject) => JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(objectOf(given)).map(([id, entry]) => [id, change(objectOf(entry))]));
}

function objectOf(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}

function objectsIn(list: unknown): JsonObject[] {
  return Array.isArray(list) ? list.filter(isJsonObject) : [];
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function number(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}
