import { askStore } from "../stores/ask.ts";
import { bodyOf, folderOfDay, type HeldBody, type HeldState, heldPrefixes } from "./held.ts";

/** Objects of one listing (developers.cloudflare.com/r2/api/workers/workers-api-reference). */
const MAX_LISTED = 1000;

/**
 * Lists a page of held bodies, oldest first: parked ones by their receipt, quarantined ones by its day.
 * @param after the key of the last body of the page before
 */
export async function listHeld(
  bucket: R2Bucket,
  state: HeldState,
  limit: number,
  after?: string,
): Promise<{ bodies: HeldBody[]; next: string | undefined }> {
  const bodies: HeldBody[] = [];
  let startAfter = after;
  do {
    const options: R2ListOptions = {
      prefix: heldPrefixes[state],
      limit: Math.min(limit - bodies.length, MAX_LISTED),
      include: ["customMetadata"],
      // Not R2's own cursor: R2 throws at one that a request has made up.
      ...(startAfter !== undefined && { startAfter }),
    };
    // With metadata, R2 may list fewer than `limit`.
    const page = await askStore("R2", () => bucket.list(options));
    bodies.push(...page.objects.map(bodyOf));
    startAfter = page.truncated ? page.objects.at(-1)?.key : undefined;
  } while (startAfter !== undefined && bodies.length < limit);
  return { bodies, next: startAfter };
}

/** Which bodies of the quarantine are meant; all of them when no member is given. */
export interface QuarantineFilter {
  reason?: string | undefined;
  /** ISO 8601 UTC; a body received at this moment is in. */
  from?: string | undefined;
  /** ISO 8601 UTC; a body received at this moment is out. */
  to?: string | undefined;
}

/** Bodies that a page with a filter looks at: if few of them match, it has fewer than its limit, and the next page goes on from there. */
const MAX_LOOKED_AT = 5 * MAX_LISTED;

/**
 * Lists a page of the quarantine, newest day first, within a day in the order of the keys. R2 lists keys in ascending order only, so
 * this walks the folders of the days downwards.
 * @param after the `next` of the page before
 */
export async function listNewestQuarantined(
  bucket: R2Bucket,
  limit: number,
  after?: string,
  filter: QuarantineFilter = {},
): Promise<{ bodies: HeldBody[]; next: string | undefined }> {
  const bodies: HeldBody[] = [];
  let lookedAt = 0;
  const isFiltered = Object.values(filter).some((value) => value !== undefined);
  for await (const day of daysDown(bucket, after)) {
    if (filter.to !== undefined && day > folderOfDay(filter.to)) continue;
    if (filter.from !== undefined && day < folderOfDay(filter.from)) break;
    let startAfter: string | undefined = after?.startsWith(day) ? after : day;
    while (startAfter !== undefined) {
      const options: R2ListOptions = {
        prefix: day,
        startAfter,
        // One more than the page has shows whether there is another page.
        limit: isFiltered ? MAX_LISTED : Math.min(limit + 1 - bodies.length, MAX_LISTED),
        include: ["customMetadata"],
      };
      const page: R2Objects = await askStore("R2", () => bucket.list(options));
      bodies.push(...page.objects.map(bodyOf).filter((body) => isMeant(body, filter)));
      if (bodies.length > limit) return { bodies: bodies.slice(0, limit), next: bodies[limit - 1]?.key };
      lookedAt += page.objects.length;
      if (lookedAt >= MAX_LOOKED_AT) return { bodies, next: page.objects.at(-1)?.key };
      startAfter = page.truncated ? page.objects.at(-1)?.key : undefined;
    }
  }
  return { bodies, next: undefined };
}

function isMeant({ reason, received_at }: HeldBody, filter: QuarantineFilter): boolean {
  return (
    (filter.reason === undefined || reason === filter.reason) &&
    (filter.from === undefined || received_at >= filter.from) &&
    (filter.to === undefined || received_at < filter.to)
  );
}

/** Yields the folders of days with bodies, newest first, from the day of the key `from` on. */
async function* daysDown(bucket: R2Bucket, from: string | undefined): AsyncGenerator<string> {
  for (const year of await foldersDown(bucket, heldPrefixes.quarantined, from)) {
    for (const month of await foldersDown(bucket, year, from)) yield* await foldersDown(bucket, month, from);
  }
}

async function foldersDown(bucket: R2Bucket, prefix: string, from: string | undefined): Promise<string[]> {
  const folders: string[] = [];
  let cursor: string | undefined;
  do {
    const options: R2ListOptions = { prefix, delimiter: "/", ...(cursor !== undefined && { cursor }) };
    const page = await askStore("R2", () => bucket.list(options));
    folders.push(...page.delimitedPrefixes);
    cursor = page.truncated ? page.cursor : undefined;
  } while (cursor !== undefined);
  return folders
    .filter((folder) => from === undefined || folder <= from.slice(0, folder.length))
    .sort()
    .reverse();
}

/** Pages of 1,000 objects that a count reads: they take seconds, and each is a billed listing. */
const MAX_COUNTED_PAGES = 50;

/** Counts held bodies, up to 50,000, and reads when the oldest was received, ISO 8601 UTC. */
export async function countHeld(bucket: R2Bucket, state: HeldState): Promise<{ count: number; oldest: string | null }> {
  let count = 0;
  let startAfter: string | undefined;
  for (let page = 0; page < MAX_COUNTED_PAGES; page++) {
    const options = { prefix: heldPrefixes[state], ...(startAfter !== undefined && { startAfter }) };
    const { objects, truncated } = await askStore("R2", () => bucket.list(options));
    count += objects.length;
    if (!truncated) break;
    startAfter = objects.at(-1)?.key;
  }
  return { count, oldest: count === 0 ? null : await oldestReceipt(bucket, state) };
}

/** Counts held bodies in one listing, 1,000 at the most: cheap enough for every minute. */
export async function countFirstHeld(bucket: R2Bucket, state: HeldState, limit = MAX_LISTED): Promise<number> {
  const { objects } = await askStore("R2", () => bucket.list({ prefix: heldPrefixes[state], limit }));
  return objects.length;
}

/** Returns the earliest receipt of the first page: within a day, keys of the quarantine are not in the order of receipt. */
async function oldestReceipt(bucket: R2Bucket, state: HeldState): Promise<string | null> {
  const { bodies } = await listHeld(bucket, state, MAX_LISTED);
  const [first = null, ...others] = bodies.map(({ received_at }) => received_at);
  return others.reduce((oldest, receipt) => (oldest !== null && oldest < receipt ? oldest : receipt), first);
}
