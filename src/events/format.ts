import type { CallEvent, JsonObject } from "./event.ts";

/** One place where a body does not fit, in the shape of the `errors` of an answer. */
export interface FieldError {
  /** Dotted path into the body, `transcript.3.content`. */
  path: string;
  message: string;
}

export type Decoded =
  /** `withoutTranscript` is the body itself when there was no transcript to take out. */
  | { ok: true; event: CallEvent; withoutTranscript: JsonObject }
  /** The event is known, but a field is missing or of the wrong type. */
  | { ok: false; errors: FieldError[] };

/** One vocabulary in which a platform tells about calls. To add one: a file beside this, a line in `formats.ts`. */
export interface WireFormat {
  /** Kept in the column `events.format`. */
  readonly name: string;
  /**
   * Reads a body in this vocabulary. `undefined` when the body is not an event this format knows.
   * @param receivedAt ISO 8601 UTC; stands in for times that the platform does not send.
   */
  decode(body: JsonObject, receivedAt: string): Decoded | undefined;
  /** Where this vocabulary has the turns of the conversation; whatever else is there is left to the reader. */
  transcript?(body: JsonObject): unknown;
}
