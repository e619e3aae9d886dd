import { setTimeout as wait } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import type { Miniflare } from "miniflare";
import { insertJob, readJob } from "../../../src/ledger/jobs.ts";
import { firstHotDay } from "../../../src/letting-go/start.ts";
import { nothingLeft, performStep } from "../../../src/letting-go/step.ts";
import { counter } from "../../support/stores/counted.ts";
import type { Counts } from "../../support/stores/counts.ts";
import { runCron } from "../../support/stores/relay.ts";
import { wrapStores } from "../../support/stores/wrapped-stores.ts";
import { API_TOKEN, type OpenWorker } from "./boot.ts";
import { lettingGoLines } from "./prices.ts";
import { childrenCpuSeconds } from "./processor.ts";
import type { Report } from "./report.ts";

const HOT_DAYS = 1;

export const LEAVING_SETTINGS = { HOT_DAYS: String(HOT_DAYS) };

/** Full days before today that have no calls, so that every day with calls is old enough to leave. */
export const NEWEST_DAYS = HOT_DAYS;

const POLL_MILLISECONDS = 200;

/** A million calls take a quarter of an hour. */
const MAX_MILLISECONDS = 60 * 60 * 1000;

/** Calls of the steps that are counted. */
const COUNTED_CALLS = 2_000;

/** Objects of which the mean size is that of all. */
const SAMPLED_OBJECTS = 1_000;

interface Exported extends Pick<OpenWorker, "url" | "database" | "bucket"> {
  runtime: Miniflare;
  /** Of the Worker. */
  name: string;
  calls: number;
  /** Of an empty database. */
  bytesBefore: number;
  /** Bytes of the calls. */
  inD1: number;
}

/** Lets exported calls go, and says what that takes and what it leaves in D1. */
export async function reportLettingGo(report: Report, exported: Exported): Promise<void> {
  const { runtime, name, url, database, bucket, calls, bytesBefore, inD1 } = exported;
  report.section(
    "Letting go",
    `The same calls: the rows of each are put into R2, and then leave D1, an hour of calls in each step of the Workflow. Rows and objects are counted
of the first steps.`,
  );
  const statistics = await readStatistics(url);
  const first = await countSteps(await runtime.getBindings<Env>(name));

  const cpuBefore = childrenCpuSeconds();
  const began = performance.now();
  // The local runtime answers only once the Workflow that it starts has ended, and nobody waits for that long.
  runCron((await runtime.ready).href, new Date(), MAX_MILLISECONDS).catch(() => undefined);
  const inDatabase = database.prepare("SELECT count(*) AS calls FROM calls");
  const ended = database.prepare("SELECT count(*) AS jobs FROM ledger_jobs WHERE status = 'complete'");
  while ((await ended.first<number>("jobs")) === 0) await wait(POLL_MILLISECONDS);
  const seconds = (performance.now() - began) / 1000;
  const cpu = childrenCpuSeconds() - cpuBefore;
  const others = calls - first.calls;

  const stay = await inDatabase.first<number>("calls");
  const left = (await database.prepare("SELECT 1").all()).meta.size_after - bytesBefore;
  const records = await bytesOfRecord(bucket);
  report.table(
    ["calls", "a second", "CPU ms a thousand", "bytes a call in D1 before", "after", "in record.json"],
    [
      [
        String(others),
        ...[others / seconds, (cpu * 1e6) / others, inD1 / calls, left / calls, records].map((one) => one.toFixed(0)),
      ],
    ],
  );
  const part = { calls: first.calls, cpuSeconds: (cpu * first.calls) / others, bytes: records * first.calls };
  report.table(
    ["what", "of a thousand calls", "dollars a million calls"],
    lettingGoLines(first.counts, part).map(({ what, count, dollars }) => [
      what,
      ((count * 1000) / first.calls).toFixed(2),
      dollars.toFixed(3),
    ]),
  );
  report.target(`all calls left D1: ${stay} stay`, stay === 0);
  report.target("and the statistics are the same", isDeepStrictEqual(await readStatistics(url), statistics));
}

/** Performs steps in this process, and counts what they ask of the stores. */
async function countSteps(env: Env): Promise<{ calls: number; counts: Counts }> {
  const { count, take } = counter();
  const { DB: db, ARCHIVE: bucket } = wrapStores(env, count);
  const now = new Date();
  const subject = JSON.stringify({ before: firstHotDay(now, HOT_DAYS) });
  const job = { kind: "letting-go", subject, output: JSON.stringify(nothingLeft), position: null } as const;
  await insertJob(env.DB, { id: "first steps", ...job }, now, now);
  let calls = 0;
  while (calls < COUNTED_CALLS) {
    const row = await readJob(env.DB, "first steps");
    const left = row && (await performStep(row, 0, { db, bucket }));
    if (left === undefined) break;
    calls += left;
  }
  await env.DB.exec("DELETE FROM ledger_jobs");
  return { calls, counts: take() };
}

/** The mean size of the objects that hold the rows of calls. */
async function bytesOfRecord(bucket: R2Bucket): Promise<number> {
  const { objects } = await bucket.list({ prefix: "calls/", limit: SAMPLED_OBJECTS });
  const sizes = objects.filter(({ key }) => key.endsWith("record.json")).map(({ size }) => size);
  return sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
}

/** Reads all figures of the last hundred days, but for what goes on now. */
async function readStatistics(url: URL): Promise<unknown> {
  const from = new Date(Date.now() - 100 * 24 * 60 * 60 * 1000).toISOString().slice(0, "2024-07-15".length);
  const headers = { Authorization: `Bearer ${API_TOKEN}` };
  const response = await fetch(new URL(`/api/stats?from=${from}`, url), { headers });
  const { to, database_bytes, live, sync, ...figures } = Object(await response.json());
  return figures;
}
