import type { Dice } from "../../support/stores/dice.ts";
import { type Agent, pickAgent } from "./agents.ts";
import { type Analysis, analyse, CORRECTED_SUMMARY, reportedAt } from "./analysis.ts";
import { customerPhones } from "./customers.ts";
import { holdDialogue, type Turn } from "./dialogue.ts";
import { type LanguageCode, languages, type Topic } from "./languages.ts";
import { platforms } from "./platforms/index.ts";
import type { PlatformName } from "./platforms/platform.ts";
import { type UsedTool, useTools } from "./tools.ts";

export type AnsweredOutcome = "successful" | "transferred" | "unsuccessful";
export type Outcome = AnsweredOutcome | "no_answer" | "busy" | "cancelled" | "failed";

/** A call as it happened, before any platform puts it into words. Times are milliseconds since 1970. */
export interface Call {
  id: string;
  agent: Agent;
  customerPhone: string;
  language: LanguageCode;
  startedAt: number;
  /** undefined: nobody did. */
  answeredAt: number | undefined;
  endedAt: number;
  durationSeconds: number;
  outcome: Outcome;
  /** undefined: the platform has no list at all, as it may for calls that nobody answered. */
  turns: Turn[] | undefined;
  /** In the order of `turns`. */
  tools: UsedTool[];
  /** US dollars. */
  costUsd: number;
  /** The median of the times that the agent took to answer, milliseconds. */
  latencyMs: number;
  /** Of the agent: a new one takes over at noon. */
  version: number;
  /** What the agent collected. */
  variables: Record<string, string | number | boolean>;
  /** undefined: this call was never analysed. */
  analysis: Analysis | undefined;
}

/** Calls an hour of the day, in proportion: a morning peak, lunch, a smaller afternoon peak. */
const hours = {
  7: 2,
  8: 5,
  9: 9,
  10: 11,
  11: 9,
  12: 5,
  13: 6,
  14: 8,
  15: 9,
  16: 7,
  17: 4,
  18: 2,
  19: 1,
};
const HOUR_MILLISECONDS = 60 * 60 * 1000;
const NOON_MILLISECONDS = 12 * HOUR_MILLISECONDS;

const answeredOutcomes: Record<AnsweredOutcome, number> = {
  successful: 74,
  transferred: 14,
  unsuccessful: 12,
};
const unansweredOutcomes = {
  no_answer: 60,
  busy: 20,
  cancelled: 12,
  failed: 8,
};

/** Share of the unanswered calls that the platform still analyses. */
const ANALYSED_UNANSWERED = 0.4;
const ANALYSED_ANSWERED = 0.95;

/** How long a call goes on beyond its topic; `endless` ones have hundreds of turns. */
const lengths = { short: 45, ordinary: 42, long: 11, endless: 2 };
type Length = keyof typeof lengths;
const fillersBetween: Record<Length, readonly [low: number, high: number]> = {
  short: [0, 1],
  ordinary: [1, 6],
  long: [8, 30],
  endless: [100, 220],
};

/**
 * One call of a day, with an agent of one of these platforms.
 * @param midnight the day's beginning, milliseconds since 1970
 * @param length fixed for a day that must have one of the kind; else left to chance
 */
export function makeCall(
  dice: Dice,
  midnight: number,
  names: readonly PlatformName[],
  length: Length = dice.weighted(lengths),
): Call {
  const agent = pickAgent(dice, names);
  const startedAt =
    midnight + Number(dice.weighted(hours)) * HOUR_MILLISECONDS + dice.integer(0, HOUR_MILLISECONDS - 1);
  const code = dice.weighted(agent.languages);
  const topic: Topic = dice.pick<Topic>(languages[code].topics);
  const common = {
    id: platforms[agent.platform].callId(startedAt, dice),
    agent,
    customerPhone: dice.pick(customerPhones),
    language: code,
    startedAt,
    latencyMs: dice.integer(450, 1400),
    version: startedAt - midnight < NOON_MILLISECONDS ? 3 : 4,
  };
  const ringing = dice.integer(1500, 25_000);
  const answered = length === "endless" || dice.chance(agent.answered);
  if (!answered) {
    const outcome = dice.weighted(unansweredOutcomes);
    const endedAt = startedAt + ringing + 5000;
    return {
      ...common,
      answeredAt: undefined,
      endedAt,
      durationSeconds: 0,
      outcome,
      turns: dice.chance(0.5) ? [] : undefined,
      tools: [],
      costUsd: 0,
      variables: {},
      analysis: dice.chance(ANALYSED_UNANSWERED) ? analyse(dice, outcome, topic, endedAt) : undefined,
    };
  }

  const answeredAt = startedAt + ringing;
  const outcome = dice.weighted(answeredOutcomes);
  const { turns, seconds } = holdDialogue(dice, languages[code], topic, dice.integer(...fillersBetween[length]));
  const endedAt = answeredAt + Math.round(seconds * 1000);
  return {
    ...common,
    answeredAt,
    endedAt,
    durationSeconds: seconds,
    outcome,
    turns,
    tools: useTools(dice, turns, topic),
    costUsd: Math.round((seconds / 60) * 1100) / 10_000,
    variables: collect(dice, topic, outcome),
    analysis: dice.chance(ANALYSED_ANSWERED) ? analyse(dice, outcome, topic, endedAt) : undefined,
  };
}

/** The call as the platform sees it a little later, having thought better of it. */
export function correct(dice: Dice, call: Call): Call {
  return {
    ...call,
    endedAt: call.endedAt + dice.integer(1000, 60_000),
    outcome: "failed",
    analysis: {
      finishedAt: reportedAt(call) + dice.integer(2000, 20 * 60_000),
      summary: CORRECTED_SUMMARY,
      metrics: { ...call.analysis?.metrics, issue_resolved: false },
    },
  };
}

const customerNames = ["Customer One", "Клиент Два", "顧客三", "Cliente Cuatro", "عميل خمسة", "Kundin Sechs"];

function collect(dice: Dice, topic: Topic, outcome: AnsweredOutcome): Call["variables"] {
  return {
    customer_name: dice.pick(customerNames),
    issue_type: topic.issue,
    ...(dice.chance(0.5) && { reference: `REF-${dice.integer(1000, 9999)}` }),
    ...(dice.chance(0.3) && { newsletter: dice.chance(0.4) }),
    ...(outcome === "transferred" && {
      transfer_to: "second level",
      waited_seconds: dice.integer(5, 240),
    }),
  };
}
