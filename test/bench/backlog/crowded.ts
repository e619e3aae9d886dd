import pWaitFor from "p-wait-for";
import * as z from "zod";
import { readUsage } from "../../chaos/limited.ts";
import { listKeys, prefixOf } from "../../chaos/objects.ts";
import { runCron } from "../../chaos/relay.ts";
import { documentedCall } from "../../support/events.ts";
import { eventNames, signed, wholeCall } from "../bodies.ts";
import { openWorker, startRuntime } from "../boot.ts";
import type { Bundle } from "../bundle.ts";
import { openSender } from "../load.ts";
import { CALLERS_CALL, CROWD, makeCrowd, NAMED, NAMED_CALL, NAMED_PHONE } from "./crowd.ts";
import { countWaiting, timed, type Walk, walk } from "./look.ts";

const PATIENCE = { interval: 500, timeout: 600_000 };
const MAX_RUNS = 60;
const MINUTE_MILLISECONDS = 60_000;

export interface Crowded {
  counted: Awaited<ReturnType<typeof countWaiting>>;
  parked: Walk;
  quarantined: Walk;
  ofCall: Erasure;
  ofCaller: Erasure;
  /** Rows and objects of the two, and bodies of the crowd that are there beyond those of others. */
  left: number;
  replay: Replays;
  drain: { seconds: number; runs: number };
  /** The most that an invocation asked of the stores. */
  usage: Awaited<ReturnType<typeof readUsage>>;
}

export interface Erasure {
  seconds: number;
  steps: number;
  output: Erased;
}

interface Replays {
  recovered: number;
  stillInQuarantine: number;
  /** Milliseconds of each page of a hundred. */
  pages: number[];
}

const started = z.object({ job: z.string() });
const erased = z.record(z.string(), z.number());
type Erased = z.infer<typeof erased>;
const job = z.object({ status: z.string(), output: erased });
const replayed = z.object({
  recovered: z.number(),
  still_in_quarantine: z.number(),
  next_cursor: z.string().nullable(),
});

/** Counts, lists, erases, replays and recovers among a crowd of bodies. */
export async function crowded(bundle: Bundle, downstream: URL): Promise<Crowded> {
  const runtime = await startRuntime([bundle], downstream);
  const { webhook, url, database, bucket } = await openWorker(runtime, bundle);
  const sender = openSender(webhook, 1);
  const call = wholeCall(11_000, NAMED_CALL);
  for (const name of eventNames) await sender.send(call[name]);
  await sender.send(signed(documentedCall({ call_id: CALLERS_CALL }).start({ caller_phone: NAMED_PHONE })));
  sender.close();
  await makeCrowd(database, bucket);

  const counted = await countWaiting(url);
  const parked = await walk(url, "/api/parked");
  const quarantined = await walk(url, "/api/quarantine");
  await countSteps(database);
  const callPath = `/api/calls/${encodeURIComponent(NAMED_CALL)}`;
  const ofCall = await erase(url, database, callPath, { method: "DELETE" });
  const number = { method: "POST", body: JSON.stringify({ caller_phone: NAMED_PHONE }) };
  const ofCaller = await erase(url, database, "/api/erasures", number);
  // All other bodies are still there.
  const bodies = (await walk(url, "/api/parked")).bodies + (await walk(url, "/api/quarantine")).bodies;
  const left =
    bodies -
    2 * (CROWD - 2 * NAMED) +
    (await traces(NAMED_CALL, database, bucket)) +
    (await traces(CALLERS_CALL, database, bucket));
  const replay = await replayAll(url);
  const drain = await recoverAll((await runtime.ready).href, database, bucket);
  const usage = await readUsage(url.href);
  await runtime.dispose();
  return { counted, parked, quarantined, ofCall, ofCaller, left, replay, drain, usage };
}

/** Has the database count the steps of jobs: each records its progress. */
async function countSteps(db: D1Database): Promise<void> {
  await db.prepare("CREATE TABLE steps (job TEXT)").run();
  await db
    .prepare(
      "CREATE TRIGGER count_steps AFTER UPDATE OF output ON ledger_jobs BEGIN INSERT INTO steps VALUES (new.id); END",
    )
    .run();
}

async function erase(
  url: URL,
  db: D1Database,
  path: string,
  init: { method: string; body?: string },
): Promise<Erasure> {
  await db.prepare("DELETE FROM steps").run();
  const began = performance.now();
  const { body } = await timed(url, path, init);
  const state = async () => job.parse((await timed(url, `/api/jobs/${started.parse(body).job}`)).body);
  await pWaitFor(async () => (await state()).status !== "running", PATIENCE);
  const seconds = (performance.now() - began) / 1000;
  const { status, output } = await state();
  if (status !== "complete") throw new Error(`the erasure ended ${status}`);
  const steps = (await db.prepare("SELECT count(*) AS n FROM steps").first<number>("n")) ?? 0;
  return { seconds, steps, output };
}

/** How many rows and objects there are of a call. */
async function traces(callId: string, db: D1Database, bucket: R2Bucket): Promise<number> {
  const rows = await db
    .prepare(
      `SELECT (SELECT count(*) FROM calls WHERE call_id = ?1) + (SELECT count(*) FROM events WHERE call_id = ?1)
         + (SELECT count(*) FROM sync_deliveries WHERE call_id = ?1) AS n`,
    )
    .bind(callId)
    .first<number>("n");
  return (rows ?? 0) + (await listKeys(bucket, prefixOf(callId))).length;
}

/** Replays all of the quarantine, page by page. */
async function replayAll(url: URL): Promise<Replays> {
  const replays: Replays = { recovered: 0, stillInQuarantine: 0, pages: [] };
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const { body, milliseconds } = await timed(url, "/api/quarantine/replay", {
      method: "POST",
      body: JSON.stringify({ cursor }),
    });
    const page: z.infer<typeof replayed> = replayed.parse(body);
    replays.recovered += page.recovered;
    replays.stillInQuarantine += page.still_in_quarantine;
    replays.pages.push(milliseconds);
    cursor = page.next_cursor;
  }
  return replays;
}

/** Runs the cron until nothing is parked. */
async function recoverAll(url: string, db: D1Database, bucket: R2Bucket): Promise<Crowded["drain"]> {
  const query = db.prepare("SELECT count(*) AS n FROM parked_bodies");
  const began = performance.now();
  const now = Date.now();
  let runs = 0;
  for (let left = CROWD; left > 0; ) {
    if (runs === MAX_RUNS) throw new Error(`after ${runs} runs of the cron bodies are still parked`);
    await runCron(url, new Date(now + ++runs * MINUTE_MILLISECONDS), PATIENCE.timeout);
    left =
      ((await query.first<number>("n")) ?? 0) + (await bucket.list({ prefix: "parked/", limit: 1 })).objects.length;
  }
  return { seconds: (performance.now() - began) / 1000, runs };
}
