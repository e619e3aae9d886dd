import type { CallEnd } from "../events/event.ts";
import { transcriptVersion } from "../events/version.ts";
import { supersededKey } from "./keys.ts";

/** A `call.end` body on its way into the archive. */
export interface Transcript {
  key: string;
  /** The body byte for byte as received. */
  body: ArrayBuffer;
  /** SHA-256 of the body, hex. */
  digest: string;
  eventId: string;
  event: CallEnd;
}

/**
 * Puts a `call.end` body under the key of its call, unless there is one already. Almost always this is all there is to do.
 * @returns the etag of the new object; null when the key was taken
 */
export async function placeTranscript(bucket: R2Bucket, transcript: Transcript): Promise<string | null> {
  const options = { ...objectOptions(transcript), onlyIf: { etagDoesNotMatch: "*" } };
  return (await bucket.put(transcript.key, transcript.body, options))?.etag ?? null;
}

/**
 * Takes a body out that was placed for nothing, unless another has its key by now. An empty object stays: R2 deletes without
 * conditions, and a body that came in between would go with it.
 */
export async function withdrawTranscript(bucket: R2Bucket, key: string, etag: string): Promise<void> {
  await bucket.put(key, "", { onlyIf: { etagMatches: etag } });
}

/** The event whose body has a key of the archive. */
export async function eventAt(bucket: R2Bucket, key: string): Promise<string | undefined> {
  return (await bucket.head(key))?.customMetadata?.["event_id"];
}

/** Two corrections of a call rarely meet, a third hardly ever: more turns than this mean that something is wrong. */
const MAX_TURNS = 8;

/**
 * Keeps a `call.end` body whose key another body of the same call has: the higher version gets the key and the other moves to
 * `superseded/`, so nothing that was said is lost and every order of arrival ends the same. Safe to repeat.
 */
export async function arrangeTranscript(bucket: R2Bucket, transcript: Transcript): Promise<void> {
  const options = objectOptions(transcript);
  const { version } = options.customMetadata;
  for (let turn = 0; turn < MAX_TURNS; turn++) {
    const present = await bucket.get(transcript.key);
    // The same event, delivered again.
    if (present?.customMetadata?.["event_id"] === transcript.eventId) return void present.body.cancel();
    const presentVersion = present?.customMetadata?.["version"] ?? "";
    if (present && presentVersion > version) {
      await present.body.cancel();
      await bucket.put(supersededKey(transcript.digest, transcript.event.ended_at), transcript.body, options);
      return;
    }
    if (present && present.size > 0) await keepSuperseded(bucket, present, transcript.event.ended_at);
    const condition = present ? { etagMatches: present.etag } : { etagDoesNotMatch: "*" };
    if (await bucket.put(transcript.key, transcript.body, { ...options, onlyIf: condition })) return;
  }
  throw new Error(`the archive of event ${transcript.eventId} kept changing under it`);
}

async function keepSuperseded(bucket: R2Bucket, present: R2ObjectBody, endedAt: string): Promise<void> {
  const digest = present.customMetadata?.["sha256"] ?? present.etag;
  await bucket.put(supersededKey(digest, endedAt), await present.arrayBuffer(), {
    httpMetadata: present.httpMetadata ?? {},
    customMetadata: present.customMetadata ?? {},
  });
}

function objectOptions({ event, eventId, digest }: Transcript) {
  return {
    httpMetadata: { contentType: "application/json" },
    customMetadata: {
      call_id: event.call_id,
      agent_id: event.agent_id,
      event_id: eventId,
      sha256: digest,
      version: transcriptVersion(event, digest),
    },
  };
}
