import type { JsonObject } from "../../events/event.ts";
import { fieldErrors, isJsonObject, withMember, withoutMembers } from "../../events/fields.ts";
import type { Decoded, Platform } from "../platform.ts";
import { turnsInData } from "./conversation.ts";
import { elevenLabsEvent, eventTypes, toCallEvents } from "./payload.ts";
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
    return isJsonObject(data) ? turnsInData(data) : [];
  },
};

/** Returns the body without its transcript, or the same object if it has none. */
function withoutTranscript(body: JsonObject): JsonObject {
  return withMember(body, "data", (data) => withoutMembers(data, (name) => name === "transcript"));
}
