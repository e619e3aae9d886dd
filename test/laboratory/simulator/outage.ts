import pWaitFor from "p-wait-for";
import { type AtomsCall, startAtomsConversations } from "../../platform-apis/atoms-conversations.ts";
import { runCron } from "../../support/stores/relay.ts";
import type { Call } from "./calls.ts";
import { DAY_HOURS, type Day, HOUR_MILLISECONDS } from "./day.ts";
import { callStatus, numbers } from "./platforms/atoms/envelope.ts";
import { printFindings } from "./report.ts";
import type { Stores } from "./stores.ts";
import { totalsOf } from "./totals.ts";

/** Hours of the day in which the Worker is down for Atoms, which sends nothing twice. */
const FROM_HOUR = 10;
const TO_HOUR = 12;

const POLL_MILLISECONDS = 200;
const RUN_MILLISECONDS = 120_000;

/** A part of the day that never reached the ledger. */
export interface Outage {
  /** Calls of which nothing arrived. */
  missed: readonly Call[];
  /** What Atoms tells of them: a start, an end, and an analysis if there is one. */
  events: number;
}

/** Takes out of a day the calls of Atoms that were over while the Worker was down. */
export function withOutage(day: Day): { day: Day; outage: Outage } {
  const midnight = day.end - DAY_HOURS * HOUR_MILLISECONDS;
  const [from, to] = [FROM_HOUR, TO_HOUR].map((hour) => midnight + hour * HOUR_MILLISECONDS);
  const isDown = (at: number) => at >= (from ?? 0) && at < (to ?? 0);
  const isLost = ({ id, agent: { platform } }: Call) =>
    platform === "atoms" && day.deliveries.filter(({ callId }) => callId === id).every(({ at }) => isDown(at));
  const missed = day.made.filter(isLost);
  const ids = new Set(missed.map(({ id }) => id));
  const deliveries = day.deliveries.filter(({ callId }) => callId === undefined || !ids.has(callId));
  const events = missed.reduce((sum, { analysis }) => sum + (analysis === undefined ? 2 : 3), 0);
  return { day: { ...day, deliveries, totals: totalsOf(deliveries) }, outage: { missed, events } };
}

/** Starts Atoms' API, which knows the calls of an outage. Its key is `sk_atoms`. */
export async function startPlatform({ missed }: Outage): Promise<Awaited<ReturnType<typeof startAtomsConversations>>> {
  const atoms = await startAtomsConversations();
  for (const call of missed) atoms.put(conversationOf(call));
  return atoms;
}

/** A call as Atoms' API has it: the words of its webhooks, but for the times that it leaves out. */
function conversationOf(call: Call): AtomsCall {
  const { id: callId, agent, durationSeconds: duration, analysis, turns, variables } = call;
  const time = (seconds: number) => new Date((call.answeredAt ?? call.startedAt) + seconds * 1000).toISOString();
  return {
    callId,
    status: callStatus(call),
    duration,
    ...numbers(call),
    type: `telephony_${agent.direction}`,
    agentId: agent.id,
    transcript: turns?.map(({ role, content, atSecond }) => ({ role, content, timestamp: time(atSecond) })),
    variables,
    ...(analysis && {
      postCallAnalytics: {
        summary: analysis.summary,
        dispositionMetrics: Object.entries(analysis.metrics).map(([identifier, value]) => ({ identifier, value })),
      },
    }),
  };
}

/** Lets the ledger fetch what it lacks, and prints what came back. Returns whether all of it did. */
export async function fetchBack(outage: Outage, url: string, stores: Stores, signal: AbortSignal): Promise<boolean> {
  const { missed, events } = outage;
  console.log(`
From ${FROM_HOUR}:00 to ${TO_HOUR}:00 the Worker was down for Atoms: ${missed.length} calls never arrived. It has Atoms' API key, so the cron fetches them.`);
  await runCron(url, new Date(), undefined, "*/15 * * * *");
  const isOver = async () => (await stores.count("SELECT count(*) FROM ledger_jobs WHERE status = 'running'")) === 0;
  await pWaitFor(isOver, { interval: POLL_MILLISECONDS, timeout: RUN_MILLISECONDS, signal });
  const fetched = (counted: string) =>
    stores.count(
      `SELECT ${counted} FROM events WHERE format = 'atoms-api' AND call_id IN (SELECT value FROM json_each(?1))`,
      JSON.stringify(missed.map(({ id }) => id)),
    );
  return printFindings([
    { what: "calls fetched back", expected: missed.length, seen: await fetched("count(DISTINCT call_id)") },
    { what: "their events", expected: events, seen: await fetched("count(*)") },
  ]);
}
