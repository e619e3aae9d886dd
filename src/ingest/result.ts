import type { FieldError } from "../events/fields.ts";
import type { QuarantineReason } from "../held/held.ts";
import type { BodyFault } from "../http/body.ts";
import { problemResponse, RETRY_AFTER_SECONDS } from "../http/problem.ts";
import type { SignatureFault } from "../platforms/platform.ts";
import type { StoreName } from "../stores/ask.ts";

/** The event of a result, as far as its body could be read. */
interface AboutEvent {
  event_id: string;
  call_id?: string;
  event?: string;
}

/** How ingesting a verified body ended. */
export type IngestResult =
  /** First time: everything is stored. */
  | (AboutEvent & { kind: "stored" })
  /** The ledger has every event of the body already: nothing new is stored. */
  | (AboutEvent & { kind: "duplicate" })
  /** The call was erased: nothing is stored. */
  | (AboutEvent & { kind: "erased" })
  /** An event that a ledger of calls has no use for: nothing is stored. */
  | { kind: "ignored" }
  /** In quarantine for a reason that the sender can do nothing about. */
  | (AboutEvent & { kind: "quarantined"; reason: Exclude<QuarantineReason, "not-an-object" | "invalid"> })
  /** In quarantine: not JSON, or no JSON object. */
  | (AboutEvent & { kind: "not-an-object"; detail: string })
  /** In quarantine: a field is missing or of the wrong type. */
  | (AboutEvent & { kind: "invalid"; errors: FieldError[] })
  /** A store failed. The reason is for the log. */
  | (AboutEvent & { kind: "failed"; store: StoreName; reason: string })
  /** This code or D1 trips over the body, or over another body of its batch. The detail is for the log and the quarantine. */
  | (AboutEvent & { kind: "faulty"; detail: string });

/** How a request to a webhook ended: one variant for each answer. */
export type ReceiveResult =
  | Exclude<IngestResult, { kind: "failed" | "faulty" }>
  /** A store failed, another took the body, which is recovered later. `failed` is for the log. */
  | (AboutEvent & { kind: "parked"; failed: string; parked_in: StoreName })
  /** No store could take the body. `failed` is for the log. */
  | (AboutEvent & { kind: "not-stored"; failed: string })
  | ({ kind: "unsigned" } & SignatureFault)
  /** The body was not read. `limit` in bytes. */
  | { kind: BodyFault; limit: number }
  /** The platform's secret is not set, so no signature can be checked: fails closed. */
  | { kind: "not-configured"; setting: string };

/** Maps every result to its answer. */
export function toResponse(result: ReceiveResult): Response {
  switch (result.kind) {
    case "stored":
    case "duplicate":
    case "erased":
    case "parked":
      return Response.json({ status: result.kind, event_id: result.event_id, call_id: result.call_id });
    case "quarantined": {
      const { kind: status, reason, event_id, call_id } = result;
      return Response.json({ status, reason, event_id, call_id });
    }
    case "ignored":
      return Response.json({ status: result.kind });
    case "not-an-object":
      return problemResponse({
        status: 400,
        type: "not-a-json-object",
        title: "The body is not a JSON object",
        detail: `${result.detail} It is kept in quarantine.`,
      });
    case "invalid":
      return problemResponse({
        status: 422,
        type: "invalid-event",
        title: "The event does not fit",
        detail: "A field of this event is missing or of the wrong type. The body is kept in quarantine.",
        errors: result.errors,
      });
    case "unsigned":
      return problemResponse({
        status: 401,
        type: "invalid-signature",
        title: "The signature is missing or wrong",
        detail: `${result.detail} Nothing was kept.`,
      });
    case "too-large":
      return problemResponse({
        status: 413,
        type: "body-too-large",
        title: "The body is too large",
        detail: `The body is larger than ${result.limit} bytes (MAX_BODY_BYTES). Nothing was kept.`,
      });
    case "too-slow":
      return problemResponse({
        status: 408,
        type: "body-too-slow",
        title: "The body did not come in",
        detail: "The body was not complete in time. Nothing was kept.",
      });
    case "busy":
      return unavailable("busy", "Too many bodies are coming in at once. Nothing was kept: send it again.");
    case "not-configured":
      return unavailable(
        "not-configured",
        `${result.setting} is not set, so no event can be verified. Nothing was kept.`,
      );
    case "not-stored":
      // A store that did not answer may have taken the event all the same.
      return unavailable(
        "not-stored",
        "The stores did not answer. Take the event as not kept and send it again: a repetition is stored once.",
      );
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
