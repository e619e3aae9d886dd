import type { Call, Outcome } from "../../calls.ts";
import { localTime } from "../../clock.ts";
import type { Body } from "../platform.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** The vocabulary that Atoms sends today. */
export const envelope: Vocabulary = {
  start(call, deliveryId) {
    const { from, to } = numbers(call);
    return enveloped(call, deliveryId, "pre-conversation", {
      fromPhone: from,
      toPhone: to,
    });
  },
  end(call, deliveryId) {
    return enveloped(call, deliveryId, "post-conversation", {
      recordingUrl: call.answeredAt === undefined ? null : `https://recordings.example.com/${call.id}.wav`,
      callData: {
        ...callData(call),
        callDirection: `telephony_${call.agent.direction}`,
      },
      ...(call.turns && {
        transcript: call.turns.map(({ role, content, atSecond }) => ({
          role,
          content,
          timestamp: iso((call.answeredAt ?? call.startedAt) + atSecond * 1000),
        })),
      }),
      variables: { ...platformVariables(call), ...call.variables },
    });
  },
  analytics(call, { summary, metrics }, deliveryId) {
    return enveloped(call, deliveryId, "analytics-completed", {
      analytics: {
        summary,
        dispositionMetrics: Object.entries(metrics).map(([identifier, value]) => ({
          identifier,
          value,
          confidence: 0.9,
          reasoning: "Follows from what was said.",
          dispositionMetricPrompt: `What is ${identifier}?`,
          dispositionMetricType: metricType(value),
        })),
        successMetrics: [],
      },
      callData: callData(call),
    });
  },
};

function enveloped(call: Call, deliveryId: string, eventType: string, event: Body): Body {
  const { id: agentId, description, direction } = call.agent;
  return {
    url: "https://ledger.example.com/webhooks/atoms",
    description,
    event: `${agentId}.${eventType}`,
    id: deliveryId,
    metadata: {
      agentId,
      eventType,
      conversationType: direction === "inbound" ? "telephonyInbound" : "telephonyOutbound",
      callId: call.id,
      ...event,
    },
  };
}

function callData(call: Call): Body {
  const { from, to } = numbers(call);
  return {
    fromNumber: from,
    toNumber: to,
    callDuration: call.durationSeconds,
    callStatus: callStatus(call),
    answerTime: call.answeredAt === undefined ? null : iso(call.answeredAt),
    endTime: iso(call.endedAt),
  };
}

export function numbers({ agent, customerPhone }: Call): { from: string; to: string } {
  return agent.direction === "inbound"
    ? { from: customerPhone, to: agent.phone }
    : { from: agent.phone, to: customerPhone };
}

/** Some statuses have two spellings in the field, so each direction writes one of them. */
export function callStatus({ outcome, agent }: Call): string {
  const inbound = agent.direction === "inbound";
  const statuses: Record<Outcome, string> = {
    successful: "completed",
    transferred: "completed",
    unsuccessful: "completed",
    no_answer: inbound ? "no_answer" : "no-answer",
    busy: "busy",
    cancelled: inbound ? "cancelled" : "canceled",
    failed: "failed",
  };
  return statuses[outcome];
}

function platformVariables(call: Call): Body {
  const local = localTime(call.startedAt, call.agent.utcOffsetMinutes);
  return {
    call_id: call.id,
    user_number: call.customerPhone,
    agent_number: call.agent.phone,
    conversation_type: call.agent.direction === "inbound" ? "telephonyInbound" : "telephonyOutbound",
    agent_gender: "female",
    default_language: "en",
    supported_languages: Object.keys(call.agent.languages).join(","),
    current_date: local.date,
    current_time: local.time,
    current_day: local.weekday,
    timezone: call.agent.timezone,
  };
}

function metricType(value: string | number | boolean): string {
  if (typeof value === "boolean") return "BOOLEAN";
  return typeof value === "number" ? "INTEGER" : "STRING";
}

function iso(at: number): string {
  return new Date(Math.round(at)).toISOString();
}
