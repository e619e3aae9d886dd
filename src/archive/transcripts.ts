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

/** Two corrections of a call rarely meet, a third hardly ever: more turns than this mean that something is wrong. */
const MAX_TURNS = 8;

/**
 * Keeps a `call.end` body under the key of its call. Almost always one write. When another body of the same call is
 * there already, the higher version gets the key and the other moves to `superseded/`, so nothing that was said is lost
 * and every order of arrival ends the same. Safe to repeat.
 */
export async function archiveTranscript(bucket: R2Bucket, transcript: Transcript): Promise<void> {
  const version = transcriptVersion(transcript.event, transcript.digest);
  const options = objectOptions(transcript, version);
  if (await bucket.put(transcript.key, transcript.body, { ...options, onlyIf: { etagDoesNotMatch: "*" } })) return;

  for (let turn = 0; turn < MAX_TURNS; turn++) {
    const present = await bucket.get(transcript.key);
    // The same event: delivered again, or, with another body under the same id, a duplicate to the ledger.
    if (present?.customMetadata?.["event_id"] === options.customMetadata.event_id) return void present.body.cancel();
    const presentVersion = present?.customMetadata?.["version"] ?? "";
    if (present && presentVersion > version) {
      await present.body.cancel();
      await bucket.put(supersededKey(transcript.digest, transcript.event.ended_at), transcript.body, options);
      return;
    }
    if (present) await keepSuperseded(bucket, present, transcript.event.ended_at);
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

function objectOptions({ event, eventId, digest }: Transcript, version: string) {
  return {
    httpMetadata: { contentType: "application/json" },
    customMetadata: {
      call_id: event.call_id,
      agent_id: event.agent_id,
      event_id: eventId,
      sha256: digest,
      version,
    },
  };
}
