import pMap from "p-map";
import * as z from "zod";
import { askStore } from "../stores/ask.ts";
import { CorruptBody, gunzip, gzip, type ListableParking, type ParkedBody } from "./parking.ts";

/** Characters of base64 a row. With the other columns a row stays below D1's 2,000,000 bytes. */
const PART_CHARACTERS = 1_990_000;

const listedRows = z.array(
  z.object({
    platform: z.string(),
    sha256: z.string(),
    received_at: z.string(),
    due_at: z.string(),
    reason: z.string(),
    size: z.number(),
  }),
);
const partRows = z.array(z.object({ sha256: z.string(), body: z.string() }));

/**
 * Parks in D1, for when R2 fails: the body lies there compressed, in as many rows as it needs. As base64: D1 returns a BLOB as
 * an array of numbers, which takes dozens of times its size.
 */
export function databaseParking(db: D1Database): ListableParking {
  return {
    store: "D1",
    async park({ platform, body, sha256, receivedAt }, reason, timeoutMs, dueAt = receivedAt) {
      const packed = new Uint8Array(await gzip(body)).toBase64();
      const insert = db.prepare(
        `INSERT INTO parked_bodies (sha256, part, platform, received_at, due_at, size, reason, body)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8 WHERE NOT EXISTS (SELECT 1 FROM parked_bodies WHERE sha256 = ?1 AND part = 0)`,
      );
      const parts = Array.from({ length: Math.ceil(packed.length / PART_CHARACTERS) }, (_, part) =>
        insert.bind(
          ...[sha256, part, platform, receivedAt, dueAt, body.byteLength, reason],
          packed.slice(part * PART_CHARACTERS, (part + 1) * PART_CHARACTERS),
        ),
      );
      // The first part last, since the others look for it: two deliveries of a body may differ in bytes, and must not be mixed.
      await askStore("D1", () => db.batch(parts.toReversed()), { timeoutMs });
    },
    async list(limit, after) {
      const query = db
        .prepare(
          `SELECT platform, sha256, received_at, due_at, reason, size FROM parked_bodies
           WHERE part = 0 AND (due_at, received_at, sha256) > (?2, ?3, ?4)
           ORDER BY due_at, received_at, sha256 LIMIT ?1`,
        )
        .bind(limit, after?.due_at ?? "", after?.received_at ?? "", after?.sha256 ?? "");
      const { results } = await askStore("D1", () => query.all());
      const parked = listedRows.parse(results).map((row): ParkedBody => ({ store: "D1", ...row }));
      return { parked, more: parked.length === limit };
    },
    async read(parked) {
      const query = db
        .prepare(
          `SELECT sha256, body FROM parked_bodies WHERE sha256 IN (SELECT value FROM json_each(?1)) ORDER BY sha256, part`,
        )
        .bind(JSON.stringify(parked.map(({ sha256 }) => sha256)));
      const parts = partRows.parse((await askStore("D1", () => query.all())).results);
      const partsOf = Map.groupBy(parts, ({ sha256 }) => sha256);
      return await pMap(
        parked,
        async ({ platform, sha256, received_at: receivedAt }) => {
          const packed = partsOf.get(sha256);
          if (packed === undefined) return undefined;
          const body = await unpack(packed.map(({ body }) => body).join(""));
          return body instanceof CorruptBody ? body : { platform, body, sha256, receivedAt };
        },
        { concurrency: 1 },
      );
    },
    async postpone(postponed) {
      const named = JSON.stringify(
        postponed.map(({ parked: { sha256 }, until, reason }) => ({ sha256, until, reason })),
      );
      const sql = `UPDATE parked_bodies SET due_at = named.value ->> 'until', reason = named.value ->> 'reason'
        FROM json_each(?1) AS named
        WHERE parked_bodies.sha256 = named.value ->> 'sha256'`;
      await askStore("D1", () => db.prepare(sql).bind(named).run());
    },
    async remove(parked) {
      const digests = JSON.stringify(parked.map(({ sha256 }) => sha256));
      const sql = "DELETE FROM parked_bodies WHERE sha256 IN (SELECT value FROM json_each(?1))";
      await askStore("D1", () => db.prepare(sql).bind(digests).run());
    },
  };
}

async function unpack(base64: string): Promise<ArrayBuffer | CorruptBody> {
  try {
    return await gunzip(Uint8Array.fromBase64(base64));
  } catch {
    return new CorruptBody("not base64");
  }
}
