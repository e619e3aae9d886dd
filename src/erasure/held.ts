import pMap from "p-map";
import { readAgain } from "../events/received.ts";
import { type HeldBody, type HeldState, readHeld } from "../held/held.ts";
import { listHeld } from "../held/list.ts";
import { labelOf, type Subjects, subjectsOf } from "../held/subjects.ts";
import { callIdsNotOfOtherPlatforms, findBuried } from "../ledger/erasure.ts";
import { namesSubject, type Subject } from "./subject.ts";

/** Bodies whose labels one step looks at. */
const PAGE_BODIES = 1_000;

/** Bodies in memory at once, each as large as `MAX_BODY_BYTES`: those whose labels cannot tell whose they are. */
const READ_AT_ONCE = 2;

/** What a step found among the held bodies. */
export interface FoundBodies {
  /** Keys of bodies that name the subject, or an erased call. */
  keys: string[];
  /** Calls whose own events, parked ones, name the number. */
  callIds: string[];
  /** The key after which the next page begins; absent after the last. */
  next?: string | undefined;
}

/**
 * Looks through a page of held bodies for those of a subject, by their labels. Most events carry no number: a parked one that does
 * makes its call one of the number's. A body that did not become an event goes by itself.
 */
export async function findHeld(
  subject: Subject,
  state: HeldState,
  after: string | undefined,
  { db, bucket }: { db: D1Database; bucket: R2Bucket },
): Promise<FoundBodies> {
  const { bodies, next } = await listHeld(bucket, state, PAGE_BODIES, after);
  const looked = await pMap(bodies, (body) => lookAt(body, bucket), { concurrency: READ_AT_ONCE });
  const buried = await findBuried(db, [...new Set(looked.flatMap(({ label }) => label.callSha256s))]);
  const found: FoundBodies = { keys: [], callIds: [], next };
  for (const { body, label } of looked) {
    const isNamed = await namesSubject(body, label, subject);
    if (isNamed || label.callSha256s.some((digest) => buried.has(digest))) found.keys.push(body.key);
    if (isNamed && state === "parked" && "digits" in subject)
      found.callIds.push(...(await callsOf(body, { db, bucket })));
  }
  return found;
}

/** Reads the body only where its label cannot tell whose it is. */
async function lookAt(body: HeldBody, bucket: R2Bucket) {
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
  return callIdsNotOfOtherPlatforms(db, [...subjects.callIds], body.platform);
}
