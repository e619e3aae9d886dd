import * as z from "zod";
import { type CallDirection, type CallEvent, callDirection, type JsonObject } from "../../events/event.ts";
import { durationSeconds, fieldErrors, id, jsonObject, present, text, turnList } from "../../events/fields.ts";
import { phoneDigits } from "../../events/phone.ts";

/** ISO 8601 UTC with milliseconds; `undefined` outside the years 0000 to 9999, where text order is no time order. */
export function isoTime(unixSeconds: number): string | undefined {
  const date = new Date(unixSeconds * 1000);
  const utc = Number.isNaN(date.getTime()) ? "" : date.toISOString();
  return utc.length === "2024-07-15T14:30:00.000Z".length ? utc : undefined;
}

/** Schema of Unix seconds, read as ISO 8601 UTC with milliseconds. */
const unixSeconds = z.number().transform((seconds, context) => {
  const utc = isoTime(seconds);
  if (utc !== undefined) return utc;
  context.issues.push({ code: "custom", message: "must lie within the years 0000 to 9999", input: seconds });
  return z.NEVER;
});

/** Makes the schema of an object of objects, read as its entries. A record would drop a key named `__proto__`. */
function entriesOf<Item extends z.ZodType>(item: Item) {
  return jsonObject.transform((object, context) => {
    const entries: [string, z.output<Item>][] = [];
    for (const [key, value] of Object.entries(object)) {
      const parsed = item.safeParse(value);
      if (!parsed.success) {
        const [{ path = "", message = "" } = {}] = fieldErrors(parsed.error);
        context.issues.push({ code: "custom", message, path: path === "" ? [key] : [key, path], input: value });
        return z.NEVER;
      }
      entries.push([key, parsed.data]);
    }
    return entries;
  });
}

/** A turn that only calls a tool has no message. */
const turns = turnList({
  role: "string",
  message: "string",
  time_in_call_secs: "number",
  tool_calls: "array",
  tool_results: "array",
});

/** Calls by way of a Twilio server of the customer's own have neither a direction nor numbers here. */
const phoneCall = z.object({
  direction: z.string().nullish(),
  agent_number: text.nullish(),
  external_number: text.nullish(),
});

const analysis = z.object({
  call_successful: text.nullish(),
  transcript_summary: text.nullish(),
  evaluation_criteria_results: entriesOf(z.object({ result: text.nullish() }).nullable()).nullish(),
  data_collection_results: entriesOf(z.object({ value: z.unknown().optional() }).nullable()).nullish(),
});

const common = {
  conversation_id: id,
  agent_id: id,
  conversation_initiation_client_data: z.object({ dynamic_variables: jsonObject.nullish() }).nullish(),
};

const transcription = z.object({
  type: z.literal("post_call_transcription"),
  event_timestamp: unixSeconds.nullish(),
  data: z.object({
    ...common,
    status: z.string().nullish(),
    version_id: text.nullish(),
    transcript: turns.nullish(),
    metadata: z
      .object({
        start_time_unix_secs: unixSeconds.nullish(),
        call_duration_secs: durationSeconds.nullish(),
        termination_reason: text.nullish(),
        phone_call: phoneCall.nullish(),
      })
      .nullish(),
    analysis: analysis.nullish(),
  }),
});

const initiationFailure = z.object({
  type: z.literal("call_initiation_failure"),
  event_timestamp: unixSeconds.nullish(),
  data: z.object({
    ...common,
    failure_reason: text.nullish(),
    metadata: z.object({ body: z.object({ From: text.nullish(), To: text.nullish() }).nullish() }).nullish(),
  }),
});

export const elevenLabsEvent = z.discriminatedUnion("type", [transcription, initiationFailure]);

type ElevenLabsEvent = z.infer<typeof elevenLabsEvent>;

export const eventTypes: ReadonlySet<unknown> = new Set<ElevenLabsEvent["type"]>([
  "post_call_transcription",
  "call_initiation_failure",
]);

/** A transcription comes after the analysis of the call: it is the end of the call and its analytics at once. */
export function toCallEvents(body: ElevenLabsEvent, receivedAt: string): [CallEvent, ...CallEvent[]] {
  const { conversation_id: call_id, agent_id } = body.data;
  const timestamp = body.event_timestamp ?? receivedAt;
  const identified = { timestamp, agent_id, call_id };
  switch (body.type) {
    case "post_call_transcription": {
      const { metadata, analysis } = body.data;
      const details = present({ metrics: metrics(analysis), summary: analysis?.transcript_summary });
      const stated = endOf(metadata);
      return [
        {
          event: "call.end",
          ...identified,
          ended_at: stated ?? timestamp,
          ...(stated === undefined && { worked_out: ["ended_at"] }),
          ...endDetails(body.data),
        },
        {
          event: "analytics.completed",
          ...identified,
          analyzed_at: timestamp,
          ...(!body.event_timestamp && { worked_out: ["analyzed_at"] }),
          ...details,
        },
      ];
    }
    case "call_initiation_failure":
      return [
        {
          event: "call.end",
          ...identified,
          ended_at: timestamp,
          worked_out: ["ended_at"],
          ...failureDetails(body.data),
        },
      ];
  }
}

