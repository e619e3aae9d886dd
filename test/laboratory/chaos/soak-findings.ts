import pMap from "p-map";
import { webhookId } from "../../support/downstream.ts";
import type { ListedObject } from "../../support/stores/inspection.ts";
import { prefixOf } from "../../support/stores/objects.ts";
import type { Receiver } from "../simulator/receiver.ts";
import type { Inspector } from "./inspector.ts";
import { sha256Of } from "./make-call.ts";
import { identitiesIn, isAcknowledged, type SoakBody } from "./soak-plan.ts";

/** Differences between a ledger after a soak and one whose stores never failed: all of them should be 0. */
export interface SoakFindings {
  lostEvents: number;
  lostBodies: number;
  undelivered: number;
  duplicatedRows: number;
  duplicatedDeliveries: number;
  /** Objects that no event of their call explains. */
  strayObjects: number;
  /** Calls whose transcript in R2 is another than the one that their row in D1 names. */
  wrongTranscripts: number;
}

const present = `SELECT value AS key FROM json_each(?1)
  WHERE (value ->> 0, value ->> 1, value ->> 2) IN (SELECT call_id, event, event_id FROM events)`;
const READS_AT_ONCE = 8;

/** Whether every acknowledged event is in the ledger, and nothing is parked or pending. */
export async function isSoakRecovered(bodies: readonly SoakBody[], stores: Inspector): Promise<boolean> {
  const left = await stores.count("SELECT count(*) FROM sync_deliveries WHERE state = 'pending'");
  if (left > 0 || (await stores.objects("parked/")).length > 0) return false;
  const acknowledged = bodies.filter(isAcknowledged);
  return (await storedKeys(acknowledged, stores)).size === identitiesIn(acknowledged).length;
}

/** Whether each of these bodies is on disk, in ledger and archive or held in R2: the queue is in memory. */
export async function areOnDisk(bodies: readonly SoakBody[], stores: Inspector): Promise<boolean> {
  // The held ones first, parked before quarantined: those that move on in the meantime are then listed there.
  const objects = [...(await stores.objects("parked/")), ...(await stores.objects("quarantine/"))];
  const held = new Set(objects.map(({ sha256 }) => sha256));
  const keys = await storedKeys(bodies, stores);
  const archived = new Set((await stores.objects("calls/")).map(({ sha256 }) => sha256));
  return bodies.every(
    (body) =>
      held.has(body.sha256) ||
      (body.identities.every(({ key }) => keys.has(key)) && (!isEnd(body) || archived.has(body.sha256))),
  );
}

export async function soakFindings(
  bodies: readonly SoakBody[],
  stores: Inspector,
  { received }: Pick<Receiver, "received">,
): Promise<SoakFindings> {
  const acknowledged = bodies.filter(isAcknowledged);
  const keys = await storedKeys(bodies, stores);
  const objects = await stores.objects("calls/");
  const archived = await digestsOf(objects, stores);
  const events = identitiesIn(acknowledged);
  const analyses = events.filter(({ event }) => event === "analytics.completed");
  return {
    lostEvents: events.filter(({ key }) => !keys.has(key)).length,
    lostBodies: acknowledged.filter((body) => isEnd(body) && !body.archivable.some((sha256) => archived.has(sha256)))
      .length,
    undelivered: analyses.filter(({ call_id, event, event_id }) => !received.has(webhookId(call_id, event, event_id)))
      .length,
    duplicatedRows: (await stores.count("SELECT count(*) FROM events")) - keys.size,
    duplicatedDeliveries:
      (await stores.count("SELECT count(*) FROM sync_deliveries")) -
      (await stores.count("SELECT count(*) FROM events WHERE event = 'analytics.completed'")),
    strayObjects: countStrayObjects(bodies, objects) + (await stores.objects("quarantine/")).length,
    wrongTranscripts: await countWrongTranscripts(bodies, objects, stores),
  };
}

async function storedKeys(bodies: readonly SoakBody[], stores: Inspector): Promise<Set<unknown>> {
  const identities = identitiesIn(bodies).map(({ call_id, event, event_id }) => [call_id, event, event_id]);
  const rows = await stores.query(present, JSON.stringify(identities));
  return new Set(rows.map(({ key }) => key));
}

/** Whether the archive is to have it. */
function isEnd({ identities }: SoakBody): boolean {
  return identities.some(({ event }) => event === "call.end");
}

/** Computes the SHA-256 of every object from its bytes. */
async function digestsOf(objects: readonly ListedObject[], stores: Inspector): Promise<Set<string>> {
  const digests = await pMap(objects, async ({ key }) => sha256Of(await stores.body(key)), {
    concurrency: READS_AT_ONCE,
  });
  return new Set(digests);
}

/** Calls of which every body was acknowledged: one that was not may have reached one store and not the other. */
function acknowledgedCalls(bodies: readonly SoakBody[]): Set<string> {
  const calls = new Set(bodies.map(({ call_id }) => call_id));
  for (const body of bodies) if (!isAcknowledged(body)) calls.delete(body.call_id);
  return calls;
}

/** Counts objects besides one for each end of a call. */
function countStrayObjects(bodies: readonly SoakBody[], objects: readonly ListedObject[]): number {
  const expected = new Set(bodies.filter(isEnd).map(({ call_id, sha256 }) => `${prefixOf(call_id)} ${sha256}`));
  const complete = new Set(Array.from(acknowledgedCalls(bodies), prefixOf));
  const seen = new Set<string>();
  return objects.filter(({ key, sha256 }) => {
    const prefix = key.replace(/^(calls\/[^/]*\/).*$/, "$1");
    const object = `${prefix} ${sha256}`;
    const isSecond = seen.has(object) && complete.has(prefix);
    seen.add(object);
    return isSecond || !expected.has(object);
  }).length;
}

async function countWrongTranscripts(
  bodies: readonly SoakBody[],
  objects: readonly ListedObject[],
  stores: Inspector,
): Promise<number> {
  const complete = acknowledgedCalls(bodies);
  // Deliveries of one body, one in D1 and another in R2, may differ in the times of their versions, not in the digest behind.
  const digestIn = (version: unknown) => String(version).replace(/^.* /, "");
  const versions = new Map(objects.map(({ key, version }) => [key, digestIn(version)]));
  const rows = await stores.query(
    `SELECT call_id, transcript_key, ledger_column_versions ->> 'transcript_key' AS version FROM calls
     WHERE transcript_key IS NOT NULL`,
  );
  return rows.filter(
    ({ call_id, transcript_key, version }) =>
      complete.has(String(call_id)) && versions.get(String(transcript_key)) !== digestIn(version),
  ).length;
}
