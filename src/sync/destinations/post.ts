import { Webhook } from "standardwebhooks";
import { decodedPart } from "../../http/input.ts";
import { BRAND, type SettingProblem } from "../../settings.ts";
import { readAnswer } from "./answer.ts";
import type { DeliveryResult } from "./destination.ts";

const TIMEOUT_MS = 10_000;

/** RFC 9110, 10.1.5: a product's name has no spaces. */
const USER_AGENT = BRAND.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");

/** Besides 5xx, the answers that ask to try again: timeout (RFC 9110), too early (RFC 8470), too many (RFC 6585). */
const transientStatuses: ReadonlySet<number> = new Set([408, 425, 429]);

/** POSTs JSON to another system. Never rejects; no reason holds the address. */
export async function postJson(url: URL, body: string, headers: Record<string, string> = {}): Promise<DeliveryResult> {
  let response: Response;
  try {
    response = await fetch(withoutCredentials(url), {
      method: "POST",
      body,
      headers: { "Content-Type": "application/json", "User-Agent": USER_AGENT, ...basicAuthorization(url), ...headers },
      // Following a redirect would hand the call to an address nobody configured.
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch (error) {
    const timedOut = error instanceof DOMException && error.name === "TimeoutError";
    const reason = timedOut ? `no answer within ${TIMEOUT_MS / 1000} s` : "the connection failed";
    return { kind: "transient", reason };
  }
  if (response.ok) {
    // Only the status matters, and a body may never end.
    await response.body?.cancel();
    return { kind: "delivered" };
  }
  const answer = await readAnswer(response);
  const refusal = { reason: `HTTP ${response.status}`, ...(answer !== undefined && { answer }) };
  if (response.status < 500 && !transientStatuses.has(response.status)) return { kind: "permanent", ...refusal };
  const retryAfterSeconds = retryAfter(response.headers.get("Retry-After"), new Date());
  return { kind: "transient", ...refusal, ...(retryAfterSeconds !== undefined && { retryAfterSeconds }) };
}

/**
 * POSTs JSON signed by the Standard Webhooks specification (standardwebhooks.com). Never rejects.
 * @param id the same for every attempt: by it a receiver tells repetitions
 */
export function postSigned(url: URL, secret: string, id: string, body: string): Promise<DeliveryResult> {
  const now = new Date();
  return postJson(url, body, {
    "webhook-id": id,
    "webhook-timestamp": String(Math.floor(now.getTime() / 1000)),
    "webhook-signature": new Webhook(secret).sign(id, now, body),
  });
}

/** Checks an address that signed messages go to, and the secret that signs them. */
export function addressProblems(setting: string, url: string, secret: string | undefined): SettingProblem[] {
  const problems: SettingProblem[] = [];
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? "")) {
    problems.push({ setting, problem: "is not an http or https URL" });
  }
  if (!secret) problems.push({ setting: "SYNC_SECRET", problem: "is not set" });
  else if (!isSigningSecret(secret)) {
    problems.push({ setting: "SYNC_SECRET", problem: "is not a Standard Webhooks secret (whsec_ and base64)" });
  }
  return problems;
}

function isSigningSecret(secret: string): boolean {
  try {
    return secret.startsWith("whsec_") && new Webhook(secret) instanceof Webhook;
  } catch {
    return false;
  }
}

/** Makes a header of a user name and a password (RFC 7617): `fetch` refuses an address with them (fetch.spec.whatwg.org). */
function basicAuthorization({ username, password }: URL): { Authorization?: string } {
  if (username === "" && password === "") return {};
  const credentials = `${decodedPart(username)}:${decodedPart(password)}`;
  return { Authorization: `Basic ${new TextEncoder().encode(credentials).toBase64()}` };
}

function withoutCredentials(url: URL): URL {
  const bare = new URL(url);
  bare.username = "";
  bare.password = "";
  return bare;
}

/** Parses a Retry-After of seconds or a date (RFC 9110, 10.2.3) into seconds. */
function retryAfter(value: string | null, now: Date): number | undefined {
  if (value === null) return undefined;
  const seconds = /^\d+$/.test(value) ? Number(value) : Math.ceil((Date.parse(value) - now.getTime()) / 1000);
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds);
}
