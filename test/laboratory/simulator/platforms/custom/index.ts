import { CUSTOM_SECRET, customHeaders } from "../../../../support/custom.ts";
import type { SimulatedPlatform } from "../platform.ts";
import { bodies, whole } from "./bodies.ts";
import { invalid, unknown } from "./unfit.ts";

const LONG_AGO_MILLISECONDS = 60 * 60_000;

/** How long a sender tries again. */
const LATEST_REPETITION_MILLISECONDS = 60_000;

/** Agents of one's own, which try again with the same bytes. */
export const custom: SimulatedPlatform = {
  secretsSetting: "CUSTOM_WEBHOOK_SECRETS",
  callId: (startedAt, dice) => `room_${startedAt.toString(36)}${dice.hex(10)}`,
  bodies,
  correction: (corrected, dice) => whole(corrected, corrected.analysis?.finishedAt ?? corrected.endedAt, dice),
  repetition: (sent, dice) => ({ ...sent, at: sent.at + dice.integer(1, LATEST_REPETITION_MILLISECONDS) }),
  signings: { usual: 5, other: 1 },
  forgeries: ["wrong", "missing", "malformed", "stale"],
  headers(body, secret, signing) {
    const headers = customHeaders(body, secret);
    const { "webhook-signature": signature = "", ...others } = headers;
    switch (signing) {
      case "usual":
        return headers;
      // While a secret is replaced, both sign.
      case "other": {
        const { "webhook-signature": foreign } = customHeaders(body, CUSTOM_SECRET);
        return { ...headers, "webhook-signature": `${foreign} ${signature}` };
      }
      case "wrong":
        return customHeaders(body, `whsec_${Buffer.from(`not ${secret}`).toString("base64")}`);
      case "stale":
        return customHeaders(body, secret, new Date(Date.now() - LONG_AGO_MILLISECONDS));
      case "malformed":
        return { ...headers, "webhook-signature": signature.replace("v1,", "") };
      case "missing":
        return others;
    }
  },
  invalid,
  unknown,
};
