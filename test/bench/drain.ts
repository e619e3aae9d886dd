import { createHash } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import pMap from "p-map";
import { runCron } from "../chaos/relay.ts";
import { eventNames, type Signed, wholeCall } from "./bodies.ts";
import { openWorker, startRuntime } from "./boot.ts";
import type { Bundle } from "./bundle.ts";
import { openSender, type Sender } from "./load.ts";

/** Where bodies are parked. */
export const parkingStores = ["R2", "D1", "queue"] as const;
export type ParkingStore = (typeof parkingStores)[number];

/** Three events each. */
const CALLS = 1_000;
const BODY_BYTES = 11_000;

/** One fresh event in so many milliseconds: a hundred times what 11,000 calls a day bring. */
const FRESH_EVERY = 25;
const FRESH_BEFORE = 200;

const POLL_MILLISECONDS = 20;

export interface Drain {
  store: ParkingStore;
  events: number;
  seconds: number;
  /** Milliseconds until fresh events were answered, before the drain and beside it. */
  before: number[];
  beside: number[];
}

/** Parks the events of calls in a store, and measures how fast they come back while fresh events are answered. */
export async function drain(store: ParkingStore, bundle: Bundle, downstream: URL): Promise<Drain> {
  const runtime = await startRuntime([bundle], downstream);
  const { webhook } = await openWorker(runtime, bundle);
  const bindings = await runtime.getBindings<Env>(bundle.name);
  const sender = openSender(webhook, 32);
  // Twice: V8 compiles a path well only after it ran some hundred times.
  await sendFresh(sender, (sent) => sent === FRESH_BEFORE);
  const before = await sendFresh(sender, (sent) => sent === FRESH_BEFORE);

  const calls = Array.from({ length: CALLS }, () => wholeCall(BODY_BYTES));
  const parked = calls.flatMap((call) => eventNames.map((name) => parkedBody(call[name])));
  const receivedAt = new Date(Date.now() - 15 * 60_000).toISOString();
  if (store === "R2") await parkInBucket(parked, receivedAt, bindings.ARCHIVE);
  if (store === "D1") await parkInDatabase(parked, receivedAt, bindings.DB);
  const query = bindings.DB.prepare("SELECT count(*) AS n FROM events WHERE received_at = ?").bind(receivedAt);

  let isOver = false;
  const began = performance.now();
  const beside = sendFresh(sender, () => isOver);
  if (store === "queue") await sendToQueue(parked, receivedAt, bindings.SYNC_QUEUE);
  while ((await query.first<number>("n")) !== parked.length) {
    if (store === "queue") await wait(POLL_MILLISECONDS);
    else await runCron((await runtime.ready).href, new Date());
  }
  const seconds = (performance.now() - began) / 1000;
  isOver = true;
  const result = { store, events: parked.length, seconds, before, beside: await beside };
  sender.close();
  await runtime.dispose();
  return result;
}

/** Sends events at their pace, whatever the answers take. @returns milliseconds until each answer */
async function sendFresh(sender: Sender, isEnough: (sent: number) => boolean): Promise<number[]> {
  const answers: Promise<number>[] = [];
  while (!isEnough(answers.length)) {
    const events = wholeCall(BODY_BYTES);
    const name = eventNames[answers.length % eventNames.length] ?? "call.start";
    const sent = performance.now();
    answers.push(sender.send(events[name]).then(() => performance.now() - sent));
    await wait(FRESH_EVERY);
  }
  return Promise.all(answers);
}

const parkedBody = ({ body }: Signed) => ({ body, sha256: createHash("sha256").update(body).digest("hex") });
type Parked = ReturnType<typeof parkedBody>;

async function parkInBucket(parked: readonly Parked[], receivedAt: string, bucket: R2Bucket): Promise<void> {
  const customMetadata = { platform: "atoms", reason: "D1: lost" };
  const put = ({ body, sha256 }: Parked) =>
    bucket.put(`parked/${receivedAt}/${receivedAt}/${sha256}.json`, body, { customMetadata });
  await pMap(parked, put, { concurrency: 16 });
}

async function parkInDatabase(parked: readonly Parked[], receivedAt: string, db: D1Database): Promise<void> {
  const insert = db.prepare(
    `INSERT INTO parked_bodies (sha256, part, platform, received_at, due_at, size, reason, body)
     VALUES (?1, 0, 'atoms', ?2, ?2, ?3, 'R2: lost', ?4)`,
  );
  for (let from = 0; from < parked.length; from += 100) {
    const rows = parked.slice(from, from + 100).map(({ body, sha256 }) => {
      return insert.bind(sha256, receivedAt, body.byteLength, gzipSync(body).toString("base64"));
    });
    await db.batch(rows);
  }
}

async function sendToQueue(parked: readonly Parked[], received_at: string, queue: Queue): Promise<void> {
  for (let from = 0; from < parked.length; from += 100) {
    const messages = parked.slice(from, from + 100).map(({ body, sha256 }) => ({
      body: { parked: new Uint8Array(gzipSync(body)), size: body.byteLength, platform: "atoms", sha256, received_at },
      contentType: "v8" as const,
    }));
    await queue.sendBatch(messages);
  }
}
