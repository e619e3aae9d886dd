/** What every error looks like on the outside: problem details (RFC 9457). */
export interface Problem {
  status: number;
  /** The last part of the problem's `type`, stable for machines. */
  type: string;
  /** The same words for every problem of the type. */
  title: string;
  /** What is the matter this time, for people. Never an internal message. */
  detail: string;
  errors?: { path: string; message: string }[];
  /** Further members of the problem, as RFC 9457 allows. */
  extra?: Record<string, unknown>;
  headers?: Record<string, string>;
}

/** A problem as an `application/problem+json` response. */
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
    headers: { "Content-Type": "application/problem+json", ...headers },
  });
}

export function notFound(): Response {
  return problemResponse({
    status: 404,
    type: "not-found",
    title: "Not found",
    detail: "There is nothing at this address.",
  });
}

/** @param allow the methods that would do, as in the header `Allow` */
export function methodNotAllowed(allow: string): Response {
  return problemResponse({
    status: 405,
    type: "method-not-allowed",
    title: "Method not allowed",
    detail: `This address answers ${allow} only.`,
    headers: { Allow: allow },
  });
}

export function internalError(): Response {
  return problemResponse({
    status: 500,
    type: "internal-error",
    title: "Internal error",
    detail: "Something failed that should not have. The log of this Worker says what.",
  });
}
