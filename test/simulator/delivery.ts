import type { Body } from "./vocabulary.ts";

/** An answer of the ledger in short: its HTTP status, and the status its body names. */
export const answers = ["200 stored", "200 duplicate", "200 unrecognised", "400", "401", "422"] as const;
export type Answer = (typeof answers)[number];

export type Signing =
  /** The header the platform sends today, and the one that older pages show. */
  | "X-Signature"
  | "X-Atoms-Signature"
  /** With a secret that is not the ledger's; not hexadecimal; not at all. */
  | "wrong"
  | "malformed"
  | "missing";

export type Content = "call.start" | "call.end" | "correction" | "analytics.completed" | "noise";

/** One body on its way to the ledger. */
export interface Delivery {
  /** When the platform would send it, milliseconds since 1970: the order of the day, not its pace. */
  at: number;
  content: Content;
  /** The call that the body is about; undefined for noise. */
  callId: string | undefined;
  /** Whether the body has a transcript, be it empty. */
  hasTranscript: boolean;
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
