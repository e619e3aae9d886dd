import { quarantine } from "../archive/bodies.ts";
import { type DecodedBody, decode } from "../events/decode.ts";
import type { AnalyticsCompleted } from "../events/event.ts";
import { logError, reasonOf } from "../log.ts";
import { configuredDestinations } from "../sync/destinations/index.ts";
import { syncMessage } from "../sync/messages.ts";
import { eventIdOf, makeEntry, type Received } from "./entry.ts";
import { keep } from "./keep.ts";
import type { Outcome } from "./outcome.ts";

/** The door behind the signature: a body that is known to be genuine becomes an entry, or goes to quarantine. */
export async function accept(received: Received, env: Env, ctx: ExecutionContext): Promise<Outcome> {
  const decoded = decode(received.body, received.receivedAt);
  if (decoded.kind !== "event") return putAside(received, decoded, env.ARCHIVE);

  const entry = await makeEntry(received, decoded);
  const { event_id, call_id, event: name } = entry.row;
  const destinations = configuredDestinations(env).map((destination) => destination.name);
  const synced = entry.event.event === "analytics.completed" ? destinations : [];
  const kept = await keep(entry, env.DB, env.ARCHIVE, synced);
  if (kept.kind === "stored" && entry.event.event === "analytics.completed") {
    ctx.waitUntil(announce(env.SYNC_QUEUE, synced, event_id, entry.event));
  }
  return { ...kept, event_id, call_id, event: name };
}

/** Never rejects: the rows in `sync_deliveries` say what is still to be sent. */
async function announce(
  queue: Queue,
  destinations: readonly string[],
  eventId: string,
  event: AnalyticsCompleted,
): Promise<void> {
  try {
    await Promise.all(destinations.map((destination) => queue.send(syncMessage(destination, eventId, event))));
  } catch (error) {
    logError({ message: "the queue did not take an event", event_id: eventId, error: reasonOf(error) });
  }
}

type Misfit = Exclude<DecodedBody, { kind: "event" }>;

async function putAside(received: Received, misfit: Misfit, bucket: R2Bucket): Promise<Outcome> {
  const event_id = eventIdOf("id" in misfit ? misfit.id : undefined, received.digest);
  const { body, digest, receivedAt } = received;
  try {
    await quarantine(bucket, body, digest, receivedAt, { kind: misfit.kind, detail: detailOf(misfit) });
  } catch (error) {
    return { kind: "not-kept", event_id, failed: `R2: ${reasonOf(error)}` };
  }
  return { ...misfit, event_id };
}

function detailOf(misfit: Misfit): string {
  switch (misfit.kind) {
    case "not-an-object":
      return misfit.detail;
    case "misfit":
      return misfit.errors.map(({ path, message }) => `${path}: ${message}`).join("; ");
    case "unrecognised":
      return "No format knows this event.";
  }
}
