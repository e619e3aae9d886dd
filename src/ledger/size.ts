/** Size of a database at which D1 refuses writes (developers.cloudflare.com/d1/platform/limits). */
const MAX_BYTES = 10_000_000_000;

/** The rest has room for a minute of events at most. */
const FULL_BYTES = MAX_BYTES - 1_000_000;

const WARNING_BYTES = 0.8 * MAX_BYTES;

/** The problem of a full database, in words that follow its name. */
export const FULL =
  "is full: events are parked, and erasures wait, until rows are deleted (src/ingest/README.md, A full D1)";

/** Returns the problem of a database near its limit, in words that follow its name; `undefined` if it has room. */
export function sizeProblem(bytes: number): { isFull: boolean; message: string } | undefined {
  if (bytes >= FULL_BYTES) return { isFull: true, message: FULL };
  if (bytes < WARNING_BYTES) return undefined;
  return { isFull: false, message: `has ${(bytes / 1e9).toFixed(1)} of the 10 GB that D1 takes` };
}
