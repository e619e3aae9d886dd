import type { JSX } from "hono/jsx/jsx-runtime";

/**
 * Everything comes from this host and nothing is inline, so markup in a transcript could load and run nothing even
 * if it got past the escaping (w3.org/TR/CSP3).
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "media-src 'self'",
  // The script asks for the calls that go on.
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** Headers of every answer of the dashboard; `public/_headers` has them for the assets. */
export const securityHeaders = {
  "Content-Security-Policy": CONTENT_SECURITY_POLICY,
  "Cache-Control": "private, no-store",
  // Not no-referrer: forms would then be sent with `Origin: null`, as those of other sites are.
  "Referrer-Policy": "same-origin",
  "X-Content-Type-Options": "nosniff",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
};

/** Answers with a whole page. The renderer escapes its text. */
export async function html(
  page: JSX.Element,
  { status = 200, headers = {} }: { status?: number; headers?: Record<string, string> } = {},
): Promise<Response> {
  return response(`<!doctype html>${await textOf(page)}`, { status, headers });
}

/** Answers with a part of a page, for its script. */
export async function fragment(part: JSX.Element): Promise<Response> {
  return response(await textOf(part));
}

/** Renders also what waits for something, of which `toString` makes a promise. */
async function textOf(element: JSX.Element): Promise<string> {
  return (await element).toString();
}

function response(text: string, init?: ResponseInit): Response {
  const response = new Response(text, init);
  response.headers.set("Content-Type", "text/html; charset=utf-8");
  for (const [name, value] of Object.entries(securityHeaders)) response.headers.set(name, value);
  return response;
}

/** Leads on after an action, so that reloading does not act again. */
export function seeOther(path: string): Response {
  return new Response(null, { status: 303, headers: { Location: path, ...securityHeaders } });
}
