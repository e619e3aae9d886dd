import { countStaleSql } from "../../../../src/ledger/totals/stale.ts";
import { DAY_MILLISECONDS } from "./calls.ts";
import type { Plan } from "./plan.ts";

/** Calls that one transaction counts: some 300 ms. */
const CALLS_A_TRANSACTION = 10_000;

/**
 * The statements, for a batch each, that count the hours of a plan that are over, so that no cron has to: it would take it some
 * minutes for the busiest of ledgers.
 */
export function countStatements({ calls, days, until }: Plan): string[][] {
  const length = Math.max(1, Math.floor((CALLS_A_TRANSACTION * days) / calls)) * DAY_MILLISECONDS;
  const hourOf = (time: number) => new Date(time).toISOString().slice(0, "2024-07-15T14".length);
  const batches: string[][] = [];
  // Calls move from a weekend to the days before it.
  for (let time = until.getTime() - (days + 7) * DAY_MILLISECONDS; time < until.getTime(); time += length) {
    const [first, last] = [hourOf(time), hourOf(Math.min(time + length, until.getTime()))];
    const insert = countStaleSql.insert
      .replaceAll("?1", "'[]'")
      .replaceAll("?2", `'${first}'`)
      .replaceAll("?3", `'${last}'`)
      .replaceAll("?4", "NULL");
    const remove = countStaleSql.remove.replaceAll("?1", `'${first}'`).replaceAll("?2", `'${last}'`);
    batches.push([insert, remove]);
  }
  return batches;
}
