import { askStore, isFull } from "../stores/ask.ts";

/** As pages of 4 KB these are 1,024: the index writes 500 and more in a deletion, and 200 in a merge, before it gives them back. */
export const RESERVE_ROWS = 16;

const ROW_BYTES = 256 * 1024;

/**
 * Writes in one transaction. A full D1 refuses what needs a page more, even what makes room: then rows of the reserve go in the
 * same transaction. Safe to repeat if the statements are.
 * @param rows of the reserve that may go
 */
export async function writeFromReserve(
  db: D1Database,
  statements: D1PreparedStatement[],
  rows = 1,
): Promise<D1Result[]> {
  try {
    return await askStore("D1", () => db.batch(statements));
  } catch (error) {
    if (!isFull(error)) throw error;
  }
  const giveUp = db.prepare("DELETE FROM reserve WHERE id IN (SELECT id FROM reserve LIMIT ?)").bind(rows);
  const [, ...results] = await askStore("D1", () => db.batch([giveUp, ...statements]));
  await fillReserve(db);
  return results;
}

/** Completes the reserve as far as there is room. Safe to repeat. */
export async function fillReserve(db: D1Database): Promise<void> {
  const insert = db
    .prepare("INSERT INTO reserve (zeros) SELECT zeroblob(?1) WHERE (SELECT count(*) FROM reserve) < ?2")
    .bind(ROW_BYTES, RESERVE_ROWS);
  try {
    while ((await askStore("D1", () => insert.run())).meta.changes > 0);
  } catch (error) {
    if (!isFull(error)) throw error;
  }
}
