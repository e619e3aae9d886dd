import { Webhook } from "standardwebhooks";
import { type EventName, eventName } from "../../events/event.ts";
import { sha256 } from "../../events/received.ts";
import { decodedPart } from "../../http/input.ts";
import type { PlannedDelivery } from "../../ledger/deliveries.ts";
import { withJson } from "../../ledger/schema.ts";
import { BRAND, type SettingProblem } from "../../settings.ts";
import { readAnswer } from "./answer.ts";
import type { DeliveryResult, Destination } from "./destination.ts";

const TIMEOUT_MS = 10_000;

/** RFC 9110, 10.1.5: a product's name has no spaces. */
const USER_AGENT = BRAND.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");

/** Besides 5xx, the answers that ask to try again: timeout (RFC 9110), too early (RFC 8470), too many (RFC 6585). */
const transientStatuses: ReadonlySet<number> = new Set([408, 425, 429]);

/** What is sent while `SYNC_EVENTS` is empty, or names no event. */
const DEFAULT_EVENTS: readonly EventName[] = ["analytics.completed"];

/**
 * POSTs the events that `SYNC_EVENTS` names, each with its whole call, to `SYNC_URL`, signed with `SYNC_SECRET` by the Standard Webhooks specification
 * (standardwebhooks.com). Switched off while `SYNC_URL` is empty.
 */
export function webhook(env: Env): Destination | undefined {
  const { SYNC_URL: url, SYNC_SECRET: secret } = env;
  if (!url) return undefined;
  const { events, problems } = readEvents(env.SYNC_EVENTS);
  return {
    name: "webhook",
    problems: [...findProblems(url, secret), ...problems],
    events,
    deliver: (delivery) => post(new URL(url), new Webhook(secret), delivery),
  };
}

/** Reads a comma list of names of events. One that is none is a problem; the others count. */
function readEvents(setting: string | undefined): { events: readonly EventName[]; problems: SettingProblem[] } {
  const names = (setting ?? "")
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  const events = eventName.options.filter((event) => names.includes(event));
  const isWrong = names.some((name) => !eventName.safeParse(name).success);
  return {
    events: events.length === 0 ? DEFAULT_EVENTS : events,
    problems: isWrong
      ? [{ setting: "SYNC_EVENTS", problem: `names an event other than ${eventName.options.join(", ")}` }]
      : [],
  };
}

function findProblems(url: string, secret: string | undefined): SettingProblem[] {
  const problems: SettingProblem[] = [];
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? "")) {
    problems.push({ setting: "SYNC_URL", problem: "is not an http or https URL" });
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

async function post(url: URL, signer: Webhook, delivery: PlannedDelivery): Promise<DeliveryResult> {
  const body = JSON.stringify(deliveryBody(delivery));
  const id = await webhookId(delivery);
  const now = new Date();
  let response: Response;
  try {
    response = await fetch(withoutCredentials(url), {
      method: "POST",
      body,
      headers: {
        "Content-Type": "application/json",
        "User-Agent": USER_AGENT,
        ...basicAuthorization(url),
        "webhook-id": id,
        "webhook-timestamp": String(Math.floor(now.getTime() / 1000)),
        "webhook-signature": signer.sign(id, now, body),
      },
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
  const retryAfterSeconds = retryAfter(response.headers.get("Retry-After"), now);
  return { kind: "transient", ...refusal, ...(retryAfterSeconds !== undefined && { retryAfterSeconds }) };
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

function deliveryBody({ event, event_id, occurred_at, call }: PlannedDelivery) {
  return { type: event, timestamp: occurred_at, data: { event_id, call: withJson(call) } };
}

/** Returns the id by which a receiver tells repetitions. The call is in it, since events of two calls may have the same id. */
function webhookId({ call_id, event, event_id }: PlannedDelivery): Promise<string> {
  return sha256([call_id, event, event_id].join("\n"));
}

/** Parses a Retry-After of seconds or a date (RFC 9110, 10.2.3) into seconds. */
function retryAfter(value: string | null, now: Date): number | undefined {
  if (value === null) return undefined;
  const seconds = /^\d+$/.test(value) ? Number(value) : Math.ceil((Date.parse(value) - now.getTime()) / 1000);
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds);
}
