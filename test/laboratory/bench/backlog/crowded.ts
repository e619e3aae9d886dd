import "../../../support/hex.ts";
import pWaitFor from "p-wait-for";
import * as z from "zod";
import { erasureView } from "../../../../src/erasure/start.ts";
import type { Erased } from "../../../../src/erasure/steps.ts";
import { phoneDigits } from "../../../../src/events/phone.ts";
import { sha256 } from "../../../../src/events/received.ts";
import { listHeld } from "../../../../src/held/list.ts";
import type { Bundle } from "../../../support/bundle.ts";
import { documentedCall } from "../../../support/events.ts";
import { readUsage } from "../../../support/stores/limited.ts";
import { listKeys, prefixOf } from "../../../support/stores/objects.ts";
import { runCron } from "../../../support/stores/relay.ts";
import { eventNames, signed, wholeCall } from "../bodies.ts";
import { openWorker, startRuntime } from "../boot.ts";
import { openSender } from "../load.ts";
import { CALLERS_CALL, makeCrowd, NAMED_CALL, NAMED_PHONE } from "./crowd.ts";
import { countWaiting, timed, type Walk, walk } from "./look.ts";

const PATIENCE = { interval: 500, timeout: 600_000 };
const MAX_RUNS = 60;
const MINUTE_MILLISECONDS = 60_000;

/** Runs of the cron, eleven minutes apart, after which an erasure is given up. */
const MAX_ERASURE_RUNS = 5;
const BETWEEN_MILLISECONDS = 11 * MINUTE_MILLISECONDS;

/** The instance of an erasure that has written no progress for so long has ended. */
const QUIET_MILLISECONDS = 5_000;

export interface Crowded {
  counted: Awaited<ReturnType<typeof countWaiting>>;
  parked: Walk;
  quarantined: Walk;
  ofCall: Erasure;
  ofCaller: Erasure;
  /** Rows, objects and held bodies of the two. */
  left: number;
  replay: Replays;
  drain: { seconds: number; runs: number };
  /** The most that an invocation asked of the stores. */
  usage: Awaited<ReturnType<typeof readUsage>>;
}

export interface Erasure {
  seconds: number;
  isComplete: boolean;
  /** Of the cron, which goes on where the instance ended. */
  runs: number;
  output: Erased;
}

interface Replays {
  recovered: number;
  stillInQuarantine: number;
  /** Milliseconds of each page of a hundred. */
  pages: number[];
}

const started = z.object({ job: z.string() });
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
  await makeCrowd(bucket);

  const counted = await countWaiting(url);
  const parked = await walk(url, "/api/parked");
  const quarantined = await walk(url, "/api/quarantine");
  const cronUrl = (await runtime.ready).href;
  const eraser = { url, cronUrl, db: database };
  const ofCall = await erase(eraser, `/api/calls/${encodeURIComponent(NAMED_CALL)}`, { method: "DELETE" });
  const number = { method: "POST", body: JSON.stringify({ caller_phone: NAMED_PHONE }) };
  const ofCaller = await erase(eraser, "/api/erasures", number);
  const left =
    (await traces(NAMED_CALL, database, bucket)) +
    (await traces(CALLERS_CALL, database, bucket)) +
    (await heldNaming([NAMED_CALL, phoneDigits(NAMED_PHONE)], bucket));
  const replay = await replayAll(url);
  const drain = await recoverAll(cronUrl, bucket);
  const usage = await readUsage(url.href);
  await runtime.dispose();
  return { counted, parked, quarantined, ofCall, ofCaller, left, replay, drain, usage };
}

interface Eraser {
  url: URL;
  /** Where the cron is run by hand. */
  cronUrl: string;
  db: D1Database;
}

async function erase(
  { url, cronUrl, db }: Eraser,
  path: string,
  init: { method: string; body?: string },
): Promise<Erasure> {
  const began = performance.now();
  const { job } = started.parse((await timed(url, path, init)).body);
  const view = async () => erasureView.parse((await timed(url, `/api/jobs/${job}`)).body);
  const updatedAt = db.prepare("SELECT updated_at FROM ledger_jobs WHERE id = ?").bind(job);
  for (let runs = 0; ; runs++) {
    await pWaitFor(async () => {
      if ((await view()).status !== "running") return true;
      return Date.now() - Date.parse((await updatedAt.first<string>("updated_at")) ?? "") > QUIET_MILLISECONDS;
    }, PATIENCE);
    const { status, output } = await view();
    const isComplete = status === "complete";
    const seconds = (performance.now() - began) / 1000;
    if (isComplete || runs === MAX_ERASURE_RUNS) return { seconds, isComplete, runs, output };
    await runCron(cronUrl, new Date(Date.now() + (runs + 1) * BETWEEN_MILLISECONDS), PATIENCE.timeout);
  }
}

/** How many held bodies are labelled with calls or numbers. */
async function heldNaming(names: readonly string[], bucket: R2Bucket): Promise<number> {
  const digests = await Promise.all(names.map(sha256));
  let count = 0;
  for (const state of ["parked", "quarantined"] as const) {
    for (let after: string | undefined, isFirst = true; isFirst || after !== undefined; isFirst = false) {
      const { bodies, next } = await listHeld(bucket, state, 1000, after);
      count += bodies.filter(({ label }) =>
        digests.some((digest) => label.callSha256s.includes(digest) || label.numberSha256s.includes(digest)),
      ).length;
      after = next;
    }
  }
  return count;
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
async function recoverAll(url: string, bucket: R2Bucket): Promise<Crowded["drain"]> {
  const began = performance.now();
  const now = Date.now();
  const isAnyParked = async () => (await bucket.list({ prefix: "parked/", limit: 1 })).objects.length > 0;
  let runs = 0;
  while (await isAnyParked()) {
    if (runs === MAX_RUNS) throw new Error(`after ${runs} runs of the cron bodies are still parked`);
    await runCron(url, new Date(now + ++runs * MINUTE_MILLISECONDS), PATIENCE.timeout);
  }
  return { seconds: (performance.now() - began) / 1000, runs };
}
