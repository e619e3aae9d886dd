import type { Received } from "../events/received.ts";
import type { StoreName } from "../stores/ask.ts";

/** A store where a body can wait until another store is back. */
export interface Parking {
  readonly store: StoreName;
  /**
   * Keeps the body durably, or throws. Safe to repeat.
   * @param reason the failure, for people
   * @param timeoutMs over all tries
   */
  park(received: Received, reason: string, timeoutMs: number): Promise<void>;
}

/** A store whose parked bodies can be listed. The queue's cannot: it delivers them by itself. */
export interface ListableParking extends Parking {
  /**
   * Parked bodies, oldest first.
   * @param limit 1,000 at the most
   * @param after the last body of the page before
   */
  list(limit: number, after?: ParkedPosition): Promise<ParkedBody[]>;
  /** Returns `undefined` if another run already took it; throws {@link CorruptBody} when it cannot be unpacked. */
  read(parked: ParkedBody): Promise<Received | undefined>;
  /** Safe to repeat. */
  remove(parked: ParkedBody): Promise<void>;
}

/** A parked body, without the body. */
export interface ParkedBody {
  store: StoreName;
  platform: string;
  /** SHA-256 of the body, hex. */
  sha256: string;
  /** ISO 8601 UTC. */
  received_at: string;
  reason: string;
}

export type ParkedPosition = Pick<ParkedBody, "received_at" | "sha256">;

/** What was parked is not what comes back: no retry helps. */
export class CorruptBody extends Error {
  override name = "CorruptBody";
}

export function gzip(bytes: ArrayBuffer): Promise<ArrayBuffer> {
  return new Response(new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"))).arrayBuffer();
}

/** @throws {CorruptBody} when the bytes are no gzip */
export async function gunzip(bytes: Uint8Array): Promise<ArrayBuffer> {
  try {
    return await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
  } catch {
    throw new CorruptBody("not gzip");
  }
}
