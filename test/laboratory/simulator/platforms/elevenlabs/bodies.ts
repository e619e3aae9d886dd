import type { Dice } from "../../../../support/stores/dice.ts";
import { type Analysis, reportedAt } from "../../analysis.ts";
import type { Call, Outcome } from "../../calls.ts";
import type { Turn } from "../../dialogue.ts";
import { countTools, type UsedTool, withTools } from "../../tools.ts";
import { type Body, type CallBody, PLANTED_SECRET } from "../platform.ts";

/** Share of the calls whose recording is sent too, and how long after the transcription. */
const RECORDED = 0.25;
const RECORDING_MILLISECONDS = 4000;

/** Of base64; real recordings have megabytes. */
const RECORDING_CHARACTERS = 80_000;

/** Nothing is sent of a call before it is over. */
export function bodies(call: Call, dice: Dice): CallBody[] {
  const { answeredAt } = call;
  if (answeredAt === undefined) return [initiationFailure(call, dice)];
  const transcription = transcriptionOf(call, answeredAt, dice);
  return dice.chance(RECORDED) ? [transcription, recording(call, transcription.at)] : [transcription];
}

/** A later analysis comes with the whole conversation once more, and wins. */
export function correction(corrected: Call, dice: Dice): CallBody {
  return transcriptionOf(corrected, corrected.answeredAt ?? corrected.startedAt, dice);
}

function sent(type: string, at: number, data: Body): Pick<CallBody, "at" | "body"> {
  return { at, body: { type, event_timestamp: seconds(at), data } };
}

function transcriptionOf(call: Call, answeredAt: number, dice: Dice): CallBody {
  const { id, agent, turns, analysis, language } = call;
  const data = {
    agent_id: agent.id,
    agent_name: agent.description,
    conversation_id: id,
    version_id: `agtvrsn_${call.version}`,
    status: "done",
    user_id: null,
    transcript: transcriptOf(call),
    metadata: {
      start_time_unix_secs: seconds(answeredAt),
      accepted_time_unix_secs: seconds(answeredAt),
      call_duration_secs: Math.round(call.durationSeconds),
      cost: Math.round(call.durationSeconds * 6),
      phone_call: phoneCall(call, dice),
      termination_reason: terminationReasons[call.outcome],
      error: null,
      main_language: language,
      text_only: false,
    },
    analysis: analysis ? analysisOf(analysis) : null,
    conversation_initiation_client_data: { dynamic_variables: dynamicVariables(call, dice) },
    has_audio: true,
  };
  const events = ["call.end", "analytics.completed"] as const;
  return {
    ...sent("post_call_transcription", reportedAt(call), data),
    events,
    turns: turns?.length ?? 0,
    tools: countTools(call.tools),
    hasVersion: true,
  };
}

/** Times are whole seconds; a turn that calls a tool has no words. */
function transcriptOf({ turns = [], tools }: Call): Body[] {
  const spoken = ({ role, content, atSecond }: Turn) => ({
    role,
    message: content,
    tool_calls: [],
    tool_results: [],
    time_in_call_secs: Math.floor(atSecond),
    interrupted: false,
  });
  return withTools(turns, tools, spoken, toolTurns);
}

function toolTurns({ id: request_id, name: tool_name, arguments: given, result, failed, ...times }: UsedTool): Body[] {
  const call = { request_id, tool_name, params_as_json: JSON.stringify(given), tool_has_been_called: true };
  const answer = {
    request_id,
    tool_name,
    result_value: JSON.stringify(result),
    is_error: failed,
    tool_latency_secs: times.durationMs / 1000,
  };
  const time_in_call_secs = Math.floor(times.atSecond);
  return [
    { role: "agent", message: null, tool_calls: [call], tool_results: null, time_in_call_secs },
    { role: "agent", message: null, tool_calls: null, tool_results: [answer], time_in_call_secs },
  ];
}

const terminationReasons: Record<Outcome, string> = {
  successful: "end_call tool was called.",
  transferred: "transfer_to_number tool was called.",
  unsuccessful: "Call ended by remote party",
  no_answer: "",
  busy: "",
  cancelled: "",
  failed: "Call ended by remote party",
};

function phoneCall({ agent, customerPhone }: Call, dice: Dice): Body {
  return {
    type: "twilio",
    direction: agent.direction,
    phone_number_id: `phnum_${dice.hex(8)}`,
    agent_number: agent.phone,
    external_number: customerPhone,
    call_sid: `CA${dice.hex(32)}`,
  };
}

function analysisOf({ summary, metrics }: Analysis): Body {
  const { issue_resolved, ...collected } = metrics;
  const result = issue_resolved === true ? "success" : "failure";
  return {
    call_successful: result,
    transcript_summary: summary,
    evaluation_criteria_results: {
      issue_resolved: { criteria_id: "issue_resolved", result, rationale: "Follows from what was said." },
    },
    data_collection_results: Object.fromEntries(
      Object.entries(collected).map(([id, value]) => [
        id,
        {
          data_collection_id: id,
          value,
          json_schema: { type: typeof value },
          rationale: "Follows from what was said.",
        },
      ]),
    ),
  };
}

function dynamicVariables({ id, agent, customerPhone, durationSeconds, variables }: Call, dice: Dice): Body {
  const isOutbound = agent.direction === "outbound";
  return {
    ...variables,
    system__agent_id: agent.id,
    system__conversation_id: id,
    system__caller_id: isOutbound ? agent.phone : customerPhone,
    system__called_number: isOutbound ? customerPhone : agent.phone,
    system__call_duration_secs: Math.round(durationSeconds),
    system__timezone: agent.timezone,
    secret__crm_token: `${PLANTED_SECRET}${dice.hex(32)}`,
  };
}

const failureReasons: Partial<Record<Outcome, string>> = { no_answer: "no-answer", busy: "busy" };

/** As Twilio reported it. */
function initiationFailure({ id, agent, customerPhone, endedAt, outcome }: Call, dice: Dice): CallBody {
  const reason = failureReasons[outcome] ?? "unknown";
  const data = {
    agent_id: agent.id,
    conversation_id: id,
    failure_reason: reason,
    metadata: {
      type: "twilio",
      body: {
        CallSid: `CA${dice.hex(32)}`,
        AccountSid: `AC${dice.hex(32)}`,
        From: agent.phone,
        To: customerPhone,
        Direction: "outbound-api",
        CallStatus: reason,
        CallDuration: "0",
      },
    },
  };
  return { ...sent("call_initiation_failure", endedAt, data), events: ["call.end"] };
}

/** The MP3 in base64. */
function recording({ id, agent }: Call, transcribedAt: number): CallBody {
  const full_audio = "SUQz".padEnd(RECORDING_CHARACTERS, "A");
  const data = { agent_id: agent.id, conversation_id: id, full_audio };
  return { ...sent("post_call_audio", transcribedAt + RECORDING_MILLISECONDS, data), events: [] };
}

function seconds(at: number): number {
  return Math.floor(at / 1000);
}
