import type { Dice } from "../../../../support/stores/dice.ts";
import type { Call } from "../../calls.ts";
import type { Turn } from "../../dialogue.ts";
import { countTools, type UsedTool, withTools } from "../../tools.ts";
import type { Body, CallBody } from "../platform.ts";

/** Each event for itself, or, of agents that call, one body when all is over. */
export function bodies(call: Call, dice: Dice): CallBody[] {
  const { agent, analysis, startedAt, endedAt } = call;
  if (agent.direction === "outbound") return [whole(call, analysis?.finishedAt ?? endedAt, dice)];
  const start = { ...event(call, "call.start", startedAt, dice), ...beginning(call) };
  const found = analysis && { metrics: analysis.metrics, summary: analysis.summary };
  return [
    { at: startedAt, events: ["call.start"], hasVersion: true, body: start },
    endOf(call, endedAt, ["call.end"], {}, dice),
    ...(analysis
      ? [
          {
            at: analysis.finishedAt,
            events: ["analytics.completed"] as const,
            body: { ...event(call, "analytics.completed", analysis.finishedAt, dice), ...found },
          },
        ]
      : []),
  ];
}

/** All of a call once more, as it is seen later. */
export function whole(call: Call, at: number, dice: Dice): CallBody {
  const { analysis } = call;
  if (analysis === undefined) return endOf(call, at, ["call.end"], {}, dice);
  const { metrics, summary } = analysis;
  return endOf(call, at, ["call.end", "analytics.completed"], { metrics, summary }, dice);
}

function endOf(call: Call, at: number, events: CallBody["events"], found: Body, dice: Dice): CallBody {
  const { answeredAt, endedAt, turns, tools, costUsd } = call;
  const body = {
    ...event(call, "call.end", at, dice),
    ...beginning(call),
    started_at: iso(call.startedAt),
    ended_at: iso(endedAt),
    duration_seconds: call.durationSeconds,
    disposition: call.outcome,
    variables: call.variables,
    cost_usd: costUsd,
    ...(answeredAt !== undefined && {
      latency_ms: call.latencyMs,
      recording_url: `https://recordings.example.com/${call.id}.ogg`,
    }),
    ...(turns && { transcript: transcriptOf(call, turns) }),
    ...found,
  };
  return { at, events, turns: turns?.length, tools: countTools(tools), costUsd, hasVersion: true, body };
}

function event(call: Call, name: string, at: number, dice: Dice): Body {
  return { event: name, id: `evt_${dice.hex(20)}`, timestamp: iso(at), agent_id: call.agent.id, call_id: call.id };
}

function beginning({ agent, customerPhone, version }: Call): Body {
  return {
    call_direction: agent.direction,
    caller_phone: customerPhone,
    agent_phone: agent.phone,
    agent_version: `1.${version}.0`,
  };
}

function transcriptOf({ answeredAt, startedAt, tools }: Call, turns: readonly Turn[]): Body[] {
  const time = (second: number) => iso((answeredAt ?? startedAt) + second * 1000);
  const spoken = ({ role, content, atSecond }: Turn) => ({ role, content, timestamp: time(atSecond) });
  const used = ({ name, arguments: given, result, failed, atSecond, durationMs: duration_ms }: UsedTool) => [
    {
      kind: "tool",
      name,
      arguments: given,
      result,
      status: failed ? "error" : "ok",
      timestamp: time(atSecond),
      duration_ms,
    },
  ];
  return withTools(turns, tools, spoken, used);
}

function iso(at: number): string {
  return new Date(Math.round(at)).toISOString();
}
