import { createHash } from "node:crypto";
import pMap from "p-map";
import type { Receiver } from "../simulator/receiver.ts";
import type { Inspector } from "./inspector.ts";
import { isAcknowledged, type SoakEvent } from "./soak-plan.ts";

/** What is wrong with what a ledger holds after a soak: all of it should be 0. */
export interface SoakFindings {
  lostEvents: number;
  lostBodies: number;
  undelivered: number;
  duplicatedRows: number;
  duplicatedDeliveries: number;
}

const present = "SELECT value AS event_id FROM json_each(?1) WHERE value IN (SELECT event_id FROM events)";
const READS_AT_ONCE = 8;

/** Whether nothing waits any more: every acknowledged event has arrived, and nothing is parked or pending. */
export async function isSoakSettled(events: readonly SoakEvent[], stores: Inspector): Promise<boolean> {
  const waiting = await stores.count(
    "SELECT (SELECT count(*) FROM parked_bodies) + (SELECT count(*) FROM sync_deliveries WHERE state = 'pending')",
  );
  if (waiting > 0 || (await stores.objects("parked/")).length > 0) return false;
  const acknowledged = events.filter(isAcknowledged);
  return (await idsPresent(acknowledged, stores)).size === acknowledged.length;
}

/** Whether each of these events is on disk, in ledger and archive or on a shelf: what is only in a queue is not. */
export async function areOnDisk(events: readonly SoakEvent[], stores: Inspector): Promise<boolean> {
  // The shelves first: what moves from there to the ledger in the meantime is then found there.
  const rows = await stores.query("SELECT digest FROM parked_bodies");
  const objects = await stores.objects("parked/");
  const shelved = new Set([
    ...rows.map(({ digest }) => digest),
    ...objects.map(({ key }) => key.replace(/^.*\/|\.json$/g, "")),
  ]);
  const ids = await idsPresent(events, stores);
  const archived = new Set((await archive(stores)).map(({ sha256 }) => sha256));
  return events.every(
    ({ event_id, kind, digest }) =>
      shelved.has(digest) || (ids.has(event_id) && (kind !== "call.end" || archived.has(digest))),
  );
}

export async function soakFindings(
  events: readonly SoakEvent[],
  stores: Inspector,
  { received }: Pick<Receiver, "received">,
): Promise<SoakFindings> {
  const acknowledged = events.filter(isAcknowledged);
  const ids = await idsPresent(events, stores);
  const archived = await archivedDigests(stores);
  const analyses = acknowledged.filter(({ kind }) => kind === "analytics.completed");
  return {
    lostEvents: acknowledged.filter(({ event_id }) => !ids.has(event_id)).length,
    lostBodies: acknowledged.filter(({ kind, digest }) => kind === "call.end" && !archived.has(digest)).length,
    undelivered: analyses.filter(({ event_id }) => !received.has(event_id)).length,
    duplicatedRows: (await stores.count("SELECT count(*) FROM events")) - ids.size,
    duplicatedDeliveries:
      (await stores.count("SELECT count(*) FROM sync_deliveries")) -
      (await stores.count("SELECT count(*) FROM events WHERE event = 'analytics.completed'")),
  };
}

async function idsPresent(events: readonly SoakEvent[], stores: Inspector): Promise<Set<unknown>> {
  const rows = await stores.query(present, JSON.stringify(events.map(({ event_id }) => event_id)));
  return new Set(rows.map(({ event_id }) => event_id));
}

async function archive(stores: Inspector) {
  return [...(await stores.objects("transcripts/")), ...(await stores.objects("superseded/"))];
}

/** SHA-256 of every body in the archive, computed from its bytes. */
async function archivedDigests(stores: Inspector): Promise<Set<string>> {
  const objects = await archive(stores);
  const digestOf = async (key: string) =>
    createHash("sha256")
      .update(await stores.body(key))
      .digest("hex");
  return new Set(await pMap(objects, ({ key }) => digestOf(key), { concurrency: READS_AT_ONCE }));
}
