import { gunzip, gzip } from "./gzip.ts";
import type { ParkedItem, ParkingShelf } from "./parked.ts";

/** With the other columns a row stays below D1's 2,000,000 bytes. */
const PART_BYTES = 1_990_000;

/** D1, for when R2 fails: the body lies there compressed, in as many rows as it needs. */
export function databaseShelf(db: D1Database): ParkingShelf {
  return {
    store: "D1",
    async park({ body, digest, receivedAt }, reason) {
      const packed = await gzip(body);
      const insert = db.prepare(
        `INSERT INTO parked_bodies (digest, part, received_at, reason, body) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO NOTHING`,
      );
      const parts = Array.from({ length: Math.ceil(packed.byteLength / PART_BYTES) }, (_, part) =>
        insert.bind(digest, part, receivedAt, reason, packed.slice(part * PART_BYTES, (part + 1) * PART_BYTES)),
      );
      await db.batch(parts);
    },
    async list(limit, after) {
      const { results } = await db
        .prepare(
          `SELECT 'D1' AS store, digest, received_at, reason FROM parked_bodies
           WHERE part = 0 AND (received_at, digest) > (?2, ?3) ORDER BY received_at, digest LIMIT ?1`,
        )
        .bind(limit, after?.received_at ?? "", after?.digest ?? "")
        .all<ParkedItem>();
      return results;
    },
    async read({ digest, received_at }) {
      // D1 hands a BLOB out as an array of its bytes.
      const { results } = await db
        .prepare("SELECT body FROM parked_bodies WHERE digest = ?1 ORDER BY part")
        .bind(digest)
        .all<{ body: number[] }>();
      if (results.length === 0) return undefined;
      const parts = results.map(({ body }) => Uint8Array.from(body));
      return { body: await gunzip(parts), digest, receivedAt: received_at };
    },
    async remove({ digest }) {
      await db.prepare("DELETE FROM parked_bodies WHERE digest = ?1").bind(digest).run();
    },
  };
}
