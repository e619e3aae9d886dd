import type { EventName } from "../../../src/events/event.ts";
import { findPlatform } from "../../../src/platforms/index.ts";
import { bodyDigest } from "../../support/body-digest.ts";
import type { Dice } from "../../support/stores/dice.ts";
import { platforms } from "../simulator/platforms/index.ts";
import { type Body, PLANTED_SECRET, type PlatformName } from "../simulator/platforms/platform.ts";
import { eventKey } from "./ledger-state.ts";

/** What an event is known by. */
export interface Identity {
  call_id: string;
  event: EventName;
  /** The body's own id, else its digest. */
  event_id: string;
  /** See {@link eventKey}. */
  key: string;
}

/** A body of a platform, with what the contract says that a ledger knows it by. */
export interface PlatformBody {
  platform: PlatformName;
  /** As it is sent. */
  body: string;
  /** Digest of what of it is kept and is the same in every delivery, hex. */
  sha256: string;
  /** Of all events in it. */
  identities: [Identity, ...Identity[]];
}

/** The body without what differs from one delivery of it to the next. */
function identityOf(platform: PlatformName, body: unknown): unknown {
  return findPlatform(platform)?.identity?.(Object(body)) ?? body;
}

/** @param body JSON, as `JSON.stringify` writes it */
export function platformBody(
  platform: PlatformName,
  call_id: string,
  [first, ...others]: readonly [EventName, ...EventName[]],
  body: string,
): PlatformBody {
  const sha256 = bodyDigest(withoutSecrets(body), (parsed) => identityOf(platform, parsed));
  const { id }: Body = JSON.parse(body);
  const event_id = (platform === "atoms" || platform === "custom") && typeof id === "string" ? id : sha256;
  const identity = (event: EventName) => {
    const named = { call_id, event, event_id };
    return { ...named, key: eventKey(named) };
  };
  return { platform, body, sha256, identities: [identity(first), ...others.map(identity)] };
}

/** The text of a body as the stores may have it: without the secrets that the simulator plants. */
export function withoutSecrets(body: string): string {
  const isSecret = (value: unknown) => typeof value === "string" && value.startsWith(PLANTED_SECRET);
  return JSON.stringify(JSON.parse(body), (_, value: unknown) => (isSecret(value) ? undefined : value));
}

/**
 * A body as its platform sends it once more, with what it changes in it.
 * @param at of the first delivery, milliseconds since 1970
 * @returns `undefined` when the platform sends this one once
 */
export function repetitionOf(
  { platform, body }: Pick<PlatformBody, "platform" | "body">,
  at: number,
  dice: Dice,
): string | undefined {
  const again = platforms[platform].repetition({ at, events: [], body: JSON.parse(body) }, dice);
  return again && JSON.stringify(again.body);
}
