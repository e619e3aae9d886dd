import type { EventName } from "../../../../../src/events/event.ts";
import type { Dice } from "../../../../support/stores/dice.ts";
import { type Analysis, reportedAt } from "../../analysis.ts";
import type { Call, Outcome } from "../../calls.ts";
import { type Body, type CallBody, PLANTED_SECRET } from "../platform.ts";
import { between } from "./between.ts";
import { messagesOf, promptOf } from "./messages.ts";

/** How long after something happened Vapi sends it. */
const DELAY_MILLISECONDS = 105;

/** Of a call that nobody answered there may be no report, and there is no analysis. */
export function bodies(call: Call, dice: Dice): CallBody[] {
  const about = aboutCall(call, dice);
  const { answeredAt, endedAt, outcome } = call;
  const ended = { ...about, endedReason: endedReasons[outcome], artifact: { messages: [] } };
  return [
    ...(answeredAt === undefined
      ? []
      : [
          statusUpdate("in-progress", ["call.start"], answeredAt + DELAY_MILLISECONDS, about),
          ...between(call, answeredAt, about, dice),
        ]),
    { ...statusUpdate("ended", ["call.end"], endedAt + DELAY_MILLISECONDS, ended), turns: 0 },
    ...(answeredAt !== undefined || call.analysis ? [report(call, about, dice)] : []),
  ];
}

/** The outputs of an analysis come later than the report, in a report of their own, which wins. */
export function correction(corrected: Call, dice: Dice): CallBody {
  return report(corrected, aboutCall(corrected, dice), dice);
}

function statusUpdate(status: string, events: readonly EventName[], at: number, message: Body): CallBody {
  return { at, events, body: { message: { timestamp: at, type: "status-update", status, ...message } } };
}

const callTypes = { inbound: "inboundPhoneCall", outbound: "outboundPhoneCall", web: "webCall" };

/** What every message of a call has: the call, who takes part, and the whole assistant. */
function aboutCall({ id, agent, customerPhone, startedAt }: Call, dice: Dice): Body {
  const customer = { number: customerPhone };
  return {
    call: {
      id,
      orgId: "6d1f7a52-0000-4000-8000-0000000000aa",
      createdAt: iso(startedAt),
      updatedAt: iso(startedAt),
      type: callTypes[agent.direction],
      status: "queued",
      assistantId: agent.id,
      phoneCallProvider: "twilio",
      phoneCallProviderId: `CA${dice.hex(32)}`,
      customer,
    },
    customer,
    phoneNumber: {
      provider: "twilio",
      number: agent.phone,
      twilioAccountSid: `AC${dice.hex(32)}`,
      twilioAuthToken: `${PLANTED_SECRET}${dice.hex(32)}`,
    },
    assistant: {
      name: agent.description,
      model: { provider: "openai", model: "gpt-4o", messages: [{ role: "system", content: promptOf(agent) }] },
    },
  };
}

const endedReasons: Record<Outcome, string> = {
  successful: "assistant-ended-call",
  transferred: "assistant-forwarded-call",
  unsuccessful: "customer-ended-call",
  no_answer: "customer-did-not-answer",
  busy: "customer-busy",
  cancelled: "manually-canceled",
  failed: "twilio-failed-to-connect-call",
};

function report(call: Call, about: Body, dice: Dice): CallBody {
  const { answeredAt, endedAt, outcome, turns } = call;
  const at = reportedAt(call);
  const analysis = answeredAt === undefined ? undefined : call.analysis;
  const minutes = answeredAt === undefined ? 0 : (endedAt - answeredAt) / 60_000;
  return {
    at,
    events: analysis ? ["call.end", "analytics.completed"] : ["call.end"],
    turns: turns?.length ?? 0,
    tools: { calls: call.tools.length, errors: 0 },
    costUsd: call.costUsd,
    hasVersion: true,
    body: {
      message: {
        timestamp: at,
        type: "end-of-call-report",
        endedReason: answeredAt !== undefined && outcome === "failed" ? "customer-ended-call" : endedReasons[outcome],
        ...(answeredAt !== undefined && { startedAt: iso(answeredAt) }),
        endedAt: iso(endedAt),
        assistantVersion: call.version,
        cost: call.costUsd,
        costs: [{ type: "vapi", subType: "normal", minutes, cost: Math.round(minutes * 500) / 10_000 }],
        analysis: analysis ? vapiAnalysis(analysis) : {},
        artifact: artifact(call, analysis, dice),
        ...about,
      },
    },
  };
}

function vapiAnalysis({ summary, metrics }: Analysis): Body {
  const { issue_resolved, satisfaction_score: _output, ...structuredData } = metrics;
  return {
    summary,
    structuredData,
    ...(issue_resolved !== undefined && { successEvaluation: String(issue_resolved) }),
  };
}

/** What a call leaves behind: its messages three times over, the recording, the variables, the outputs. */
function artifact(call: Call, analysis: Analysis | undefined, dice: Dice): Body {
  const { id, agent, answeredAt, turns = [], tools, variables, latencyMs } = call;
  const recordingUrl = `https://recordings.example.com/${id}.wav`;
  const score = analysis?.metrics["satisfaction_score"];
  return {
    messages: answeredAt === undefined ? [] : messagesOf(agent, turns, answeredAt, tools),
    messagesOpenAIFormatted: [
      { role: "system", content: promptOf(agent) },
      ...turns.map(({ role, content }) => ({ role: role === "agent" ? "assistant" : role, content })),
    ],
    transcript: turns.map(({ role, content }) => `${role === "agent" ? "AI" : "User"}: ${content}\n`).join(""),
    ...(answeredAt !== undefined && { recordingUrl, recording: { mono: { combinedUrl: recordingUrl } } }),
    ...(answeredAt !== undefined && presigned(dice)),
    variableValues: variables,
    performanceMetrics: { turnLatencyAverage: latencyMs, turnLatencies: [{ turnLatency: latencyMs }] },
    ...(score !== undefined && {
      structuredOutputs: { "7c1d5e20-94ab-4f63-8d17-2b60c9e3a415": { name: "satisfaction_score", result: score } },
    }),
  };
}

/** Links that lead to the recording without a key for some time. */
export function presigned(dice: Dice): Body {
  const link = (what: string) => `https://recordings.example.com/${what}.wav?signature=${dice.hex(32)}`;
  return {
    presignedMonoUrl: link("mono"),
    presignedStereoUrl: link("stereo"),
    presignedUrlsExpiresAt: `in ${dice.integer(3000, 3600)} seconds`,
  };
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
