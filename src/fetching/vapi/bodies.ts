import * as z from "zod";
import type { JsonObject } from "../../events/event.ts";
import { instant, isJsonObject } from "../../events/fields.ts";
import { ApiError, type PlatformApi } from "../api.ts";
import { type FetchedBody, firstTime, type ListedCall, type WantedEvent } from "../client.ts";

const moment = instant.nullish().catch(undefined);

/** The times of a call; the rest of it is picked out below. */
const timed = z.looseObject({ id: z.string(), createdAt: moment, startedAt: moment, endedAt: moment });
type Call = z.infer<typeof timed>;

/** Makes the start and the report of a call. Assistants, prompts, credentials and links that expire are left out. */
export async function bodiesOf(
  { call_id, createdAt }: ListedCall,
  _lacks: ReadonlySet<WantedEvent>,
  api: PlatformApi,
): Promise<FetchedBody[]> {
  const { data } = timed.safeParse(await api.get(`/call/${encodeURIComponent(call_id)}`));
  if (data?.id !== call_id) throw new ApiError("unreadable", `GET /call/${call_id}: an unknown shape`);
  const call = { ...callOf(data), phoneNumber: await phoneNumberOf(data, api) };
  const { startedAt, endedAt } = data;
  const began = firstTime(call_id, [startedAt ?? undefined, createdAt]);
  const report = { type: "end-of-call-report", call, ...reportOf(data) };
  const start = { type: "status-update", status: "in-progress", call };
  return [...(startedAt ? [bodyOf(start, began)] : []), bodyOf(report, endedAt ?? began)];
}

function bodyOf(message: JsonObject, time: string): FetchedBody {
  return { body: { message }, time };
}

function callOf(given: Call): JsonObject {
  const { id, type, assistantId, squadId, workflowId, createdAt, startedAt, endedAt, endedReason, cost } = given;
  return {
    ...textsOf({ id, type, assistantId, squadId, workflowId, endedReason }),
    createdAt,
    startedAt,
    endedAt,
    cost: number(cost),
    customer: partyOf(given["customer"]),
  };
}

function partyOf(given: unknown): JsonObject | undefined {
  if (!isJsonObject(given)) return undefined;
  const { number: phone, sipUri, twilioPhoneNumber } = given;
  return textsOf({ number: phone, sipUri, twilioPhoneNumber });
}

/** A call names the number of its agent by an id. That it cannot be had is no reason to go without the call. */
async function phoneNumberOf(
  { phoneNumber, phoneNumberId: id }: Call,
  api: PlatformApi,
): Promise<JsonObject | undefined> {
  const party = partyOf(phoneNumber);
  if (Object.values(party ?? {}).some(Boolean) || typeof id !== "string" || id === "") return party;
  try {
    return partyOf(await api.get(`/phone-number/${encodeURIComponent(id)}`));
  } catch (error) {
    if (error instanceof ApiError && ["not-found", "unreadable", "refused"].includes(error.kind)) return undefined;
    throw error;
  }
}

function reportOf(given: Call): JsonObject {
  const { artifact, analysis, messages, summary, recordingUrl, startedAt, endedAt, endedReason, cost } = given;
  const { summary: newer, structuredData, successEvaluation: success } = objectOf(analysis);
  const isEvaluated = ["string", "number", "boolean"].includes(typeof success);
  return {
    startedAt,
    endedAt,
    cost: number(cost),
    ...textsOf({ endedReason, summary, recordingUrl }),
    messages: messagesOf(messages),
    artifact: artifactOf(objectOf(artifact)),
    analysis: {
      ...textsOf({ summary: newer }),
      structuredData: isJsonObject(structuredData) ? structuredData : undefined,
      successEvaluation: isEvaluated ? success : undefined,
    },
  };
}

function artifactOf(given: JsonObject): JsonObject {
  const { messages, recordingUrl, recording, variableValues, structuredOutputs, performanceMetrics } = given;
  const { combinedUrl } = objectOf(objectOf(recording)["mono"]);
  const { turnLatencyAverage, turnLatencies } = objectOf(performanceMetrics);
  return {
    ...textsOf({ recordingUrl }),
    recording: { mono: textsOf({ combinedUrl }) },
    messages: messagesOf(messages),
    variableValues: isJsonObject(variableValues) ? variableValues : undefined,
    structuredOutputs: Object.fromEntries(
      Object.entries(objectOf(structuredOutputs)).map(([id, output]) => {
        const { name, result } = objectOf(output);
        return [id, { name, result }];
      }),
    ),
    performanceMetrics: {
      turnLatencyAverage: number(turnLatencyAverage),
      turnLatencies: objectsIn(turnLatencies).map(({ turnLatency }) => ({ turnLatency: number(turnLatency) })),
    },
    assistantActivations: objectsIn(given["assistantActivations"]).map(({ assistantId }) => textsOf({ assistantId })),
  };
}

/** Without those of the system, which are the prompt. */
function messagesOf(list: unknown): JsonObject[] | undefined {
  if (!Array.isArray(list)) return undefined;
  const spoken = objectsIn(list).filter(({ role }) => role !== "system" && role !== "developer");
  return spoken.map(({ role, message, time, endTime, toolCalls, toolCallId, name, result }) => ({
    ...textsOf({ role, message, toolCallId, name }),
    time: number(time),
    endTime: number(endTime),
    toolCalls: Array.isArray(toolCalls) ? objectsIn(toolCalls).map(toolCallOf) : undefined,
    result,
  }));
}

function toolCallOf({ id, function: called }: JsonObject): JsonObject {
  const { name, arguments: given } = objectOf(called);
  return { id, function: { name, arguments: given } };
}

/** Returns the members that are texts. */
function textsOf(members: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => typeof value === "string"));
}

function number(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

function objectOf(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}

function objectsIn(list: unknown): JsonObject[] {
  return Array.isArray(list) ? list.filter(isJsonObject) : [];
}
