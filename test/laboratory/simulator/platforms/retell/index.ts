import { retellSignature } from "../../../../support/retell.ts";
import type { SimulatedPlatform } from "../platform.ts";
import { bodies, correction } from "./bodies.ts";
import { invalid, unknown } from "./unfit.ts";

/** How long Retell waits for an answer before it tries again, three times at the most. */
const TIMEOUT_MILLISECONDS = 10_000;
const RETRIES = 3;

const LONG_AGO_MILLISECONDS = 60 * 60_000;

/** Retell, which tries again when no answer comes in time, and says anew when it sent. */
export const retell: SimulatedPlatform = {
  secretsSetting: "RETELL_WEBHOOK_SECRETS",
  callId: (startedAt, dice) => `call_${startedAt.toString(16)}${dice.hex(16)}`,
  bodies,
  correction,
  repetition(sent, dice) {
    const at = sent.at + dice.integer(1, RETRIES) * TIMEOUT_MILLISECONDS;
    return { ...sent, at, body: { ...sent.body, event_timestamp: at } };
  },
  signings: { usual: 1 },
  forgeries: ["wrong", "missing", "malformed", "stale"],
  headers(body, secret, signing) {
    const headers = { "Content-Type": "application/json" };
    switch (signing) {
      // There is one way alone.
      case "usual":
      case "other":
        return { ...headers, "X-Retell-Signature": retellSignature(body, secret) };
      case "wrong":
        return { ...headers, "X-Retell-Signature": retellSignature(body, `not ${secret}`) };
      case "stale":
        return { ...headers, "X-Retell-Signature": retellSignature(body, secret, Date.now() - LONG_AGO_MILLISECONDS) };
      case "malformed":
        return { ...headers, "X-Retell-Signature": retellSignature(body, secret).split(",").toReversed().join() };
      case "missing":
        return headers;
    }
  },
  invalid,
  unknown,
};
