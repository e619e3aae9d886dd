import { isJsonObject } from "../../../../../src/events/fields.ts";
import { vapiSignature, vapiSignedHeaders } from "../../../../support/vapi.ts";
import type { Body, SimulatedPlatform } from "../platform.ts";
import { bodies, correction, presigned } from "./bodies.ts";
import { invalid, unknown } from "./unfit.ts";

/** The delays of a `backoffPlan`: nothing is repeated without one. */
const LONGEST_BACKOFF_SECONDS = 60;

const LONG_AGO_MILLISECONDS = 60 * 60_000;

/** Vapi, authenticated by an HMAC credential or by the plain secret of older servers. */
export const vapi: SimulatedPlatform = {
  secretsSetting: "VAPI_WEBHOOK_SECRETS",
  callId(startedAt, dice) {
    const time = startedAt.toString(16).padStart(12, "0");
    return `${time.slice(0, 8)}-${time.slice(8)}-7${dice.hex(3)}-8${dice.hex(3)}-${dice.hex(12)}`;
  },
  bodies,
  correction,
  repetition(sent, dice) {
    const at = sent.at + dice.integer(1, LONGEST_BACKOFF_SECONDS) * 1000;
    return { ...sent, at, body: withLinks(sent.body, presigned(dice)) };
  },
  signings: { usual: 3, other: 2 },
  forgeries: ["wrong", "missing", "malformed", "stale"],
  headers(body, secret, signing) {
    const headers = { "Content-Type": "application/json" };
    switch (signing) {
      case "usual":
        return { ...headers, ...vapiSignedHeaders(body, Date.now(), secret) };
      case "other":
        return { ...headers, "X-Vapi-Secret": secret };
      case "wrong":
        return { ...headers, "X-Vapi-Secret": `not ${secret}` };
      case "stale":
        return { ...headers, ...vapiSignedHeaders(body, Date.now() - LONG_AGO_MILLISECONDS, secret) };
      case "malformed":
        return { ...headers, "X-Signature": vapiSignature(body, { secret }).slice(1) };
      case "missing":
        return headers;
    }
  },
  invalid,
  unknown,
};

/** Every delivery of a report has links of its own to the recordings; bodies without such links stay as they are. */
function withLinks(body: Body, links: Body): Body {
  const { message } = body;
  if (!isJsonObject(message) || message["type"] !== "end-of-call-report" || !isJsonObject(message["artifact"])) {
    return body;
  }
  return { ...body, message: { ...message, artifact: { ...message["artifact"], ...links } } };
}
