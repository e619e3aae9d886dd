import type { EventName } from "../../../../src/events/event.ts";
import type { Dice } from "../../../support/stores/dice.ts";
import type { Call } from "../calls.ts";
import type { ToolCount } from "../tools.ts";

export const platformNames = ["atoms", "retell", "vapi", "elevenlabs", "custom"] as const;
export type PlatformName = (typeof platformNames)[number];

/** The body of a webhook before it becomes JSON. */
export type Body = Record<string, unknown>;

/** A body that a platform sends of a call. */
export interface CallBody {
  /** When it is sent, milliseconds since 1970. */
  at: number;
  /** The events of the ledger in it; none: a ledger of calls has no use for it. */
  events: readonly EventName[];
  /** Spoken turns of the transcript in it; undefined: it has no transcript. */
  turns?: number | undefined;
  /** Of the transcript in it. */
  tools?: ToolCount;
  /** What it says that the call cost, US dollars; undefined: it says nothing of it. */
  costUsd?: number | undefined;
  /** It says which version of the agent it was. */
  hasVersion?: boolean;
  body: Body;
}

/**
 * `usual` and `other`: the ways in which a platform signs, where it has two. `wrong`: with a secret that is not the ledger's;
 * `stale`: hours ago; `malformed`: no signature of its form; `missing`: none at all.
 */
export type Signing = "usual" | "other" | "wrong" | "stale" | "malformed" | "missing";

/** What every secret in a body begins with, so that it is found wherever it should not be. */
export const PLANTED_SECRET = "planted-secret-";

/** A platform as the simulator plays it. */
export interface SimulatedPlatform {
  /** The ledger's setting with its secrets. */
  secretsSetting: `${string}_WEBHOOK_SECRETS`;
  /** An id of a call as the platform makes them. The time is in it, so that the same seed at another time has other calls. */
  callId(startedAt: number, dice: Dice): string;
  /** Everything that is sent of a call, in order. */
  bodies(call: Call, dice: Dice): CallBody[];
  /** What is sent later of a call that was answered, and wins: `corrected` is the call as the platform then sees it. */
  correction(corrected: Call, dice: Dice): CallBody;
  /** The same body as it is sent once more, later, with what the platform changes in it; undefined: it sends this one once. */
  repetition(sent: CallBody, dice: Dice): CallBody | undefined;
  /** The ways in which it signs, in proportion. */
  signings: Partial<Record<Signing, number>>;
  /** What those send who do not know its secret. */
  forgeries: readonly Signing[];
  /** The headers of a request that is sent now. */
  headers(body: Uint8Array, secret: string, signing: Signing): Record<string, string>;
  /** Bodies of known events with something wrong in them, which name the customer's number. */
  invalid(call: Call, dice: Dice): Body[];
  /** Bodies that no ledger knows, which name the customer's number. */
  unknown(call: Call, dice: Dice): Body[];
}
