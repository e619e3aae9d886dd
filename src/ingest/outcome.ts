import type { FieldError } from "../events/format.ts";
import { problemResponse } from "../http/problem.ts";
import type { SignatureFault } from "../platforms/atoms/signature.ts";

/** An outcome about an event: its identity, as far as the body could be read. */
export interface AboutEvent {
  event_id: string;
  call_id?: string;
  event?: string;
}

/** The body has found the place where it belongs. */
export type Settled =
  /** First time: everything is kept. */
  | (AboutEvent & { kind: "stored" })
  /** The ledger has it already: nothing new is kept. */
  | (AboutEvent & { kind: "duplicate" })
  /** An event that no format knows: kept in quarantine. */
  | (AboutEvent & { kind: "unrecognised" })
  /** Signed, but no JSON object: kept in quarantine. */
  | (AboutEvent & { kind: "not-an-object"; detail: string })
  /** A known event that does not fit its schema: kept in quarantine. */
  | (AboutEvent & { kind: "misfit"; errors: FieldError[] });

/** Every way in which receiving an event can end: the contract's table of answers, as a type. */
export type Outcome =
  | Settled
  /** A store failed, another took the body; it reaches the ledger by itself later. `failed` is for the log. */
  | (AboutEvent & { kind: "parked"; failed: string; parked_in: string })
  /** No store could keep it. `failed` is for the log. */
  | (AboutEvent & { kind: "not-kept"; failed: string })
  | { kind: "unsigned"; fault: SignatureFault }
  /** `limit` in bytes. */
  | { kind: "too-large"; limit: number }
  /** No secret is set, so no signature can be right: fails closed. */
  | { kind: "not-configured" };

/** Seconds after which a sender that does retry may try again. */
const RETRY_AFTER_SECONDS = 30;

const signatureFaults: Record<SignatureFault, string> = {
  missing: "The request carries no X-Signature header.",
  malformed: "The signature is not an HMAC-SHA256 in hex: 64 hexadecimal digits.",
  wrong: "No secret of WEBHOOK_SECRETS gives this signature for this body.",
};

/** The one place where an outcome becomes an answer. */
export function toResponse(outcome: Outcome): Response {
  switch (outcome.kind) {
    case "stored":
    case "duplicate":
      return Response.json({ status: outcome.kind, event_id: outcome.event_id, call_id: outcome.call_id });
    case "unrecognised":
    case "parked":
      return Response.json(
        { status: outcome.kind, event_id: outcome.event_id, call_id: outcome.call_id },
        { status: 202 },
      );
    case "not-an-object":
      return problemResponse({
        status: 400,
        type: "not-a-json-object",
        title: "The body is not a JSON object",
        detail: `${outcome.detail} It is kept in quarantine.`,
      });
    case "misfit":
      return problemResponse({
        status: 422,
        type: "invalid-event",
        title: "The event does not fit",
        detail: "A field of this event is missing or of the wrong type. The body is kept in quarantine.",
        errors: outcome.errors,
      });
    case "unsigned":
      return problemResponse({
        status: 401,
        type: "invalid-signature",
        title: "The signature is missing or wrong",
        detail: `${signatureFaults[outcome.fault]} Nothing was kept.`,
      });
    case "too-large":
      return problemResponse({
        status: 413,
        type: "body-too-large",
        title: "The body is too large",
        detail: `The body is larger than ${outcome.limit} bytes (MAX_BODY_BYTES). Nothing was kept.`,
      });
    case "not-configured":
      return unavailable(
        "not-configured",
        "WEBHOOK_SECRETS is not set, so no event can be verified. Nothing was kept.",
      );
    case "not-kept":
      return unavailable("not-kept", "The stores did not answer. Take the event as not kept and send it again.");
  }
}

function unavailable(type: string, detail: string): Response {
  return problemResponse({
    status: 503,
    type,
    title: "The event could not be kept",
    detail,
    headers: { "Retry-After": String(RETRY_AFTER_SECONDS) },
  });
}
