import pWaitFor from "p-wait-for";
import * as z from "zod";
import { readUsage } from "../../chaos/limited.ts";
import { listKeys, prefixOf } from "../../chaos/objects.ts";
import { runCron } from "../../chaos/relay.ts";
import { eventNames, wholeCall } from "../bodies.ts";
import { openWorker, startRuntime } from "../boot.ts";
import type { Bundle } from "../bundle.ts";
import { openSender } from "../load.ts";
import { CROWD, makeCrowd, NAMED, NAMED_CALL } from "./crowd.ts";
import { countWaiting, timed, type Walk, walk } from "./look.ts";

const PATIENCE = { interval: 500, timeout: 600_000 };
const MAX_RUNS = 60;
const MINUTE_MILLISECONDS = 60_000;

export interface Crowded {
  counted: Awaited<ReturnType<typeof countWaiting>>;
  parked: Walk;
  quarantined: Walk;
  /** `left`: rows and objects of the call, and bodies that name it. */
  erasure: { seconds: number; steps: number; output: Erased; left: number };
  replay: { milliseconds: number; recovered: number; stillInQuarantine: number };
  drain: { seconds: number; runs: number };
  /** The most that an invocation asked of the stores. */
  usage: Awaited<ReturnType<typeof readUsage>>;
}

const started = z.object({ job: z.string() });
const erased = z.record(z.string(), z.number());
type Erased = z.infer<typeof erased>;
const job = z.object({ status: z.string(), output: erased });
const replayed = z.object({ recovered: z.number(), still_in_quarantine: z.number() });

/** Counts, lists, erases, replays and recovers among a crowd of bodies. */
export async function crowded(bundle: Bundle, downstream: URL): Promise<Crowded> {
  const runtime = await startRuntime([bundle], downstream);
  const { webhook, url, database, bucket } = await openWorker(runtime, bundle);
  const sender = openSender(webhook, 1);
  const call = wholeCall(11_000, NAMED_CALL);
  for (const name of eventNames) await sender.send(call[name]);
  sender.close();
  await makeCrowd(database, bucket);

  const counted = await countWaiting(url);
  const parked = await walk(url, "/api/parked");
  const quarantined = await walk(url, "/api/quarantine");
  const erasure = await erase(url, database, bucket);
  const { body, milliseconds } = await timed(url, "/api/quarantine/replay", { method: "POST", body: "{}" });
  const { recovered, still_in_quarantine: stillInQuarantine } = replayed.parse(body);
  const replay = { milliseconds, recovered, stillInQuarantine };
  const drain = await recoverAll((await runtime.ready).href, database, bucket);
  const usage = await readUsage(url.href);
  await runtime.dispose();
  return { counted, parked, quarantined, erasure, replay, drain, usage };
}

async function erase(url: URL, db: D1Database, bucket: R2Bucket): Promise<Crowded["erasure"]> {
  // Each step of a job records its progress.
  await db.prepare("CREATE TABLE steps (job TEXT)").run();
  await db
    .prepare("CREATE TRIGGER count_steps AFTER UPDATE OF output ON jobs BEGIN INSERT INTO steps VALUES (new.id); END")
    .run();
  const began = performance.now();
  const { body } = await timed(url, `/api/calls/${encodeURIComponent(NAMED_CALL)}`, { method: "DELETE" });
  const path = `/api/jobs/${started.parse(body).job}`;
  const state = async () => job.parse((await timed(url, path)).body);
  await pWaitFor(async () => (await state()).status !== "running", PATIENCE);
  const seconds = (performance.now() - began) / 1000;
  const { status, output } = await state();
  if (status !== "complete") throw new Error(`the erasure ended ${status}`);
  const steps = (await db.prepare("SELECT count(*) AS n FROM steps").first<number>("n")) ?? 0;
  const rows = await db
    .prepare(
      `SELECT (SELECT count(*) FROM calls WHERE call_id = ?1) + (SELECT count(*) FROM events WHERE call_id = ?1)
         + (SELECT count(*) FROM sync_deliveries WHERE call_id = ?1) AS n`,
    )
    .bind(NAMED_CALL)
    .first<number>("n");
  const objects = await listKeys(bucket, prefixOf(NAMED_CALL));
  // All other bodies are still there.
  const waiting = (await walk(url, "/api/parked")).bodies + (await walk(url, "/api/quarantine")).bodies;
  const left = (rows ?? 0) + objects.length + waiting - 2 * (CROWD - NAMED);
  return { seconds, steps, output, left };
}

/** Runs the cron until nothing is parked. */
async function recoverAll(url: string, db: D1Database, bucket: R2Bucket): Promise<Crowded["drain"]> {
  const query = db.prepare("SELECT count(*) AS n FROM parked_bodies");
  const began = performance.now();
  const now = Date.now();
  let runs = 0;
  for (let left = CROWD; left > 0; ) {
    if (runs === MAX_RUNS) throw new Error(`after ${runs} runs of the cron bodies are still parked`);
    await runCron(url, new Date(now + ++runs * MINUTE_MILLISECONDS));
    left =
      ((await query.first<number>("n")) ?? 0) + (await bucket.list({ prefix: "parked/", limit: 1 })).objects.length;
  }
  return { seconds: (performance.now() - began) / 1000, runs };
}
