import pMap from "p-map";
import { readAgain } from "../events/received.ts";
import { type HeldBody, type HeldState, readHeld } from "../held/held.ts";
import { listHeld } from "../held/list.ts";
import { labelOf, type Subjects, subjectsOf } from "../held/subjects.ts";
import { callIdsNotOfOtherPlatforms, findBuried } from "../ledger/erasure.ts";
import { readRecord } from "../letting-go/record.ts";
import { namesSubject, type Subject } from "./subject.ts";

/** Bodies whose labels one step reads. */
const PAGE_BODIES = 1_000;

/** Bodies in memory at once, each of up to `MAX_BODY_BYTES`. */
const READ_AT_ONCE = 2;

/** The held bodies of a subject in one page, and the calls that go with them. */
export interface HeldMatches {
  /** Keys of bodies that name the subject, or an erased call. */
  keys: string[];
  /** Calls of which a parked event names the number. */
  callIds: string[];
  /** The key after which the next page begins; absent after the last. */
  next?: string | undefined;
}

/**
 * Finds the bodies of a subject in a page of held bodies, by their labels. A parked event that names the number takes its call along,
 * whose other events may carry no number; a body that is no event goes by itself.
 */
export async function findHeld(
  subject: Subject,
  state: HeldState,
  after: string | undefined,
  { db, bucket }: { db: D1Database; bucket: R2Bucket },
): Promise<HeldMatches> {
  const { bodies, next } = await listHeld(bucket, state, PAGE_BODIES, after);
  const labelled = await pMap(bodies, (body) => completeLabel(body, bucket), { concurrency: READ_AT_ONCE });
  const buried = await findBuried(db, [...new Set(labelled.flatMap(({ label }) => label.callSha256s))]);
  const matches: HeldMatches = { keys: [], callIds: [], next };
  for (const { body, label } of labelled) {
    const isNamed = await namesSubject(body, label, subject);
    if (isNamed || label.callSha256s.some((digest) => buried.has(digest))) matches.keys.push(body.key);
    if (isNamed && state === "parked" && "digits" in subject)
      matches.callIds.push(...(await callsOf(body, { db, bucket })));
  }
  return matches;
}

/** Completes a partial label, for which it reads the body. */
async function completeLabel(body: HeldBody, bucket: R2Bucket) {
  const subjects = body.label.isPartial ? await readSubjects(body, bucket) : undefined;
  return { body, label: subjects === undefined ? body.label : await labelOf(subjects, Number.POSITIVE_INFINITY) };
}

async function readSubjects({ key }: HeldBody, bucket: R2Bucket): Promise<Subjects | undefined> {
  const stored = await readHeld(bucket, key);
  return stored && subjectsOf(readAgain(stored));
}

async function callsOf(body: HeldBody, { db, bucket }: { db: D1Database; bucket: R2Bucket }): Promise<string[]> {
  const subjects = await readSubjects(body, bucket);
  if (!subjects?.areOfEvents) return [];
  const callIds = await callIdsNotOfOtherPlatforms(db, [...subjects.callIds], body.platform);
  // Of calls that left D1, their rows in R2 say whose they are.
  const records = await pMap(callIds, (callId) => readRecord(bucket, callId), { concurrency: READ_AT_ONCE });
  return callIds.filter((_, nth) => [undefined, body.platform].includes(records[nth]?.call.platform));
}
