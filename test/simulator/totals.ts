import { type Answer, answers, type Delivery } from "./delivery.ts";

/** What the ledger must hold and have answered after a day. */
export interface Totals {
  answers: Record<Answer, number>;
  /** Rows of D1; `searchable`: calls whose words are in the index. */
  rows: { calls: number; analyzed: number; events: number; deliveries: number; searchable: number };
  /** Objects of R2, by their kind. */
  objects: { transcripts: number; superseded: number; quarantine: number };
  /** The calls that were corrected, all to the same disposition. */
  corrected: string[];
}

/** Bodies that are kept aside, each under its own digest. */
const quarantined: ReadonlySet<Answer> = new Set<Answer>(["200 unrecognised", "400", "422"]);

export function totalsOf(deliveries: readonly Delivery[]): Totals {
  const stored = deliveries.filter(({ expected }) => expected.includes("200 stored"));
  const storedOf = (content: Delivery["content"]) => stored.filter((delivery) => delivery.content === content);
  const given = deliveries.flatMap(({ expected }) => expected);
  const counts: Record<Answer, number> = {
    "200 stored": 0,
    "200 duplicate": 0,
    "200 unrecognised": 0,
    "400": 0,
    "401": 0,
    "422": 0,
  };
  for (const answer of answers) counts[answer] = given.filter((one) => one === answer).length;
  const corrections = storedOf("correction");
  const analyses = storedOf("analytics.completed").length;
  return {
    answers: counts,
    rows: {
      calls: new Set(stored.map(({ callId }) => callId)).size,
      analyzed: analyses,
      events: stored.length,
      deliveries: analyses,
      searchable: storedOf("call.end").filter(({ hasTranscript }) => hasTranscript).length,
    },
    objects: {
      transcripts: storedOf("call.end").length,
      superseded: corrections.length,
      quarantine: given.filter((answer) => quarantined.has(answer)).length,
    },
    corrected: corrections.flatMap(({ callId }) => (callId === undefined ? [] : [callId])),
  };
}
