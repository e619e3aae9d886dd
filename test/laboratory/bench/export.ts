import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import type { Bundle } from "../../support/bundle.ts";
import { queryFiles, runHourly } from "../../support/query-files.ts";
import { API_TOKEN, openWorker, startRuntime } from "./boot.ts";
import type { Downstream } from "./downstream.ts";
import { exportLines } from "./prices.ts";
import type { Report } from "./report.ts";
import { fill, writeTo } from "./seed/fill.ts";

const CALLS_A_DAY = 11_000;

const POLL_MILLISECONDS = 100;

/** Seconds in which DuckDB counts and sums all calls, once it has their files. */
const MAX_QUERY_SECONDS = 5;

const question = `SELECT strftime(called_at, '%Y-%m') AS month, agent_id, count(*) AS calls, sum(duration_seconds) AS seconds,
  avg((metrics->>'satisfaction_score')::DOUBLE) AS satisfaction FROM calls GROUP BY ALL ORDER BY ALL`;

/** Exports made-up calls, counts and sums them in DuckDB, and says what that takes. */
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
  const settings = { EXPORT_PARQUET: "on", SYNC_URL: "" };
  const runtime = await startRuntime([{ ...bundle, settings }], downstream.url);
  const { url, database } = await openWorker(runtime, bundle);
  const size = async () => (await database.prepare("SELECT 1").all()).meta.size_after;
  const before = await size();
  const until = new Date(new Date().setUTCHours(0, 0, 0, 0) - 1);
  const days = Math.ceil(calls / CALLS_A_DAY);
  await fill(writeTo(database), { calls, days, seed: 1, until, words: true });
  const inD1 = (await size()) - before;

  const cpuBefore = childrenCpuSeconds();
  const began = performance.now();
  await runHourly((await runtime.ready).href);
  const open = database.prepare("SELECT count(*) AS days FROM ledger_export_days WHERE exported_at IS NULL");
  while ((await open.first<number>("days")) !== 0) await wait(POLL_MILLISECONDS);
  const seconds = (performance.now() - began) / 1000;
  const cpu = childrenCpuSeconds() - cpuBefore;

  const asked = await queryFiles(url.href, question, API_TOKEN);
  const counted = asked.rows.reduce((sum, row) => sum + Number(row["calls"]), 0);
  const inParquet = asked.files.reduce((sum, { bytes }) => sum + bytes, 0);
  await runtime.dispose();
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
}

/** Clock ticks a second, of Linux. */
const TICKS = 100;

/** The processor's time that the children of this process have taken; 0 where there is no /proc. */
function childrenCpuSeconds(): number {
  let processes: string[];
  try {
    processes = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  } catch {
    return 0;
  }
  const ticks = processes.map((id) => {
    try {
      // After the name, which may have spaces: state, parent, and from the twelfth on user and system time.
      const [, parent, ...fields] = readFileSync(`/proc/${id}/stat`, "utf8")
        .replace(/^.*\) /s, "")
        .split(" ");
      return Number(parent) === process.pid ? Number(fields[9]) + Number(fields[10]) : 0;
    } catch {
      return 0;
    }
  });
  return ticks.reduce((sum, one) => sum + one, 0) / TICKS;
}
