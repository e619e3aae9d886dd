import type { JsonObject, Turn } from "../../events/event.ts";
import { fieldErrors, isJsonObject, turnsOf, withMember, withoutMembers } from "../../events/fields.ts";
import type { Decoded, Platform } from "../platform.ts";
import { elevenLabsEvent, eventTypes, isoTime, toCallEvents } from "./payload.ts";
import { verify } from "./signature.ts";

/** Recordings, and what the other products of the same workspace send. */
const ignoredTypes: ReadonlySet<unknown> = new Set([
  "post_call_audio",
  "speech_to_text_transcription",
  "voice_removal_notice",
  "voice_removal_notice_withdrawn",
  "voice_removed",
]);

/** ElevenLabs Agents. */
export const elevenlabs: Platform = {
  name: "elevenlabs",
  secretsSetting: "ELEVENLABS_WEBHOOK_SECRETS",
  verify,
  decode(body, receivedAt): Decoded {
    const { type } = body;
    if (ignoredTypes.has(type)) return { kind: "ignored" };
    if (!eventTypes.has(type)) return { kind: "unrecognised" };
    const parsed = elevenLabsEvent.safeParse(body);
    if (!parsed.success) return { kind: "invalid", errors: fieldErrors(parsed.error) };
    const events = toCallEvents(parsed.data, receivedAt);
    return { kind: "events", format: "elevenlabs", events, payload: withoutTranscript(body) };
  },
  // A correction of a conversation is another body, and another event.
  ownId: () => undefined,
  // Variables that are made for the headers of tools, these headers, and what people put into variables of other names.
  secretNames: /^secret__|^headers$|^password$|(?:api[-_]?key|(?:access|auth|bearer)[-_]?token|client[-_]?secret)$/i,
  turns({ data }) {
    return isJsonObject(data) ? spokenTurns(data) : [];
  },
};

/** The body without its transcript; the very same object when it has none. */
function withoutTranscript(body: JsonObject): JsonObject {
  return withMember(body, "data", (data) => withoutMembers(data, (name) => name === "transcript"));
}

/** Times are whole seconds: turns of one second stay in their order. */
function spokenTurns({ transcript, metadata }: JsonObject): Turn[] {
  if (!Array.isArray(transcript)) return [];
  const start = isJsonObject(metadata) ? metadata["start_time_unix_secs"] : undefined;
  return turnsOf(
    transcript.filter(isJsonObject).map(({ role, message, time_in_call_secs: time }) => {
      const timestamp = typeof start === "number" && typeof time === "number" ? isoTime(start + time) : undefined;
      return { role, content: message, timestamp: timestamp ?? (typeof time === "number" ? String(time) : null) };
    }),
  );
}
