/** Numbers for the calls of one millisecond; `calls.time_order` is the milliseconds since 1970 times this, and such a number. */
export const PLACES_A_MILLISECOND = 2 ** 19;

/** Milliseconds since 1970, in the year 2500: later times are a mistake, and would pass the 63 bits of a row id. */
const LAST_MOMENT = 16_725_225_600_000;

/**
 * The first place of a moment. Exact though beyond 2^53, since all of its lower bits are zero.
 * @param instant ISO 8601
 */
export function placeOf(instant: string): number {
  return Date.parse(instant) * PLACES_A_MILLISECOND;
}

/** SQL for the milliseconds since 1970 of an ISO 8601 time. */
export function momentSql(instant: string): string {
  return `max(0, min(CAST(round(unixepoch(${instant}, 'subsec') * 1000) AS INTEGER), ${LAST_MOMENT}))`;
}

/**
 * SQL for the next free place of a moment.
 * @param column of the table, that holds the places
 * @param moment a column with the milliseconds
 */
export function freePlaceSql(table: "calls" | "conversations", column: "time_order" | "rowid", moment: string): string {
  const first = `${moment} * ${PLACES_A_MILLISECOND}`;
  return `1 + coalesce(
    (SELECT max(${column}) FROM ${table} WHERE ${column} BETWEEN ${first} AND ${first} + ${PLACES_A_MILLISECOND - 1}), ${first}
  )`;
}
