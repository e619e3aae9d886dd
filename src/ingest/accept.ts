import { quarantine } from "../archive/quarantine.ts";
import type { CallEvent } from "../events/event.ts";
import type { Received } from "../events/received.ts";
import { logError, reasonOf } from "../log.ts";
import { type DecodedBody, decode } from "../platforms/decode.ts";
import { readSettings } from "../settings.ts";
import { attempt } from "../stores/attempt.ts";
import { STORE_LIMIT } from "../stores/limits.ts";
import { configuredDestinations } from "../sync/destinations/index.ts";
import { syncMessage } from "../sync/messages.ts";
import { type Entry, eventIdOf, makeEntry } from "./entry.ts";
import { keep, type StoreFailures } from "./keep.ts";
import type { AboutEvent, Settled } from "./outcome.ts";

/** What became of a genuine body; `not-kept` when its place is still to be found. */
export type Accepted = Settled | (AboutEvent & { kind: "not-kept"; failures: StoreFailures });

/**
 * The door behind the signature, for fresh bodies, parked ones and those played again from quarantine: the body becomes
 * an entry in ledger and archive, or goes to quarantine. Never rejects: an event that this code trips over is `not-kept`
 * without a store that failed, so that it is parked until a corrected deployment takes it in. Safe to repeat.
 */
export async function accept(received: Received, env: Env, ctx: ExecutionContext): Promise<Accepted> {
  try {
    return await acceptOrThrow(received, env, ctx);
  } catch (error) {
    logError({ message: "unexpected", event_id: received.digest, error: reasonOf(error) });
    return { kind: "not-kept", event_id: received.digest, failures: new Map() };
  }
}

async function acceptOrThrow(received: Received, env: Env, ctx: ExecutionContext): Promise<Accepted> {
  const read = await readEntry(received, readSettings(env).searchTranscripts);
  if (read.kind !== "entry") return putAside(received, read, env.ARCHIVE);

  const { entry } = read;
  const { event_id, call_id, event: name } = entry.row;
  const destinations =
    entry.event.event === "analytics.completed"
      ? configuredDestinations(env).map((destination) => destination.name)
      : [];
  const kept = await keep(entry, env.DB, env.ARCHIVE, destinations);
  if (kept.kind === "stored" && destinations.length > 0) {
    ctx.waitUntil(announce(env.SYNC_QUEUE, destinations, event_id, entry.event));
  }
  return { ...kept, event_id, call_id, event: name };
}

/**
 * The parsed body goes no further than this: it takes several times the room of its bytes, and nothing of it is needed while
 * the stores work, of which a busy Worker waits for many at a time.
 */
async function readEntry(
  received: Received,
  searchTranscripts: boolean,
): Promise<{ kind: "entry"; entry: Entry } | Misfit> {
  const decoded = decode(received.body, received.receivedAt);
  if (decoded.kind !== "event") return decoded;
  return { kind: "entry", entry: await makeEntry(received, decoded, searchTranscripts) };
}

/** Never rejects: what the queue did not take is in `sync_deliveries`, and the relay sends it. */
async function announce(
  queue: Queue,
  destinations: readonly string[],
  eventId: string,
  event: CallEvent,
): Promise<void> {
  if (event.event !== "analytics.completed") return;
  try {
    const messages = destinations.map((destination) => syncMessage(destination, eventId, event));
    await Promise.all(messages.map((message) => attempt(() => queue.send(message), STORE_LIMIT)));
  } catch (error) {
    logError({ message: "the queue did not take an event", event_id: eventId, error: reasonOf(error) });
  }
}

type Misfit = Exclude<DecodedBody, { kind: "event" }>;

async function putAside(received: Received, misfit: Misfit, bucket: R2Bucket): Promise<Accepted> {
  const event_id = eventIdOf("id" in misfit ? misfit.id : undefined, received.digest);
  const reason = { reason: misfit.kind, detail: detailOf(misfit) };
  try {
    await attempt(() => quarantine(bucket, received, reason), STORE_LIMIT);
  } catch (error) {
    return { kind: "not-kept", event_id, failures: new Map([["R2", reasonOf(error)]]) };
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
