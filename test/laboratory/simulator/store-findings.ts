import { CORRECTED_SUMMARY } from "./analysis.ts";
import { PLANTED_SECRET } from "./platforms/platform.ts";
import type { Receiver } from "./receiver.ts";
import type { Finding } from "./report.ts";
import type { Stores } from "./stores.ts";
import type { Totals } from "./totals.ts";

/** What D1 and R2 hold beside what they should. */
export async function storeFindings(
  { platforms, rows, turns, tools, cost, versions, objects, corrected }: Totals,
  stores: Stores,
): Promise<Finding[]> {
  const row = async (what: string, expected: number, sql: string, ...values: string[]) => ({
    what: `D1 rows: ${what}`,
    expected,
    seen: await stores.count(sql, ...values),
  });
  const object = async (what: string, expected: number, prefix: string, pattern?: RegExp) => ({
    what: `R2 objects: ${what}`,
    expected,
    seen: await stores.countObjects(prefix, pattern),
  });
  const ofCorrected = `SELECT count(*) FROM calls JOIN json_each(?1) AS corrected ON corrected.value = call_id
    WHERE disposition = 'failed' OR summary = ?2`;
  const withSecret = "SELECT count(*) FROM events WHERE instr(payload, ?1) > 0";
  const ofPlatform = "SELECT count(*) FROM calls WHERE platform = ?1";
  return Promise.all([
    row("calls", rows.calls, "SELECT count(*) FROM calls"),
    row("calls, analyzed", rows.analyzed, "SELECT count(*) FROM calls WHERE status = 'analyzed'"),
    row("calls, corrected", corrected.length, ofCorrected, JSON.stringify(corrected), CORRECTED_SUMMARY),
    ...Array.from(platforms, ([name, { calls }]) => row(`calls of ${name}`, calls, ofPlatform, name)),
    row("calls, their turns", turns, "SELECT sum(transcript_turns) FROM calls"),
    row("calls, their cost in 1/100 cent", cost, "SELECT round(sum(cost_usd) * 10000) FROM calls"),
    row("calls with a version", versions, "SELECT count(agent_version) FROM calls"),
    row("tool_calls", tools.calls, "SELECT count(*) FROM tool_calls"),
    row("tool_calls, failed", tools.errors, "SELECT count(*) FROM tool_calls WHERE status = 'error'"),
    row("events", rows.events, "SELECT count(*) FROM events"),
    row("events with a secret", 0, withSecret, PLANTED_SECRET),
    row("ledger_caller_numbers", rows.callers, "SELECT count(*) FROM ledger_caller_numbers"),
    row("sync_deliveries", rows.deliveries, "SELECT count(*) FROM sync_deliveries"),
    row(
      "sync_deliveries, delivered",
      rows.deliveries,
      "SELECT count(*) FROM sync_deliveries WHERE state = 'delivered'",
    ),
    row("ledger_search_index", rows.searchable, "SELECT count(*) FROM ledger_search_index"),
    object("calls/…/transcript.json", objects.transcripts, "calls/", /^calls\/[^/]+\/transcript\.json$/),
    object("calls/…/superseded/", objects.superseded, "calls/", /^calls\/[^/]+\/superseded\//),
    object("quarantine/", objects.quarantine, "quarantine/"),
    object("all", objects.transcripts + objects.superseded + objects.quarantine, ""),
  ]);
}

/**
 * What arrived downstream beside what should: each event, and nothing that does not verify.
 * @param promise a queue delivers at least once; while nothing fails, that is once
 */
export function downstreamFindings(
  { rows }: Totals,
  { received, refused }: Receiver,
  promise: "once" | "at least once",
): Finding[] {
  const copies = [...received.values()].reduce((sum, times) => sum + times, 0);
  return [
    { what: "downstream: events delivered", expected: rows.deliveries, seen: received.size },
    ...(promise === "once"
      ? [{ what: "downstream: deliveries, verified", expected: rows.deliveries, seen: copies }]
      : []),
    { what: "downstream: deliveries refused", expected: 0, seen: refused },
  ];
}
