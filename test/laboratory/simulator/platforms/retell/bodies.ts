import type { EventName } from "../../../../../src/events/event.ts";
import type { Dice } from "../../../../support/stores/dice.ts";
import { type Analysis, reportedAt } from "../../analysis.ts";
import type { Call, Outcome } from "../../calls.ts";
import type { Turn } from "../../dialogue.ts";
import { countTools, type UsedTool, withTools } from "../../tools.ts";
import { type Body, type CallBody, PLANTED_SECRET } from "../platform.ts";

/** How long after something happened Retell sends it. */
const DELAY_MILLISECONDS = 600;

/** Share of the calls whose owner wants to hear of every sentence. */
const UPDATED = 0.3;

/** A call that never connected has no start. */
export function bodies(call: Call, dice: Dice): CallBody[] {
  const { answeredAt, endedAt, analysis } = call;
  const begun = begunCall(call, dice);
  const ended = { ...begun, ...endOf(call) };
  return [
    ...(answeredAt === undefined
      ? []
      : [
          sent("call_started", ["call.start"], answeredAt + DELAY_MILLISECONDS, { ...begun, call_status: "ongoing" }),
          ...between(call, answeredAt, begun, dice),
        ]),
    {
      ...sent("call_ended", ["call.end"], endedAt + DELAY_MILLISECONDS, ended),
      turns: call.turns?.length,
      tools: countTools(call.tools),
      costUsd: call.costUsd,
    },
    ...(analysis ? [analyzed(analysis, ended, call.costUsd)] : []),
  ];
}

/** The analysis is made once more, and what it finds later wins. */
export function correction(corrected: Call, dice: Dice): CallBody {
  const { analysis = { finishedAt: reportedAt(corrected), summary: "", metrics: {} } } = corrected;
  return analyzed(analysis, { ...begunCall(corrected, dice), ...endOf(corrected) }, corrected.costUsd);
}

function sent(event: string, events: readonly EventName[], at: number, call: Body): CallBody {
  return { at, events, hasVersion: true, body: { event, event_timestamp: at, call } };
}

function analyzed(analysis: Analysis, ended: Body, costUsd: number): CallBody {
  const call = { ...ended, call_analysis: callAnalysis(analysis) };
  return { ...sent("call_analyzed", ["analytics.completed"], analysis.finishedAt, call), costUsd };
}

/** What every body of a call has. */
function begunCall(call: Call, dice: Dice): Body {
  const { agent, answeredAt, customerPhone, variables } = call;
  const isOutbound = agent.direction === "outbound";
  return {
    ...(agent.direction === "web"
      ? { call_type: "web_call", access_token: `${PLANTED_SECRET}${dice.hex(32)}` }
      : {
          call_type: "phone_call",
          direction: agent.direction,
          from_number: isOutbound ? agent.phone : customerPhone,
          to_number: isOutbound ? customerPhone : agent.phone,
          telephony_identifier: { twilio_call_sid: `CA${dice.hex(32)}` },
        }),
    call_id: call.id,
    agent_id: agent.id,
    agent_version: call.version,
    agent_name: agent.description,
    ...(answeredAt !== undefined && { start_timestamp: answeredAt }),
    metadata: { language: call.language },
    retell_llm_dynamic_variables: asTexts({ customer_name: variables["customer_name"] ?? "unknown" }),
  };
}

const disconnectionReasons: Record<Outcome, string> = {
  successful: "agent_hangup",
  transferred: "call_transfer",
  unsuccessful: "user_hangup",
  no_answer: "dial_no_answer",
  busy: "dial_busy",
  cancelled: "user_declined",
  failed: "dial_failed",
};

function endOf(call: Call): Body {
  const { answeredAt, endedAt, outcome, turns } = call;
  const common = { disconnection_reason: disconnectionReasons[outcome], ...conversation(call) };
  if (answeredAt === undefined) {
    return { ...common, call_status: "not_connected", duration_ms: 0, call_cost: { combined_cost: 0 } };
  }
  const seconds = (endedAt - answeredAt) / 1000;
  return {
    ...common,
    call_status: "ended",
    end_timestamp: endedAt,
    duration_ms: endedAt - answeredAt,
    recording_url: `https://recordings.example.com/${call.id}/recording.wav`,
    public_log_url: `https://recordings.example.com/${call.id}/public.log`,
    collected_dynamic_variables: asTexts(call.variables),
    latency: { e2e: { p50: call.latencyMs, num: turns?.length ?? 0 } },
    call_cost: { combined_cost: call.costUsd * 100, total_duration_seconds: Math.round(seconds) },
  };
}

function conversation({ turns, tools }: Pick<Call, "turns" | "tools">): Body {
  if (turns === undefined) return {};
  const transcript = turns.map(({ role, content }) => `${role === "agent" ? "Agent" : "User"}: ${content}\n`);
  const utterances = turns.map(utterance);
  return {
    transcript: transcript.join(""),
    transcript_object: utterances,
    transcript_with_tool_calls: withTools(turns, tools, utterance, toolCall),
  };
}

function toolCall({
  id: tool_call_id,
  name,
  arguments: given,
  result,
  failed,
  atSecond,
  durationMs,
}: UsedTool): Body[] {
  return [
    {
      role: "tool_call_invocation",
      tool_call_id,
      name,
      arguments: JSON.stringify(given),
      time_sec: rounded(atSecond),
    },
    {
      role: "tool_call_result",
      tool_call_id,
      successful: !failed,
      content: JSON.stringify(result),
      time_sec: rounded(atSecond + durationMs / 1000),
    },
  ];
}

/** Seconds that a word takes. */
const WORD_SECONDS = 0.3;

function utterance({ role, content, atSecond }: Turn): Body {
  const words = content.split(" ").map((word, index) => {
    const start = rounded(atSecond + index * WORD_SECONDS);
    return { word, start, end: rounded(start + WORD_SECONDS) };
  });
  return { role, content, words };
}

function rounded(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}

function callAnalysis({ summary, metrics }: Analysis): Body {
  const { satisfaction_score: score, issue_resolved: call_successful, ...custom_analysis_data } = metrics;
  return {
    call_summary: summary,
    in_voicemail: false,
    ...(typeof score === "number" && { user_sentiment: score > 3 ? "Positive" : score < 3 ? "Negative" : "Neutral" }),
    ...(call_successful !== undefined && { call_successful }),
    custom_analysis_data,
  };
}

/** All that was said so far, again and again, and the transfer: nothing of it is for a ledger. */
function between({ turns = [], outcome, endedAt }: Call, answeredAt: number, begun: Body, dice: Dice): CallBody[] {
  const updates = dice.chance(UPDATED) ? turns.slice(0, 3).keys() : [];
  return [
    ...Array.from(updates, (index) => {
      const at = answeredAt + Math.round((turns[index]?.atSecond ?? 0) * 1000) + DELAY_MILLISECONDS;
      const call = { ...begun, ...conversation({ turns: turns.slice(0, index + 1), tools: [] }) };
      return sent("transcript_updated", [], at, call);
    }),
    ...(outcome === "transferred" ? ["transfer_started", "transfer_bridged"] : []).map((event) =>
      sent(event, [], endedAt, { ...begun, transfer_destination: { type: "predefined" } }),
    ),
  ];
}

/** Dynamic variables are texts. */
function asTexts(variables: Call["variables"]): Record<string, string> {
  return Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, String(value)]));
}
