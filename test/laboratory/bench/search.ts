import type { Bundle } from "../../support/bundle.ts";
import { COUNTS_PATH, counts } from "../../support/stores/counts.ts";
import { callEnds } from "./bodies.ts";
import { boot } from "./boot.ts";
import type { Downstream } from "./downstream.ts";
import { openSender, sendAll } from "./load.ts";
import type { Report } from "./report.ts";

const EVENTS = 1000;
const BODY_BYTES = 11_000;
const AT_A_TIME = 8;

/** @param bundles of ledgers that count what they ask of their stores, with words searched and without */
export async function reportSearch(report: Report, bundles: readonly Bundle[], downstream: Downstream): Promise<void> {
  report.section(
    "Search",
    `What it costs that calls are found by their words: ${EVENTS} call.end events of ${BODY_BYTES / 1000} KB each. Rows written as D1 counts them: one for
the words, whatever the full text index writes behind it in tables of its own, whose rows are counted beside.`,
  );
  const rows = [];
  for (const bundle of bundles) rows.push(await measure(bundle, downstream));
  report.table(["Worker", "rows written a call.end", "rows of the index a call", "KB of D1 a call"], rows);
}

async function measure(bundle: Bundle, downstream: Downstream): Promise<string[]> {
  const worker = await boot(bundle, downstream.url);
  const size = async () => (await worker.database.prepare("SELECT 1").all()).meta.size_after;
  const before = await size();
  const sender = openSender(worker.webhook, AT_A_TIME);
  await sendAll(sender, callEnds(EVENTS, BODY_BYTES), AT_A_TIME);
  sender.close();
  const answer = await fetch(new URL(COUNTS_PATH, worker.url).href);
  const { rowsWritten } = counts.parse(await answer.json());
  const indexRows = await worker.database
    .prepare(
      `SELECT (SELECT count(*) FROM ledger_search_index_data) + (SELECT count(*) FROM ledger_search_index_idx)
         + (SELECT count(*) FROM ledger_search_index_docsize) AS rows`,
    )
    .first<number>("rows");
  const kilobytes = ((await size()) - before) / EVENTS / 1000;
  await worker.stop();
  return [bundle.name, (rowsWritten / EVENTS).toFixed(2), ((indexRows ?? 0) / EVENTS).toFixed(2), kilobytes.toFixed(1)];
}
