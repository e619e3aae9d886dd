import type { Faults } from "../../support/stores/faults.ts";
import type { Answer } from "./delivery.ts";
import type { Receiver } from "./receiver.ts";
import { type Finding, platformFindings } from "./report.ts";
import type { Traffic } from "./send.ts";
import type { Stores } from "./stores.ts";
import type { Totals } from "./totals.ts";

/** Every call is tried three times, so that these shares of failures make one event in fifteen wait. */
export function badDay(seed: number): Faults {
  return { D1: { rate: 0.4, seed }, R2: { rate: 0.3, seed }, queue: { rate: 0.1, seed } };
}

/** What a failing store may turn an answer into. A repeated event is new while its first delivery is parked. */
const explained: Record<Answer, readonly string[]> = {
  "200 stored": ["200 stored", "200 parked"],
  "200 duplicate": ["200 duplicate", "200 stored", "200 parked"],
  // Decided before a store is asked.
  "200 ignored": ["200 ignored"],
  "200 quarantined": ["200 quarantined", "200 parked"],
  "400": ["400", "200 parked"],
  "401": ["401"],
  "422": ["422", "200 parked"],
};

/** The traffic of a bad day: only answers that no failing store explains are surprises. */
export function withoutExplained(traffic: Traffic): Traffic {
  const surprises = traffic.surprises.filter(
    ({ delivery, seen }) => !isExplained(delivery.expected, seen) && !isExplained(delivery.expected.toReversed(), seen),
  );
  return { ...traffic, surprises };
}

function isExplained(expected: readonly Answer[], seen: readonly string[]): boolean {
  return expected.every((answer, index) => explained[answer].includes(seen[index] ?? ""));
}

/** Which answer an event gets is left to chance on a bad day; that each request gets one that can be explained is not. */
export function badDayFindings(totals: Totals, traffic: Traffic): Finding[] {
  const { requests, surprises } = traffic;
  const planned = Object.values(totals.answers).reduce((sum, count) => sum + count, 0);
  return [
    { what: "requests answered", expected: planned, seen: requests },
    { what: "answers that no failing store explains", expected: 0, seen: surprises.length },
    ...platformFindings(totals, traffic),
  ];
}

/** Says what was answered, beside what a good day would have brought. */
export function printBadDay(totals: Totals, { answers }: Traffic): void {
  const planned = new Map<string, number>(Object.entries(totals.answers));
  console.log("While the stores failed at random, the ledger answered");
  for (const [answer, count] of Array.from(answers).sort()) {
    console.log(`  ${answer}: ${count} (on a good day ${planned.get(answer) ?? 0})`);
  }
  console.log("\nAnd when they were well again, and the cron had run:\n");
}

/** Whether everything that had to wait has come to its place. */
export async function hasRecovered(totals: Totals, receiver: Receiver, stores: Stores): Promise<boolean> {
  const { rows, objects } = totals;
  const pending = await stores.count("SELECT count(*) FROM sync_deliveries WHERE state = 'pending'");
  return (
    pending === 0 &&
    receiver.received.size >= rows.deliveries &&
    (await stores.count("SELECT count(*) FROM events")) >= rows.events &&
    (await stores.countObjects("parked/")) === 0 &&
    (await stores.countObjects("quarantine/")) >= objects.quarantine
  );
}
