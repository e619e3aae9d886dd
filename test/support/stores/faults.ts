import * as z from "zod";

/** The Worker of `faulty-ledger.ts` takes the faults of its stores here, by POST; `{}` heals them all. */
export const FAULTS_PATH = "/faults";

/** Faults of the stores of one request alone, as JSON, in place of all others. */
export const FAULTS_HEADER = "X-Faults";

/** On every answer: how long the Worker took for it, in milliseconds, without what this machine's connections take. */
export const TOOK_HEADER = "X-Took-Milliseconds";

export const storeNames = ["D1", "R2", "queue"] as const;

/**
 * `before`: every call fails, and nothing has happened. `after`: every call does its work, and then the connection is
 * lost; `first-after`: the first call alone. `every-second`: one call fails before, the next one works. `hang`: no call answers
 * until the faults are changed.
 */
export const faultKinds = ["before", "after", "first-after", "every-second", "hang"] as const;
export type FaultKind = (typeof faultKinds)[number];

/** Failures at random, half of them before and half of them after the work. */
const chance = z.object({
  /** Share of the calls that fail, 0 to 1. */
  rate: z.number().min(0).max(1),
  seed: z.int(),
});

/**
 * A store that fails in the middle: so many calls work, and those after them end as `afterwards` says. `of`: calls of one operation
 * alone; `about`: those alone that name it, in a key or in a value that is bound.
 */
const later = z.object({
  works: z.int().min(0),
  of: z.string().optional(),
  about: z.string().optional(),
  afterwards: z.enum([...faultKinds, "overloaded"]),
});

/** `overloaded`: every call fails before, in the words of a store that has more to do than it can. */
const fault = z.union([z.enum([...faultKinds, "overloaded"]), chance, later]).optional();

/** `full`: D1 reads and takes no write, as at its 10 GB. */
const fullFault = z.literal("full");

export const faults = z.object({ D1: z.union([fault, fullFault]), R2: fault, queue: fault });

/** The fault of each store; a store without one is well. */
export type Faults = z.infer<typeof faults>;

/** The headers that make the stores of one request fail. */
export function faultyHeaders(faults: Faults): Record<string, string> {
  return { [FAULTS_HEADER]: JSON.stringify(faults) };
}