type Transcription = z.infer<typeof transcription>["data"];
type Failure = z.infer<typeof initiationFailure>["data"];

function endDetails({ status, version_id, transcript, metadata, conversation_initiation_client_data }: Transcription) {
  const variables = conversation_initiation_client_data?.dynamic_variables;
  const phone_call = metadata?.phone_call ?? {};
  const call_direction = callDirection.safeParse(phone_call.direction).data;
  return {
    ...present({
      call_direction,
      started_at: metadata?.start_time_unix_secs,
      duration_seconds: metadata?.call_duration_secs,
      disposition: status === "failed" ? status : nonBlank(metadata?.termination_reason),
      transcript_turns: transcript?.filter(({ message }) => nonBlank(message) !== undefined).length,
      variables,
      agent_version: nonBlank(version_id),
    }),
    ...phones(call_direction, phone_call.external_number, phone_call.agent_number, variables),
  };
}

function endOf(metadata: Transcription["metadata"]): string | undefined {
  const { start_time_unix_secs: start, call_duration_secs: duration } = metadata ?? {};
  if (typeof start !== "string" || typeof duration !== "number") return undefined;
  return isoTime(Date.parse(start) / 1000 + duration);
}

/** Only outbound calls can fail to connect. Over SIP the body names no numbers. */
function failureDetails({ failure_reason, metadata, conversation_initiation_client_data }: Failure) {
  const variables = conversation_initiation_client_data?.dynamic_variables;
  const { To: to, From: from } = metadata?.body ?? {};
  return {
    call_direction: "outbound" as const,
    ...present({ disposition: disposition(failure_reason), variables }),
    ...phones("outbound", to, from, variables),
  };
}

/** `no-answer` and `no_answer`, `canceled` and `cancelled` are one disposition each. */
function disposition(failureReason: string | null | undefined): string | undefined {
  return nonBlank(failureReason)
    ?.replaceAll("-", "_")
    .replace(/^canceled$/, "cancelled");
}

/**
 * The customer's number and the agent's. Where the platform names none, the system's variables do: these follow the call, so who
 * is who depends on its direction; a number that is known decides before it.
 */
function phones(
  direction: CallDirection | undefined,
  customerNumber: string | null | undefined,
  agentNumber: string | null | undefined,
  variables: JsonObject | null | undefined,
): Pick<CallEvent, "caller_phone" | "agent_phone" | "caller_phones"> {
  const [customer, agent] = [nonBlank(customerNumber), nonBlank(agentNumber)];
  const caller = nonBlank(variables?.["system__caller_id"]);
  const called = nonBlank(variables?.["system__called_number"]);
  const isAgentCalling = isSameNumber(caller, agent) || isSameNumber(called, customer);
  const isAgentCalled = isSameNumber(called, agent) || isSameNumber(caller, customer);
  const isOutbound = isAgentCalling || (direction === "outbound" && !isAgentCalled);
  const [variableOfCustomer, variableOfAgent] = isOutbound ? [called, caller] : [caller, called];
  // When nothing says who is who, either may be the customer's: erasure by number finds the call by both.
  const isCertain = isAgentCalling || isAgentCalled || direction !== undefined;
  const caller_phones = [variableOfCustomer, isCertain ? undefined : variableOfAgent].flatMap((number) => number ?? []);
  return {
    ...present({ caller_phone: customer ?? variableOfCustomer, agent_phone: agent ?? variableOfAgent }),
    ...(caller_phones.length > 0 && { caller_phones }),
  };
}

function isSameNumber(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && other !== undefined && phoneDigits(one) === phoneDigits(other);
}

function nonBlank(value: unknown): string | undefined {
  return typeof value === "string" && value.trim() !== "" ? value.toWellFormed() : undefined;
}

/** A criterion's result and a collected value each under its own id; a value that was not found is null. */
function metrics(analysis: Transcription["analysis"]): JsonObject | undefined {
  if (!analysis) return undefined;
  const { call_successful, evaluation_criteria_results: criteria, data_collection_results: collected } = analysis;
  // fromEntries defines own properties, so an id named __proto__ is a metric like any other.
  return Object.fromEntries([
    ...Object.entries(present({ call_successful })),
    ...(criteria ?? []).map(([key, criterion]) => [key, criterion?.result ?? null] as const),
    ...(collected ?? []).map(([key, item]) => [key, item?.value ?? null] as const),
  ]);
}
