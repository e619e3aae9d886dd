import pWaitFor from "p-wait-for";
import * as z from "zod";
import { endedCall, startAtomsConversations } from "../../../platform-apis/atoms-conversations.ts";
import type { Bundle } from "../../../support/bundle.ts";
import { COUNTS_PATH, type Counts, counts } from "../../../support/stores/counts.ts";
import { runCron } from "../../../support/stores/relay.ts";
import { openWorker, startRuntime } from "../boot.ts";
import type { Downstream } from "../downstream.ts";
import type { Report } from "../report.ts";

const CALLS = 10_000;
const MISSING_OF = 100;

/** The calls began in the hours before, one after another. */
const HOURS = 20;
const FRESHEST_MS = 10 * 60_000;

/** Requests of a run that finds nothing missing. */
const MAX_REQUESTS = 30;

/** Milliseconds between two requests of a deployed ledger: `API_PACE`. */
const PAUSE_MS = 500;

interface Run {
  requests: number;
  fetched: number;
  seconds: number;
  counts: Counts;
}

export async function reportFetching(report: Report, bundle: Bundle, downstream: Downstream): Promise<void> {
  report.section(
    "Missed calls",
    `${CALLS} conversations of ${HOURS} hours at a stand-in of Atoms' API, of which the ledger lacks one in ${MISSING_OF}; and the runs after it, of which one a day
asks for the day before by its date, a request for each hundred calls. Seconds without the pauses between requests, and with them. Rows of D1.`,
  );
  const atoms = await startAtomsConversations();
  const env = { ATOMS_API_KEY: "sk_atoms", ATOMS_API_BASE: atoms.url };
  const runtime = await startRuntime([{ ...bundle, settings: { ...bundle.settings, ...env } }], downstream.url);
  const { url, database } = await openWorker(runtime, bundle);
  const ledger = { url, database, cron: (await runtime.ready).href };
  const end = Date.now() - FRESHEST_MS;
  const ids = Array.from({ length: CALLS }, (_, index) => {
    const began = Math.round(end - (HOURS * 60 * 60_000 * (CALLS - 1 - index)) / CALLS);
    return `CALL-${began}-${index.toString(16).padStart(6, "0")}`;
  });
  for (const id of ids) atoms.put(endedCall(id));
  await fillWith(
    database,
    ids.filter((_, index) => index % MISSING_OF !== 0),
  );
  const runs = [await measureRun(ledger), await measureRun(ledger), await measureRun(ledger)] as const;
  await runtime.dispose();
  await atoms.close();
  const names = ["the first", "with the day before", "any other"];
  report.table(
    ["run", "requests", "fetched", "seconds", "with pauses", "rows read", "written", "round trips"],
    runs.map(({ requests, fetched, seconds, counts: { rowsRead, rowsWritten, d1RoundTrips } }, index) => [
      names[index] ?? "",
      ...[requests, fetched].map(String),
      seconds.toFixed(1),
      (seconds + (requests * PAUSE_MS) / 1000).toFixed(0),
      ...[rowsRead, rowsWritten, d1RoundTrips].map(String),
    ]),
  );
  const [first, , other] = runs;
  report.target(`all ${CALLS / MISSING_OF} are fetched: ${first.fetched}`, first.fetched === CALLS / MISSING_OF);
  report.target(
    `a run without anything missing takes ${MAX_REQUESTS} requests at the most: ${other.requests}`,
    other.requests <= MAX_REQUESTS && other.fetched === 0,
  );
}

/** Writes calls that came whole by their webhooks, as far as a run looks at them. */
async function fillWith(db: D1Database, ids: readonly string[]): Promise<void> {
  const named = JSON.stringify(ids);
  const at = "strftime('%Y-%m-%dT%H:%M:%fZ', CAST(substr(value, 6, 13) AS INTEGER) / 1000.0, 'unixepoch')";
  await db.batch([
    db
      .prepare(
        `INSERT INTO calls (call_id, platform, agent_id, status, started_at, updated_at, ledger_first_received_at, ledger_column_versions)
         SELECT value, 'atoms', 'agent', 'analyzed', ${at}, ${at}, ${at}, '{}' FROM json_each(?)`,
      )
      .bind(named),
    db
      .prepare(
        `INSERT INTO events (call_id, event, event_id, agent_id, occurred_at, received_at, format, payload, ledger_sha256, ledger_ingest_id)
         SELECT value, event.name, value, 'agent', ${at}, ${at}, 'atoms', '{}', '', ''
         FROM json_each(?), (SELECT 'call.start' AS name UNION SELECT 'call.end' UNION SELECT 'analytics.completed') AS event`,
      )
      .bind(named),
  ]);
}

const ended = z.object({ status: z.string(), output: z.string() });
const output = z.object({ requests: z.number(), fetched: z.number() });

interface Ledger {
  url: URL;
  database: D1Database;
  /** Where the cron is run by hand. */
  cron: string;
}

async function measureRun({ url, database, cron }: Ledger): Promise<Run> {
  const read = async () => counts.parse(await (await fetch(new URL(COUNTS_PATH, url))).json());
  await read();
  const began = performance.now();
  await runCron(cron, new Date(), undefined, "*/15 * * * *");
  let row: z.infer<typeof ended> | undefined;
  const isOver = async () => {
    const newest = "SELECT status, output FROM ledger_jobs WHERE id = (SELECT job FROM ledger_fetches)";
    row = ended.parse(await database.prepare(newest).first());
    return row.status !== "running";
  };
  await pWaitFor(isOver, { interval: 50, timeout: 240_000 });
  const seconds = (performance.now() - began) / 1000;
  if (row?.status !== "complete") throw new Error(`the run ended as ${row?.status}: ${row?.output}`);
  return { ...output.parse(JSON.parse(row.output)), seconds, counts: await read() };
}
