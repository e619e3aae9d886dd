import { elevenLabsDigest, elevenLabsHeaders, secondsNow } from "../../../../support/elevenlabs.ts";
import type { SimulatedPlatform } from "../platform.ts";
import { bodies, correction } from "./bodies.ts";
import { invalid, unknown } from "./unfit.ts";

/** When a transcription is sent again, where retries are on; nothing else is. */
const RETRY_MILLISECONDS = [100, 30_000, 120_000, 480_000, 1_800_000];

const LONG_AGO_SECONDS = 3600;

/** ElevenLabs Agents, which sends a call when all of it is over, and the same bytes again when that fails. */
export const elevenlabs: SimulatedPlatform = {
  secretsSetting: "ELEVENLABS_WEBHOOK_SECRETS",
  callId: (startedAt, dice) => `conv_${startedAt.toString(36).padStart(10, "0")}${dice.hex(16)}`,
  bodies,
  correction,
  repetition(sent, dice) {
    if (sent.body["type"] !== "post_call_transcription") return undefined;
    return { ...sent, at: sent.at + dice.pick(RETRY_MILLISECONDS) };
  },
  signings: { usual: 9, other: 1 },
  forgeries: ["wrong", "missing", "malformed", "stale"],
  headers(body, secret, signing) {
    const time = secondsNow();
    switch (signing) {
      case "usual":
        return elevenLabsHeaders(body, secret);
      // While a secret is replaced, both sign.
      case "other": {
        const signatures = [`not ${secret}`, secret].map((one) => `v0=${elevenLabsDigest(body, one, time)}`);
        return { "Content-Type": "application/json", "ElevenLabs-Signature": `t=${time},${signatures.join()}` };
      }
      case "wrong":
        return elevenLabsHeaders(body, `not ${secret}`);
      case "stale":
        return elevenLabsHeaders(body, secret, time - LONG_AGO_SECONDS);
      case "malformed":
        return { "Content-Type": "application/json", "ElevenLabs-Signature": elevenLabsDigest(body, secret, time) };
      case "missing":
        return { "Content-Type": "application/json" };
    }
  },
  invalid,
  unknown,
};
