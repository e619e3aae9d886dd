import type { Statistics } from "../../ledger/statistics.ts";
import type { Bar } from "../charts/bars.tsx";
import type { TrendPoint } from "../charts/trend.tsx";
import { counted, formatCount } from "../numbers.ts";
import type { Steps } from "./steps.ts";

/** Calls in a step of time. */
export interface StepCount {
  label: string;
  calls: number;
  analyzed: number;
}

/** Adds up counts by the step they belong to; a step without any counts 0. */
export function countSteps(
  steps: Steps,
  counts: readonly { time: string; calls: number; analyzed: number }[],
): StepCount[] {
  const sums = steps.labels.map(({ long }) => ({ label: long, calls: 0, analyzed: 0 }));
  for (const { time, calls, analyzed } of counts) {
    const sum = sums[steps.indexOf(time)];
    if (sum === undefined) continue;
    sum.calls += calls;
    sum.analyzed += analyzed;
  }
  return sums;
}

/** The same as bars. */
export function barsOf(steps: Steps, counts: readonly StepCount[]): Bar[] {
  return counts.map(({ label, calls, analyzed }, index) => ({
    label: steps.labels[index]?.short ?? "",
    part: analyzed,
    whole: calls,
    told: `${label}: ${counted(calls, "call")}, ${formatCount(analyzed)} analyzed`,
  }));
}

/** What an agent's calls of the range came to. */
export interface AgentCounts {
  agent_id: string;
  calls: number;
  ended: number;
  analyzed: number;
  total_duration_seconds: number;
}

/** Adds up the days of each agent, those with most calls first. */
export function countAgents(days: Statistics["days"]): AgentCounts[] {
  const sums = new Map<string, AgentCounts>();
  for (const { agent_id, calls, ended, analyzed, total_duration_seconds } of days) {
    const sum = sums.get(agent_id) ?? { agent_id, calls: 0, ended: 0, analyzed: 0, total_duration_seconds: 0 };
    sum.calls += calls;
    sum.ended += ended;
    sum.analyzed += analyzed;
    sum.total_duration_seconds += total_duration_seconds;
    sums.set(agent_id, sum);
  }
  return [...sums.values()].sort((one, other) => other.calls - one.calls);
}

/** The trend of one metric; a step of several days has the average of their calls. */
export function trendOf(steps: Steps, days: Statistics["metric_trend"]): TrendPoint[] {
  const sums = new Map<number, { calls: number; total: number }>();
  for (const { day, average, calls } of days) {
    const step = steps.indexOf(day);
    const sum = sums.get(step) ?? { calls: 0, total: 0 };
    sums.set(step, { calls: sum.calls + calls, total: sum.total + average * calls });
  }
  return [...sums]
    .map(([step, { calls, total }]) => ({ step, value: total / calls }))
    .sort((one, other) => one.step - other.step);
}
