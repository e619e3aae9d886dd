import * as z from "zod";
import { countSpoken } from "../../events/conversation.ts";
import type { CallDirection, CallEvent, JsonObject, Turn } from "../../events/event.ts";
import {
  costUsd,
  durationSeconds,
  fieldErrors,
  id,
  idOrEmpty,
  instant,
  isJsonObject,
  jsonObject,
  latencyMs,
  listOf,
  MAX_DURATION_SECONDS,
  present,
  text,
  turnList,
  versionText,
} from "../../events/fields.ts";
import type { Decoded } from "../platform.ts";
import { messages, moment, turnsIn } from "./messages.ts";
import { ignoredTypes } from "./noise.ts";
import { withoutTranscripts } from "./without-transcripts.ts";

/** An empty id counts as absent. */
const optionalId = idOrEmpty.nullish();

const customer = z.object({ number: text.nullish(), sipUri: text.nullish() }).nullish();

const phoneNumber = z
  .object({ number: text.nullish(), twilioPhoneNumber: text.nullish(), sipUri: text.nullish() })
  .nullish();

const artifact = z
  .object({
    messages: messages.nullish(),
    recordingUrl: text.nullish(),
    recording: z.object({ mono: z.object({ combinedUrl: text.nullish() }).nullish() }).nullish(),
    variableValues: jsonObject.nullish(),
    structuredOutputs: jsonObject.nullish(),
    performanceMetrics: z
      .object({ turnLatencyAverage: latencyMs.nullish(), turnLatencies: turnList({ turnLatency: "number" }).nullish() })
      .nullish(),
    assistantActivations: listOf(z.object({ assistantId: optionalId })).nullish(),
  })
  .nullish();

const start = z.object({
  type: z.literal("status-update"),
  status: z.literal("in-progress"),
  timestamp: moment.nullish(),
  assistantVersion: versionText.nullish(),
  call: z.object({
    id,
    type: z.string().nullish(),
    assistantId: optionalId,
    squadId: optionalId,
    workflowId: optionalId,
    startedAt: instant.nullish(),
    customer,
    phoneNumber,
  }),
  assistant: z.object({ id: optionalId }).nullish(),
  customer,
  phoneNumber,
});

/** The fields of an ended call, in both bodies that have them. Older ones have `messages` and `recordingUrl` outside `artifact`. */
const conclusion = {
  endedReason: text.nullish(),
  startedAt: instant.nullish(),
  endedAt: instant.nullish(),
  cost: costUsd.nullish(),
  call: start.shape.call.extend({
    endedAt: instant.nullish(),
    endedReason: text.nullish(),
    cost: costUsd.nullish(),
    assistantOverrides: z.object({ variableValues: jsonObject.nullish() }).nullish(),
  }),
  artifact,
  messages: messages.nullish(),
  durationSeconds: durationSeconds.nullish(),
  recordingUrl: text.nullish(),
};

const end = start.extend({ status: z.literal("ended"), ...conclusion });

const report = start.omit({ status: true }).extend({
  type: z.literal("end-of-call-report"),
  ...conclusion,
  analysis: z
    .object({
      summary: text.nullish(),
      structuredData: jsonObject.nullish(),
      successEvaluation: z.union([text, z.number(), z.boolean()]).nullish(),
    })
    .nullish(),
  summary: text.nullish(),
});

export const vapiEvent = z.object({
  message: z.discriminatedUnion("type", [z.discriminatedUnion("status", [start, end]), report]),
});

type Message = z.infer<typeof vapiEvent>["message"];
type Conclusion = Omit<z.infer<typeof end>, "type" | "status">;

const statusesOfEvents: ReadonlySet<unknown> = new Set<z.infer<typeof start | typeof end>["status"]>([
  "in-progress",
  "ended",
]);

/** @param receivedAt ISO 8601 UTC */
export function decodeVapi(body: JsonObject, receivedAt: string): Decoded {
  const { type, status } = isJsonObject(body["message"]) ? body["message"] : {};
  if (ignoredTypes.has(type)) return { kind: "ignored" };
  if (type !== "status-update" && type !== "end-of-call-report") return { kind: "unrecognised" };
  if (type === "status-update" && typeof status === "string" && !statusesOfEvents.has(status)) {
    return { kind: "ignored" };
  }
  const parsed = vapiEvent.safeParse(body);
  if (!parsed.success) return { kind: "invalid", errors: fieldErrors(parsed.error) };
  const events = toCallEvents(parsed.data.message, receivedAt);
  return { kind: "events", format: "vapi", events, payload: withoutTranscripts(body) };
}

const conversation = z.object({ message: end.pick({ artifact: true, messages: true }) });

/** Returns the turns in a body; empty if there are none. */
export function turnsInBody(body: JsonObject): Turn[] {
  const parsed = conversation.safeParse(body);
  return (parsed.success && turnsIn(messagesIn(parsed.data.message))) || [];
}

function toCallEvents(payload: Message, receivedAt: string): [CallEvent, ...CallEvent[]] {
  const timestamp = payload.timestamp ?? receivedAt;
  const identified = { timestamp, call_id: payload.call.id, agent_id: agentId(payload) };
  if (payload.type === "end-of-call-report") {
    const ended = callEnd(identified, payload);
    const analysis = analysisOf(payload);
    if (analysis === undefined) return [ended];
    const isWorkedOut = !payload.timestamp;
    return [
      ended,
      {
        event: "analytics.completed",
        ...identified,
        analyzed_at: timestamp,
        ...(isWorkedOut && { worked_out: ["analyzed_at"] }),
        ...analysis,
      },
    ];
  }
  // The report outranks it, being later; of a call that never connected this may be all there is.
  if (payload.status === "ended") return [callEnd(identified, payload)];
  const { startedAt } = payload.call;
  return [
    {
      event: "call.start",
      ...identified,
      started_at: startedAt ?? timestamp,
      ...(!startedAt && { worked_out: ["started_at"] }),
      ...present({ agent_version: payload.assistantVersion }),
      ...parties(payload),
    },
  ];
}

