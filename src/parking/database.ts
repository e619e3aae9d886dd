import { gunzip, gzip } from "./gzip.ts";
import type { ParkedItem, ParkingShelf } from "./parked.ts";

/** With the other columns a row stays below D1's 2,000,000 bytes. */
const MAX_BLOB_BYTES = 1_990_000;

/** D1, for when R2 fails: the body lies there compressed, since a row holds 2 MB. */
export function databaseShelf(db: D1Database): ParkingShelf {
  return {
    store: "D1",
    async park({ body, digest, receivedAt }, reason) {
      const packed = await gzip(body);
      if (packed.byteLength > MAX_BLOB_BYTES) throw new Error("too large for a row, even compressed");
      await db
        .prepare(
          "INSERT INTO parked_bodies (digest, received_at, reason, body) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
        )
        .bind(digest, receivedAt, reason, packed)
        .run();
    },
    async list(limit) {
      const { results } = await db
        .prepare("SELECT 'D1' AS store, digest, received_at, reason FROM parked_bodies ORDER BY received_at LIMIT ?1")
        .bind(limit)
        .all<ParkedItem>();
      return results;
    },
    async read({ digest, received_at }) {
      // D1 hands a BLOB out as an array of its bytes.
      const packed = await db
        .prepare("SELECT body FROM parked_bodies WHERE digest = ?1")
        .bind(digest)
        .first<number[]>("body");
      if (packed === null) return undefined;
      return { body: await gunzip(Uint8Array.from(packed)), digest, receivedAt: received_at };
    },
    async remove({ digest }) {
      await db.prepare("DELETE FROM parked_bodies WHERE digest = ?1").bind(digest).run();
    },
  };
}
