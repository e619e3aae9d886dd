import type { Received } from "../events/received.ts";
import { logError, reasonOf } from "../log.ts";
import type { CorruptBody } from "../parking/parking.ts";
import { StoreError, type StoreName } from "../stores/ask.ts";
import { type IngestContext, ingestAll } from "./ingest.ts";
import type { IngestResult } from "./result.ts";

/**
 * Parked bodies that are in memory at once, by number and by bytes; a larger one comes alone. Parsed and planned, a body takes
 * several times its bytes, and a Worker has 128 MB for all that it does.
 */
export const BATCH_LIMITS = { maxItems: 100, maxWeight: 4 * 1024 * 1024 };

/** What became of a parked body. */
export interface Attempt<Parked> {
  parked: Parked;
  /** Absent when it could not be read, or another run has it. */
  received: Received | undefined;
  /** `taken`: nothing is left to do. `faulty`: it fails for reasons of its own. `refused`: a store failed. */
  kind: "taken" | "faulty" | "refused";
  /** By store; none unless it was refused. */
  failures: ReadonlyMap<StoreName, string>;
  /** Whether R2 was written to. */
  isArchived: boolean;
}

/**
 * Ingests a batch of parked bodies.
 * @param read each body, `undefined` when another run already took it, or the error
 * @param isSplit see `write`
 */
export async function ingestBatch<Parked>(
  batch: readonly Parked[],
  read: readonly (Received | CorruptBody | StoreError | undefined)[],
  context: IngestContext,
  isSplit = true,
): Promise<Attempt<Parked>[]> {
  const bodies = read.flatMap((body) => (body === undefined || body instanceof Error ? [] : body));
  const results = (await ingestAll(bodies, context, isSplit)).values();
  return batch.map((parked, index) => {
    const received = read[index];
    if (received === undefined) return { parked, received, kind: "taken", failures: new Map(), isArchived: false };
    if (received instanceof Error) {
      logError({ message: "could not read a parked body" }, received);
      const failures = new Map(received instanceof StoreError ? [[received.store, reasonOf(received)]] : []);
      return { parked, received: undefined, ...kindOf(failures), isArchived: false };
    }
    const result = results.next().value;
    if (result === undefined || result.kind === "failed") {
      return { parked, received, ...kindOf(result?.failures ?? new Map()), isArchived: false };
    }
    return { parked, received, kind: "taken", failures: new Map(), isArchived: isArchived(result) };
  });
}

function kindOf(failures: ReadonlyMap<StoreName, string>): Pick<Attempt<unknown>, "kind" | "failures"> {
  return { kind: failures.size === 0 ? "faulty" : "refused", failures };
}

/** The archive has what ends a call, and all that is in quarantine. */
function isArchived(result: IngestResult): boolean {
  return !("event" in result) || result.event === "call.end";
}

/** Whether nothing gets through: what comes after such a batch is not tried. */
export function isStoreDown(attempts: readonly Attempt<unknown>[]): boolean {
  return attempts.some(({ kind }) => kind === "refused") && !attempts.some(({ kind }) => kind === "taken");
}
