import type { EventName } from "../../../src/events/event.ts";
import { type Answer, answers, type Delivery } from "./delivery.ts";
import { type PlatformName, platformNames } from "./platforms/platform.ts";
import type { ToolCount } from "./tools.ts";

/** What the ledger must hold and have answered after a day. */
export interface Totals {
  answers: Record<Answer, number>;
  /** Of each platform that the day has: requests, and calls. */
  platforms: ReadonlyMap<PlatformName, { requests: number; calls: number }>;
  /** Rows of D1. `callers`: numbers of customers, one a call; `searchable`: calls whose words are in the index. */
  rows: {
    calls: number;
    analyzed: number;
    events: number;
    deliveries: number;
    callers: number;
    searchable: number;
  };
  /** Spoken turns of all transcripts together. */
  turns: number;
  /** Of all transcripts together. */
  tools: ToolCount;
  /** Of all calls whose platform says it, ten-thousandths of a US dollar. */
  cost: number;
  /** Calls whose platform says which version of the agent it was. */
  versions: number;
  /** Objects of R2, by their kind. */
  objects: { transcripts: number; superseded: number; quarantine: number };
  /** The calls that were corrected: to the disposition `failed`, or to the summary of the later analysis. */
  corrected: string[];
}

/** Bodies that are kept aside, each under its own digest. */
const quarantined: ReadonlySet<Answer> = new Set<Answer>(["200 quarantined", "400", "422"]);

export function totalsOf(deliveries: readonly Delivery[]): Totals {
  const stored = deliveries.filter(({ expected }) => expected.includes("200 stored"));
  const withEvent = (name: EventName) => stored.filter(({ events }) => events.includes(name));
  const given = deliveries.flatMap(({ expected }) => expected);
  const counts: Record<Answer, number> = {
    "200 stored": 0,
    "200 duplicate": 0,
    "200 ignored": 0,
    "200 quarantined": 0,
    "400": 0,
    "401": 0,
    "422": 0,
  };
  for (const answer of answers) counts[answer] = given.filter((one) => one === answer).length;
  const ends = withEvent("call.end");
  const transcripts = callsIn(ends);
  const analytics = withEvent("analytics.completed");
  const turns = turnsOfCalls(ends);
  return {
    answers: counts,
    platforms: new Map(
      platformNames.flatMap((name) => {
        const own = deliveries.filter(({ platform }) => platform === name);
        const requests = own.flatMap(({ expected }) => expected).length;
        const calls = callsIn(stored.filter(({ platform }) => platform === name));
        return requests === 0 ? [] : [[name, { requests, calls }] as const];
      }),
    ),
    rows: {
      calls: callsIn(stored),
      analyzed: callsIn(analytics),
      events: stored.flatMap(({ events }) => events).length,
      deliveries: analytics.length,
      callers: callsIn(stored.filter(({ hasNumber }) => hasNumber)),
      searchable: turns.size,
    },
    turns: Array.from(turns.values()).reduce((sum, count) => sum + count, 0),
    tools: {
      calls: mostByCall(ends, ({ tools }) => tools.calls),
      errors: mostByCall(ends, ({ tools }) => tools.errors),
    },
    cost: Math.round(mostByCall(stored, ({ costUsd = 0 }) => costUsd) * 10_000),
    versions: callsIn(stored.filter(({ hasVersion }) => hasVersion)),
    objects: {
      transcripts,
      superseded: ends.length - transcripts,
      quarantine: given.filter((answer) => quarantined.has(answer)).length,
    },
    corrected: stored.flatMap(({ content, callId = "" }) => (content === "correction" ? [callId] : [])),
  };
}

function callsIn(deliveries: readonly Delivery[]): number {
  return new Set(deliveries.map(({ callId }) => callId)).size;
}

/** Sums the highest figure of each call: bodies of one call say the same, or nothing. */
function mostByCall(deliveries: readonly Delivery[], figure: (delivery: Delivery) => number): number {
  const most = new Map<string, number>();
  for (const delivery of deliveries) {
    const { callId = "" } = delivery;
    most.set(callId, Math.max(figure(delivery), most.get(callId) ?? 0));
  }
  return Array.from(most.values()).reduce((sum, one) => sum + one, 0);
}

/** The call's last body with a transcript wins, which is the one with the most turns. */
function turnsOfCalls(ends: readonly Delivery[]): ReadonlyMap<string, number> {
  const most = new Map<string, number>();
  for (const { callId = "", turns } of ends) {
    if (turns !== undefined) most.set(callId, Math.max(turns, most.get(callId) ?? 0));
  }
  return most;
}