/** Stands for an assistant, a squad or a workflow that was defined within the call and has no id. */
const TRANSIENT_AGENT = "transient";

/**
 * First what the call was made with, which all of its bodies repeat. Beside it stands the assistant that speaks at the moment,
 * one of several in a squad.
 */
function agentId(payload: Message): string {
  const { call, assistant } = payload;
  const activated = "artifact" in payload ? payload.artifact?.assistantActivations : undefined;
  const [first = TRANSIENT_AGENT] = texts(
    call.assistantId,
    call.squadId,
    call.workflowId,
    assistant?.id,
    ...(activated ?? []).map(({ assistantId }) => assistantId),
  );
  return first;
}

function callEnd(identified: Pick<CallEvent, "timestamp" | "call_id" | "agent_id">, payload: Conclusion): CallEvent {
  const { call, artifact } = payload;
  const started_at = payload.startedAt ?? call.startedAt;
  const ended_at = payload.endedAt ?? call.endedAt;
  const [recording_url] = texts(artifact?.recordingUrl, artifact?.recording?.mono?.combinedUrl, payload.recordingUrl);
  return {
    event: "call.end",
    ...identified,
    ...parties(payload),
    ended_at: ended_at ?? identified.timestamp,
    ...(!ended_at && { worked_out: ["ended_at"] }),
    ...present({
      started_at,
      duration_seconds: secondsBetween(started_at, ended_at) ?? payload.durationSeconds,
      disposition: payload.endedReason ?? call.endedReason,
      variables: artifact?.variableValues ?? call.assistantOverrides?.variableValues,
      recording_url,
      agent_version: payload.assistantVersion,
      cost_usd: payload.cost ?? call.cost,
      latency_ms: latencyOf(artifact?.performanceMetrics),
      transcript_turns: countSpoken(turnsIn(messagesIn(payload))),
    }),
  };
}

type PerformanceMetrics = NonNullable<Conclusion["artifact"]>["performanceMetrics"];

/** Returns the median of the turns (the mean of the middle two), else the mean that Vapi states. */
function latencyOf(metrics: PerformanceMetrics): number | undefined {
  const turns = (metrics?.turnLatencies ?? [])
    .flatMap(({ turnLatency }) => latencyMs.safeParse(turnLatency).data ?? [])
    .sort((one, other) => one - other);
  const [low, high] = [turns[Math.ceil(turns.length / 2) - 1], turns[Math.floor(turns.length / 2)]];
  return low === undefined || high === undefined ? (metrics?.turnLatencyAverage ?? undefined) : (low + high) / 2;
}

function secondsBetween(start: string | null | undefined, end: string | null | undefined): number | undefined {
  const seconds = start && end ? (Date.parse(end) - Date.parse(start)) / 1000 : -1;
  return seconds >= 0 && seconds <= MAX_DURATION_SECONDS ? seconds : undefined;
}

/** A web call goes neither way. */
const directions: ReadonlyMap<unknown, CallDirection> = new Map([
  ["inboundPhoneCall", "inbound"],
  ["outboundPhoneCall", "outbound"],
]);

/** The customer is the same one in both directions. */
function parties({ call, customer, phoneNumber }: Pick<Message, "call" | "customer" | "phoneNumber">) {
  const customers = texts(customer?.number, call.customer?.number, customer?.sipUri, call.customer?.sipUri);
  const numbers = [phoneNumber, call.phoneNumber];
  const [agent_phone] = texts(
    ...numbers.map((one) => one?.number),
    ...numbers.map((one) => one?.twilioPhoneNumber),
    ...numbers.map((one) => one?.sipUri),
  );
  const [caller_phone, ...caller_phones] = new Set(customers);
  return {
    ...present({ call_direction: directions.get(call.type), caller_phone, agent_phone }),
    ...(caller_phones.length > 0 && { caller_phones }),
  };
}

/** @returns `undefined` when the call was not analysed */
function analysisOf({ analysis, artifact, summary: olderSummary }: z.infer<typeof report>) {
  const success = analysis?.successEvaluation;
  // fromEntries defines own properties, so an output named __proto__ is a metric like any other.
  const metrics: JsonObject = Object.fromEntries([
    ...(success === "" ? [] : Object.entries(present({ success_evaluation: success }))),
    ...Object.entries(analysis?.structuredData ?? {}),
    ...Object.entries(artifact?.structuredOutputs ?? {}).flatMap(namedOutput),
  ]);
  const [summary] = texts(analysis?.summary, olderSummary);
  const hasMetrics = Object.keys(metrics).length > 0;
  return hasMetrics || summary !== undefined ? { ...(hasMetrics && { metrics }), ...present({ summary }) } : undefined;
}

/** `{ name, result }` under the id of the output. Anything else stays in the payload only. */
function namedOutput([id, output]: [string, unknown]): [string, unknown][] {
  if (!isJsonObject(output) || output["result"] === undefined) return [];
  return [[typeof output["name"] === "string" ? output["name"] : id, output["result"]]];
}

function messagesIn({
  artifact,
  messages: older,
}: Pick<Conclusion, "artifact" | "messages">): JsonObject[] | undefined {
  return (artifact?.messages ?? older) || undefined;
}

/** Returns the texts that are present and not empty. */
function texts(...values: (string | null | undefined)[]): string[] {
  return values.flatMap((value) => value || []);
}
