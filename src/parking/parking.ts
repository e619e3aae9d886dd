import type { Received } from "../events/received.ts";
import type { StoreError, StoreName } from "../stores/ask.ts";

/** A store where a body can wait until another store is back. */
export interface Parking {
  readonly store: StoreName;
  /**
   * Keeps the body durably, or throws. Safe to repeat.
   * @param reason the failure, for people
   * @param timeoutMs over all tries
   * @param dueAt when it is to be recovered at the earliest, ISO 8601 UTC; by default at once
   */
  park(received: Received, reason: string, timeoutMs: number, dueAt?: string): Promise<void>;
}

/** A store whose parked bodies can be listed. The queue's cannot: it delivers them by itself. */
export interface ListableParking extends Parking {
  /**
   * A page of parked bodies, in the order of {@link orderOf}. It may be shorter than its limit though there are more.
   * @param limit 1,000 at the most
   * @param after the last body of the page before
   */
  list(limit: number, after?: ParkedKey): Promise<{ parked: ParkedBody[]; more: boolean }>;
  /**
   * Reads bodies, all into memory: keep their sizes together within bounds.
   * @returns for each `undefined` if another run already took it, or the error when it could not be read
   */
  read(parked: readonly ParkedBody[]): Promise<(Received | CorruptBody | StoreError | undefined)[]>;
  /** Puts bodies off, so that they do not stand before the others. Safe to repeat. */
  postpone(postponed: readonly Postponed[]): Promise<void>;
  /** Safe to repeat. */
  remove(parked: readonly ParkedKey[]): Promise<void>;
}

/** A parked body, without the body. */
export interface ParkedBody {
  store: StoreName;
  platform: string;
  /** SHA-256 of the body, hex. */
  sha256: string;
  /** ISO 8601 UTC. */
  received_at: string;
  /** When it is recovered at the earliest, ISO 8601 UTC. */
  due_at: string;
  reason: string;
  /** Bytes that reading it takes, about. */
  size: number;
}

/** A body that is put off. */
export interface Postponed {
  parked: ParkedBody;
  /** As it was read: R2 has it under another key from now on. Absent when it could not be read. */
  received: Received | undefined;
  /** ISO 8601 UTC. */
  until: string;
  /** Why it failed this time, for people. */
  reason: string;
}

/** What names a parked body. */
export type ParkedKey = Pick<ParkedBody, "due_at" | "received_at" | "sha256">;

/** Sorts parked bodies: those first that are due first. */
export function orderOf({ due_at, received_at, sha256 }: ParkedKey): string {
  return `${due_at}/${received_at}/${sha256}`;
}

/** What was parked is not what comes back: no retry helps. */
export class CorruptBody extends Error {
  override name = "CorruptBody";
}

export function gzip(bytes: ArrayBuffer): Promise<ArrayBuffer> {
  return new Response(new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"))).arrayBuffer();
}

/** @returns {@link CorruptBody} when the bytes are no gzip */
export async function gunzip(bytes: Uint8Array): Promise<ArrayBuffer | CorruptBody> {
  try {
    return await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
  } catch {
    return new CorruptBody("not gzip");
  }
}
