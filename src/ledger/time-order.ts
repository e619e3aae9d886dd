/** Numbers for the calls of one millisecond; `calls.time_order` is the milliseconds since 1970 times this, and such a number. */
export const PLACES_A_MILLISECOND = 2 ** 19;

/**
 * Milliseconds since 1970, in the year 2500. Times beyond it, or before 1970, are mistakes and would pass the 63 bits of a row
 * id: such calls lie at the end that is nearer.
 */
const LAST_MOMENT = 16_725_225_600_000;

/** Before every call. */
const FIRST_PLACE = -(2 ** 62);

/**
 * A place that no call of this time or later lies before. Exact though beyond 2^53, since all of its lower bits are zero.
 * @param instant ISO 8601
 */
export function placeFrom(instant: string): number {
  const moment = Math.min(Date.parse(instant), LAST_MOMENT);
  return moment <= 0 ? FIRST_PLACE : moment * PLACES_A_MILLISECOND;
}

/** A place that every call before this time lies before; calls of times that are mistakes may do so too. */
export function placeUntil(instant: string): number {
  const moment = Date.parse(instant);
  return (moment > LAST_MOMENT ? LAST_MOMENT + 1 : Math.max(moment, 1)) * PLACES_A_MILLISECOND;
}

/** The milliseconds since 1970 of an ISO 8601 time, within those that can be a place. */
export function momentOf(instant: string): number {
  return Math.max(0, Math.min(Date.parse(instant), LAST_MOMENT));
}

/** SQL for the same. */
export function momentSql(instant: string): string {
  return `max(0, min(CAST(round(unixepoch(${instant}, 'subsec') * 1000) AS INTEGER), ${LAST_MOMENT}))`;
}

/**
 * SQL for the next free place of a moment. When half a million calls claim the same one, as those do whose platform sends
 * 0001-01-01 for all, the next goes before all others: where it lies matters less than that it is kept.
 * @param column of the table, that holds the places
 * @param moment a column with the milliseconds
 */
export function freePlaceSql(table: "calls" | "conversations", column: "time_order" | "rowid", moment: string): string {
  const first = `${moment} * ${PLACES_A_MILLISECOND}`;
  return `coalesce(
    nullif(
      1 + coalesce(
        (SELECT max(${column}) FROM ${table} WHERE ${column} BETWEEN ${first} AND ${first} + ${PLACES_A_MILLISECOND - 1}),
        ${first}
      ),
      ${first} + ${PLACES_A_MILLISECOND}
    ),
    min(0, (SELECT min(${column}) FROM ${table})) - 1
  )`;
}
