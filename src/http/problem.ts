import { logError } from "../log.ts";
import { StoreError } from "../stores/ask.ts";

/** An error as the outside sees it: problem details (RFC 9457). */
export interface Problem {
  status: number;
  /** The last part of the problem's `type`, stable for machines. */
  type: string;
  /** One title for each type. */
  title: string;
  /** This occurrence, for people. Never an internal message. */
  detail: string;
  errors?: { path: string; message: string }[];
  /** Further members of the problem, as RFC 9457 allows. */
  extra?: Record<string, unknown>;
  headers?: Record<string, string>;
}

/** Returns a problem as an `application/problem+json` response. */
export function problemResponse({ status, type, title, detail, errors, extra, headers }: Problem): Response {
  const body = {
    type: `urn:problem-type:call-ledger:${type}`,
    title,
    status,
    detail,
    ...(errors && { errors }),
    ...extra,
  };
  return new Response(JSON.stringify(body), {
    status,
    headers: { "Content-Type": "application/problem+json", "X-Content-Type-Options": "nosniff", ...headers },
  });
}

export function notFound(detail = "There is nothing at this address."): Response {
  return problemResponse({ status: 404, type: "not-found", title: "Not found", detail });
}

/** @param allow the methods that the address answers, as in the header `Allow` */
export function methodNotAllowed(allow: string): Response {
  return problemResponse({
    status: 405,
    type: "method-not-allowed",
    title: "Method not allowed",
    detail: `This address answers ${allow} only.`,
    headers: { Allow: allow },
  });
}

/** Seconds after which a client may try again when a store did not answer. */
export const RETRY_AFTER_SECONDS = 30;

/**
 * Answers an exception: 503 if a store failed, else a plain 500. Logs its stack and the path, without the query string, which may
 * hold phone numbers and search words.
 */
export function failureResponse(error: unknown, request: { method: string; url: string }): Response {
  const { pathname } = new URL(request.url);
  logError({ message: "a request failed", method: request.method, path: pathname }, error);
  if (error instanceof StoreError) {
    return problemResponse({
      status: 503,
      type: "store-unavailable",
      title: "The ledger does not answer",
      detail: "One of its stores failed or took too long. Calls go on being kept: try again in a moment.",
      headers: { "Retry-After": String(RETRY_AFTER_SECONDS) },
    });
  }
  return problemResponse({
    status: 500,
    type: "internal-error",
    title: "Internal error",
    detail: "Something failed that should not have. The log of this Worker names it.",
  });
}
