import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import pMap from "p-map";
import { putQuarantined } from "../../src/archive/quarantine.ts";
import type { StoredBody } from "../../src/events/received.ts";
import { bucketParking } from "../../src/parking/bucket.ts";

const CONCURRENCY = 16;
const TIMEOUT_MILLISECONDS = 60_000;
/** Rows of a transaction, messages of a batch. */
const AT_ONCE = 100;

/** A body of Atoms as a ledger received it. */
export function received(body: Buffer | string, receivedAt: string): StoredBody {
  const bytes = new Uint8Array(Buffer.from(body)).buffer;
  return { platform: "atoms", body: bytes, sha256: createHash("sha256").update(body).digest("hex"), receivedAt };
}

/** Parks bodies in R2, each made when it is its turn. */
export async function parkInBucket(bodies: Iterable<StoredBody>, bucket: R2Bucket): Promise<void> {
  const parking = bucketParking(bucket);
  await pMap(bodies, (body) => parking.park(body, "D1: lost", TIMEOUT_MILLISECONDS), { concurrency: CONCURRENCY });
}

/** Parks bodies in D1: by hand, since Node.js cannot write base64 as the Worker does. */
export async function parkInDatabase(bodies: readonly StoredBody[], db: D1Database): Promise<void> {
  const insert = db.prepare(
    `INSERT INTO parked_bodies (sha256, part, platform, received_at, due_at, size, reason, body)
     VALUES (?1, 0, ?2, ?3, ?3, ?4, 'R2: lost', ?5)`,
  );
  for (let from = 0; from < bodies.length; from += AT_ONCE) {
    const rows = bodies
      .slice(from, from + AT_ONCE)
      .map(({ body, platform, sha256, receivedAt }) =>
        insert.bind(sha256, platform, receivedAt, body.byteLength, gzipSync(body).toString("base64")),
      );
    await db.batch(rows);
  }
}

/** Parks bodies in the sync queue. */
export async function sendToQueue(bodies: readonly StoredBody[], queue: Queue): Promise<void> {
  for (let from = 0; from < bodies.length; from += AT_ONCE) {
    const messages = bodies.slice(from, from + AT_ONCE).map(({ body, platform, sha256, receivedAt: received_at }) => ({
      body: { parked: new Uint8Array(gzipSync(body)), size: body.byteLength, platform, sha256, received_at },
      contentType: "v8" as const,
    }));
    await queue.sendBatch(messages);
  }
}

/** Puts bodies into quarantine that are no event. */
export async function quarantine(bodies: Iterable<StoredBody>, bucket: R2Bucket): Promise<void> {
  await pMap(bodies, (body) => putQuarantined(bucket, body, "unrecognised", ""), { concurrency: CONCURRENCY });
}
