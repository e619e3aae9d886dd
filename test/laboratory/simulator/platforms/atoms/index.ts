import { createHash } from "node:crypto";
import { signedHeaders } from "../../../../support/sign.ts";
import type { Dice } from "../../../../support/stores/dice.ts";
import type { Call } from "../../calls.ts";
import type { CallBody, SimulatedPlatform } from "../platform.ts";
import { documented } from "./documented.ts";
import { envelope } from "./envelope.ts";
import { invalid, unknown } from "./unfit.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** How long after the first delivery the same bytes may come again. */
const LATEST_REPETITION_MILLISECONDS = 90 * 60_000;

/** Atoms, in the vocabulary of each agent. */
export const atoms: SimulatedPlatform = {
  secretsSetting: "ATOMS_WEBHOOK_SECRETS",
  callId: (startedAt, dice) => `CALL-${startedAt}-${dice.hex(6)}`,
  bodies(call, dice) {
    const words = vocabularyOf(call);
    const bodies: CallBody[] = [
      { at: call.startedAt, events: ["call.start"], body: words.start(call, dice.hex(20)) },
      endOf(call, dice),
    ];
    if (call.analysis) {
      const body = words.analytics(call, call.analysis, dice.hex(20));
      bodies.push({ at: call.analysis.finishedAt, events: ["analytics.completed"], body });
    }
    return bodies;
  },
  correction: (corrected, dice) => ({ ...endOf(corrected, dice), at: corrected.endedAt + dice.integer(1000, 60_000) }),
  repetition: (sent, dice) => ({ ...sent, at: sent.at + dice.integer(1, LATEST_REPETITION_MILLISECONDS) }),
  signings: { usual: 4, other: 1 },
  forgeries: ["wrong", "missing", "malformed"],
  headers(body, secret, signing) {
    const { "X-Signature": signature = "", ...others } = signedHeaders(body, secret);
    switch (signing) {
      case "usual":
        return { ...others, "X-Signature": signature };
      case "other":
        return { ...others, "X-Atoms-Signature": `sha256=${signature}` };
      // Atoms signs no time.
      case "stale":
      case "wrong":
        return signedHeaders(body, `not ${secret}`);
      case "malformed":
        return { ...others, "X-Signature": createHash("sha256").update(body).digest("base64") };
      case "missing":
        return others;
    }
  },
  invalid,
  unknown,
};

function vocabularyOf({ agent }: Call): Vocabulary {
  return agent.vocabulary === "documented" ? documented : envelope;
}

function endOf(call: Call, dice: Dice): CallBody {
  const body = vocabularyOf(call).end(call, dice.hex(20));
  return { at: call.endedAt, events: ["call.end"], turns: call.turns?.length, body };
}
