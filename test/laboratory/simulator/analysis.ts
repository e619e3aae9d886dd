import type { Dice } from "../../support/stores/dice.ts";
import type { Call, Outcome } from "./calls.ts";
import type { Topic } from "./languages.ts";

/** What post-call analysis found. */
export interface Analysis {
  /** When it was finished, milliseconds since 1970. */
  finishedAt: number;
  summary: string;
  metrics: Record<string, string | number | boolean>;
}

/** How satisfied callers are (1 to 5) after which outcome, in proportion: most are content, some are not. */
const satisfaction = {
  successful: { 5: 48, 4: 34, 3: 12, 2: 4, 1: 2 },
  transferred: { 5: 12, 4: 26, 3: 36, 2: 16, 1: 10 },
  unsuccessful: { 5: 2, 4: 8, 3: 24, 2: 34, 1: 32 },
};

const products: Record<Topic["issue"], readonly string[]> = {
  billing: ["Widget Pro", "Widget Basic", "Care Plan"],
  delivery: ["Widget Basic", "Widget Mini", "Starter Kit"],
  appointment: ["Consultation", "Care Plan"],
  renewal: ["Care Plan", "Widget Pro"],
  technical: ["Widget Pro", "Widget Mini"],
};

const MILLISECONDS_AT_LEAST = 8000;
const MILLISECONDS_AT_MOST = 240_000;

/** @param endedAt milliseconds since 1970 */
export function analyse(dice: Dice, outcome: Outcome, topic: Topic, endedAt: number): Analysis {
  const finishedAt = endedAt + dice.integer(MILLISECONDS_AT_LEAST, MILLISECONDS_AT_MOST);
  switch (outcome) {
    case "successful":
    case "transferred":
    case "unsuccessful": {
      const resolved = outcome === "successful" && dice.chance(0.95);
      return {
        finishedAt,
        summary: `The call was about ${topic.issue === "technical" ? "a technical problem" : topic.issue}. ${resolved ? "It was settled in the call." : "It is still open."}`,
        metrics: {
          satisfaction_score: Number(dice.weighted(satisfaction[outcome])),
          issue_resolved: resolved,
          follow_up_needed: !resolved && dice.chance(0.8),
          ...(dice.chance(0.85) && {
            product_discussed: dice.pick(products[topic.issue]),
          }),
        },
      };
    }
    case "no_answer":
    case "busy":
    case "cancelled":
    case "failed":
      return {
        finishedAt,
        summary: "Nobody was reached.",
        metrics: { follow_up_needed: dice.chance(0.7) },
      };
  }
}

/** The summary of a call that was analysed again, by which the ledger's row shows that the later analysis won. */
export const CORRECTED_SUMMARY = "On a second look, the call did not do what it was for.";

/** How long after a call its report comes, where nothing is analysed. */
const REPORT_MILLISECONDS = 10_000;

/** When everything is known of a call, milliseconds since 1970. */
export function reportedAt({ analysis, endedAt }: Pick<Call, "analysis" | "endedAt">): number {
  return analysis?.finishedAt ?? endedAt + REPORT_MILLISECONDS;
}
