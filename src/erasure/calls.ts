import pMap from "p-map";
import { MAX_ID_CHARACTERS } from "../events/fields.ts";
import { callersOf, type KnownCallers } from "../ledger/erasure.ts";
import { attempt } from "../stores/attempt.ts";
import { STORE_LIMIT } from "../stores/limits.ts";
import { eraseArchived } from "./objects.ts";
import { type Concern, digitsOf, type Subject } from "./subject.ts";
import { CONCURRENCY, type Waiting } from "./waiting.ts";

/** Characters of the ids that an erasure takes with it from request to request: they are in an address. */
const MAX_CHARACTERS = 3000;

/** Ids that one body may add: an event names one call, and a body that names many must not keep the others from being found. */
const IDS_ADDED = 5;

/** Ids of one body that are looked at, and those one statement is asked about: D1 takes 2,000,000 bytes a parameter. */
const IDS_A_BODY = 500;

/** Calls that belong to somebody by what waits alone. */
export interface FoundCalls {
  callIds: string[];
  /** There was no room for all: erase these, then look again. */
  full: boolean;
}

/**
 * Adds the calls that bodies with the caller's number name. Most events carry no number: the one that does may wait while the
 * others are in the ledger, or wait somewhere else. Calls that the ledger knows to be another's are not among them.
 */
export async function findCalls(
  subject: Subject,
  known: readonly string[],
  bodies: readonly Waiting[],
  db: D1Database,
): Promise<FoundCalls> {
  const naming = bodies
    .filter(({ concern }) => concern.direct)
    .map(({ concern }) => idsOf(concern).slice(0, IDS_ADDED));
  const { others } = await callers(subject, naming.flat(), db);
  const found = new Set(known);
  for (const ids of naming) {
    const added = ids.filter((id) => !found.has(id) && !others.has(id));
    if ([...found, ...added].join("").length > MAX_CHARACTERS) return { callIds: [...found], full: true };
    for (const id of added) found.add(id);
  }
  return { callIds: [...found], full: false };
}

/**
 * Deletes the bodies that are about somebody: that name them, or a call of theirs.
 * @param found their calls by what waits alone; those that the ledger knows are looked up
 * @returns those that went
 */
export async function eraseBodies(
  subject: Subject,
  { callIds, full }: FoundCalls,
  bodies: readonly Waiting[],
  { DB, ARCHIVE }: Env,
): Promise<Waiting[]> {
  const { theirs, others } = await callers(
    subject,
    bodies.flatMap(({ concern }) => idsOf(concern)),
    DB,
  );
  const known = new Set([...callIds, ...theirs]);
  const meant = bodies.filter(({ concern }) => {
    const ids = idsOf(concern);
    if (ids.some((id) => known.has(id) && !others.has(id))) return true;
    // What names a call that there was no room for must stay until that was looked for.
    return concern.direct && (!full || ids.slice(0, IDS_ADDED).every((id) => others.has(id)));
  });
  await pMap(
    meant,
    async ({ concern, remove }) => {
      // The body last, since it names the rest.
      if (concern.event !== undefined) await eraseArchived(ARCHIVE, concern.event);
      await attempt(remove, STORE_LIMIT);
    },
    { concurrency: CONCURRENCY },
  );
  return meant;
}

/** What is longer is in a body that does not fit, and was never the id of a call. */
function idsOf({ callIds }: Concern): string[] {
  return callIds.filter(({ length }) => length <= MAX_ID_CHARACTERS).slice(0, IDS_A_BODY);
}

async function callers(subject: Subject, callIds: readonly string[], db: D1Database): Promise<KnownCallers> {
  const theirs = new Set<string>();
  const others = new Set<string>();
  if ("call_id" in subject) return { theirs, others };
  const digits = digitsOf(subject.caller_phone);
  for (let from = 0; from < callIds.length; from += IDS_A_BODY) {
    const known = await attempt(() => callersOf(db, digits, callIds.slice(from, from + IDS_A_BODY)), STORE_LIMIT);
    for (const id of known.theirs) theirs.add(id);
    for (const id of known.others) others.add(id);
  }
  return { theirs, others };
}

/** Those of some calls that the ledger does not know to be another's. */
export async function notOthers(subject: Subject, callIds: readonly string[], db: D1Database): Promise<string[]> {
  const { others } = await callers(subject, callIds, db);
  return callIds.filter((id) => !others.has(id));
}
