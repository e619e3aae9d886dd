import type { CallEvent, JsonObject, Turn } from "../events/event.ts";
import type { FieldError } from "../events/fields.ts";

/** The reason why a request is not genuine, in words for the sender, without any secret. */
export interface SignatureFault {
  fault: "missing" | "malformed" | "wrong" | "stale";
  detail: string;
}

/** Checks the signature over the exact bytes of a body. Resolves to `undefined` if it is right. */
export type BodyVerifier = (body: ArrayBuffer) => Promise<SignatureFault | undefined>;

/** The result of decoding a body that is a JSON object. */
export type Decoded =
  /** `payload` is the body without any transcript, or the same object if it had none. */
  | { kind: "events"; format: string; events: [CallEvent, ...CallEvent[]]; payload: JsonObject }
  /** A known event, but a field is missing or of the wrong type. */
  | { kind: "invalid"; errors: FieldError[] }
  /** An event of the platform that a ledger of calls has no use for. */
  | { kind: "ignored" }
  /** No event that this code knows. */
  | { kind: "unrecognised" };

/** A voice-agent platform: how it signs, and what its bodies say. To add one: a folder beside `atoms/`, a line in `index.ts`. */
export interface Platform {
  /** The last part of its webhook's address, and `calls.platform`: never change it once in use. */
  readonly name: string;
  /** The setting with its signing secrets. The platform is on when it is set. */
  readonly secretsSetting: `${string}_WEBHOOK_SECRETS`;
  /** Returns the reason why a text is no secret, for a sentence about the setting. Absent: any text is one. */
  secretProblem?(secret: string): string | undefined;
  /**
   * Looks at the head of a request, before its body is read, since most strangers are refused by it.
   * @param secrets any of them may have signed
   * @returns what checks the body, or why no body can be right
   */
  verify(headers: Headers, secrets: readonly string[], now: Date): BodyVerifier | SignatureFault;
  /**
   * Reads a body. Pure.
   * @param receivedAt ISO 8601 UTC; stands in for times that the platform does not send
   */
  decode(body: JsonObject, receivedAt: string): Decoded;
  /** The id that a body has of its own, if it has one and it can be kept. Else its digest identifies it. */
  ownId(body: JsonObject): string | undefined;
  /**
   * The body without what differs from one delivery of it to the next: the digest is of the rest. Absent: every delivery is the same,
   * byte for byte.
   */
  identity?(body: JsonObject): unknown;
  /**
   * Names of members that hold secrets, wherever they stand in a body: these are taken out before anything is kept. `undefined`:
   * the platform sends none.
   */
  readonly secretNames: RegExp | undefined;
  /** Returns the turns and tool calls in the body of a `call.end`; empty if there are none. */
  turns(body: JsonObject): Turn[];
}
