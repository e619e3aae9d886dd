import { setTimeout as wait } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import type { Bundle } from "../../support/bundle.ts";
import { queryFiles, runHourly } from "../../support/query-files.ts";
import { API_TOKEN, openWorker, startRuntime } from "./boot.ts";
import type { Downstream } from "./downstream.ts";
import { LEAVING_SETTINGS, NEWEST_DAYS, reportLettingGo } from "./letting-go.ts";
import { exportLines } from "./prices.ts";
import { childrenCpuSeconds } from "./processor.ts";
import type { Report } from "./report.ts";
import { fill, writeTo } from "./seed/fill.ts";

const CALLS_A_DAY = 11_000;

const POLL_MILLISECONDS = 100;

/** Seconds in which DuckDB counts and sums all calls, once it has their files. */
const MAX_QUERY_SECONDS = 5;

const question = `SELECT strftime(called_at, '%Y-%m') AS month, agent_id, count(*) AS calls, sum(duration_seconds) AS seconds,
  avg((metrics->>'satisfaction_score')::DOUBLE) AS satisfaction FROM calls GROUP BY ALL ORDER BY ALL`;

/** Exports made-up calls, counts and sums them in DuckDB, lets them go, and says what that takes. */
export async function reportExport(
  report: Report,
  bundle: Bundle,
  calls: number,
  downstream: Downstream,
): Promise<void> {
  report.section(
    "Export",
    `${calls} made-up calls with three events each, ${CALLS_A_DAY} a day, written as Parquet by the Workflow, read back and compared. The processor's time
is that of the runtime, stores included.`,
  );
  const settings = { EXPORT_PARQUET: "on", SYNC_URL: "", ...LEAVING_SETTINGS };
  const runtime = await startRuntime([{ ...bundle, settings }], downstream.url);
  const { url, database, bucket } = await openWorker(runtime, bundle);
  const size = async () => (await database.prepare("SELECT 1").all()).meta.size_after;
  const before = await size();
  const until = new Date(new Date().setUTCHours(-24 * NEWEST_DAYS, 0, 0, 0) - 1);
  const days = Math.ceil(calls / CALLS_A_DAY);
  await fill(writeTo(database), { calls, days, seed: 1, until, words: true });
  // Nothing is delivered here, and calls wait for their deliveries before they leave.
  await database.exec("UPDATE sync_deliveries SET state = 'delivered', overdue_at = NULL WHERE state = 'pending'");
  const inD1 = (await size()) - before;

  const cpuBefore = childrenCpuSeconds();
  const began = performance.now();
  // The local runtime answers only once the Workflow that it starts has ended, and nobody waits for that long.
  runHourly((await runtime.ready).href).catch(() => undefined);
  const open = database.prepare("SELECT count(*) AS days FROM ledger_export_days WHERE exported_at IS NULL");
  while ((await open.first<number>("days")) !== 0) await wait(POLL_MILLISECONDS);
  const seconds = (performance.now() - began) / 1000;
  const cpu = childrenCpuSeconds() - cpuBefore;

  const asked = await queryFiles(url.href, question, API_TOKEN);
  const counted = asked.rows.reduce((sum, row) => sum + Number(row["calls"]), 0);
  const inParquet = asked.files.reduce((sum, { bytes }) => sum + bytes, 0);
  report.table(
    ["calls", "a second", "CPU ms a thousand", "bytes a call in D1", "in Parquet", "files", "DuckDB, seconds"],
    [
      [
        String(calls),
        ...[calls / seconds, (cpu * 1e6) / calls, inD1 / calls, inParquet / calls].map((figure) => figure.toFixed(0)),
        String(asked.files.length),
        asked.seconds.toFixed(2),
      ],
    ],
  );
  report.table(
    ["what", "of a thousand calls", "dollars a million calls"],
    exportLines({ calls, days, files: asked.files.length, bytes: inParquet, cpuSeconds: cpu }).map(
      ({ what, count, dollars }) => [what, ((count * 1000) / calls).toFixed(2), dollars.toFixed(3)],
    ),
  );
  report.target(`DuckDB counts all ${calls} calls: ${counted}`, counted === calls);
  report.target(
    `and sums them within ${MAX_QUERY_SECONDS} s: ${asked.seconds.toFixed(2)}`,
    asked.seconds <= MAX_QUERY_SECONDS,
  );
  await reportLettingGo(report, {
    runtime,
    name: bundle.name,
    url,
    database,
    bucket,
    calls,
    bytesBefore: before,
    inD1,
  });
  const still = await queryFiles(url.href, question, API_TOKEN);
  report.target("DuckDB says the same of them", isDeepStrictEqual(still.rows, asked.rows));
  await runtime.dispose();
}
