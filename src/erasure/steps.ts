import pMap from "p-map";
import * as z from "zod";
import { deleteCallObjects } from "../archive/objects.ts";
import { MAX_ID_CHARACTERS } from "../events/fields.ts";
import { sha256 } from "../events/received.ts";
import { buryCall, callIdsOfNumber, callsByNumber, deleteCallRows, findBuried } from "../ledger/erasure.ts";
import type { Subject } from "./subject.ts";
import { CONCURRENCY, lookThrough, type Waiting, type WaitingPosition } from "./waiting.ts";

/** How much an erasure deleted. */
export const erased = z.object({
  calls: z.number(),
  events: z.number(),
  deliveries: z.number(),
  objects: z.number().describe("transcripts and other bodies of a call in R2"),
  parked: z.number().describe("bodies that waited for a store"),
  quarantined: z.number().describe("bodies that did not fit"),
});

export type Erased = z.infer<typeof erased>;

export const nothingErased: Erased = { calls: 0, events: 0, deliveries: 0, objects: 0, parked: 0, quarantined: 0 };

export function addErased(a: Erased, b: Erased): Erased {
  return {
    calls: a.calls + b.calls,
    events: a.events + b.events,
    deliveries: a.deliveries + b.deliveries,
    objects: a.objects + b.objects,
    parked: a.parked + b.parked,
    quarantined: a.quarantined + b.quarantined,
  };
}

/** The stores that an erasure works on. */
export interface ErasureStores {
  db: D1Database;
  bucket: R2Bucket;
}

/** Calls that one step erases, some seven queries each. */
export const CALLS_A_STEP = 50;

/** Ids that one statement is asked about: D1 takes 2,000,000 bytes a parameter. */
const IDS_A_STATEMENT = 500;

/** Ids that one body may add: an event names one call, and a body that names many must not erase them all. */
const MAX_IDS_A_BODY = 5;

/**
 * Erases calls. The tombstone comes first, so that nothing comes in meanwhile; the rows last, since they name the rest: after a
 * failure the same calls are found again.
 */
export async function eraseCalls(callIds: readonly string[], { db, bucket }: ErasureStores): Promise<Erased> {
  let total = nothingErased;
  for (const callId of callIds) {
    await buryCall(db, callId, new Date());
    const objects = await deleteCallObjects(bucket, callId);
    const rows = await deleteCallRows(db, callId);
    total = addErased(total, { ...nothingErased, ...rows, objects });
  }
  return total;
}

/** Erases the next calls of a number that the ledger has. `callIds` is empty when there are no more. */
export async function eraseCallsOfNumber(
  digits: string,
  stores: ErasureStores,
): Promise<{ erased: Erased; callIds: string[] }> {
  const callIds = await callIdsOfNumber(stores.db, digits, CALLS_A_STEP);
  return { erased: await eraseCalls(callIds, stores), callIds };
}

/**
 * Erases the calls that a page of waiting bodies names together with the number. Most events carry no number: the one that does
 * may wait while the others are in the ledger, or wait somewhere else. Calls that the ledger knows to be another's stay.
 */
export async function eraseCallsOfWaiting(
  subject: Subject & { digits: string },
  position: WaitingPosition,
  stores: ErasureStores,
): Promise<{ erased: Erased; callIds: string[]; next?: WaitingPosition }> {
  const { waiting, next } = await lookThrough(subject, position, stores);
  const named = new Set(
    waiting.filter(({ mention }) => mention.isDirect).flatMap((body) => usableIds(body).slice(0, MAX_IDS_A_BODY)),
  );
  const { ofOthers } = await inChunks([...named], (ids) => callsByNumber(stores.db, subject.digits, ids));
  const callIds = [...named].filter((id) => !ofOthers.has(id));
  return { erased: await eraseCalls(callIds, stores), callIds, ...(next && { next }) };
}

/** Deletes those of a page of waiting bodies that name the subject, or a call that was erased. */
export async function eraseWaiting(
  subject: Subject,
  position: WaitingPosition,
  { db, bucket }: ErasureStores,
): Promise<{ erased: Erased; next?: WaitingPosition }> {
  const { waiting, next } = await lookThrough(subject, position, { db, bucket });
  const ids = [...new Set(waiting.flatMap(usableIds))];
  const digestOf = new Map(await Promise.all(ids.map(async (id) => [id, await sha256(id)] as const)));
  const buried = new Set<string>();
  for (const chunk of chunks([...digestOf.values()]))
    for (const digest of await findBuried(db, chunk)) buried.add(digest);
  const isMeant = (body: Waiting) =>
    body.mention.isDirect || usableIds(body).some((id) => buried.has(digestOf.get(id) ?? ""));

  const meant = waiting.filter(isMeant);
  await pMap(meant, ({ remove }) => remove(), { concurrency: CONCURRENCY });
  const countOf = (kind: Waiting["kind"]) => meant.filter((body) => body.kind === kind).length;
  return {
    erased: { ...nothingErased, parked: countOf("parked"), quarantined: countOf("quarantined") },
    ...(next && { next }),
  };
}

/** Longer texts are in bodies that do not fit, and were never the id of a call. */
function usableIds({ mention }: Waiting): string[] {
  return mention.callIds.filter(({ length }) => length <= MAX_ID_CHARACTERS);
}

async function inChunks(ids: readonly string[], ask: (chunk: string[]) => ReturnType<typeof callsByNumber>) {
  const ofOthers = new Set<string>();
  for (const chunk of chunks(ids)) for (const id of (await ask(chunk)).ofOthers) ofOthers.add(id);
  return { ofOthers };
}

function chunks(ids: readonly string[]): string[][] {
  const count = Math.ceil(ids.length / IDS_A_STATEMENT);
  return Array.from({ length: count }, (_, index) => ids.slice(index * IDS_A_STATEMENT, (index + 1) * IDS_A_STATEMENT));
}
