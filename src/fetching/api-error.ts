/**
 * `refused`: the key is wrong or may not (401, 403); the run ends. `rate-limited`: the run pauses. `budget-spent`: the run has made all
 * its requests. `not-found`: there is no such thing (any other 4xx, 301 to 399). `unavailable`: 5xx, no answer, no answer in time.
 * `unreadable`: no JSON, too long, or of an unknown shape.
 */
export type ApiErrorKind = "refused" | "rate-limited" | "budget-spent" | "not-found" | "unavailable" | "unreadable";

/** A request to a platform's API that failed. Its message names a path and a status, never the key or an answer. */
export class ApiError extends Error {
  override name = "ApiError";
  readonly kind: ApiErrorKind;
  /** Milliseconds that the platform asks for; `undefined` if it does not say. */
  readonly retryAfterMs: number | undefined;

  constructor(kind: ApiErrorKind, message: string, retryAfterMs?: number) {
    super(message);
    this.kind = kind;
    this.retryAfterMs = retryAfterMs;
  }
}
