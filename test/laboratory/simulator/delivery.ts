import type { EventName } from "../../../src/events/event.ts";
import type { Body, PlatformName, Signing } from "./platforms/platform.ts";
import type { ToolCount } from "./tools.ts";

/** An answer of the ledger in short: its HTTP status, and the status its body names. */
export const answers = ["200 stored", "200 duplicate", "200 ignored", "200 quarantined", "400", "401", "422"] as const;
export type Answer = (typeof answers)[number];

/** `noise`: nothing that belongs into a ledger of calls. */
export type Content = "call" | "correction" | "noise";

/** One body on its way to the ledger. */
export interface Delivery {
  /** When the platform would send it, milliseconds since 1970: the order of the day, not its pace. */
  at: number;
  platform: PlatformName;
  content: Content;
  /** The call that the body is about; undefined for noise. */
  callId: string | undefined;
  /** Whether its call has a customer with a number. */
  hasNumber: boolean;
  /** The events in it. */
  events: readonly EventName[];
  /** Spoken turns of the transcript in it; undefined: it has no transcript. */
  turns: number | undefined;
  /** Of that transcript. */
  tools: ToolCount;
  /** What it says that the call cost, US dollars; undefined: it says nothing of it. */
  costUsd: number | undefined;
  /** It says which version of the agent it was. */
  hasVersion: boolean;
  body: Uint8Array;
  signing: Signing;
  /** One a copy, in any order; copies are sent at the same moment. */
  expected: readonly Answer[];
  /** Must have been answered before this one is sent. */
  after?: Delivery;
}

export function bytes(body: Body): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(body));
}
