import * as z from "zod";
import type { Answer } from "../../support/post.ts";
import { type Faults, faultKinds } from "../../support/stores/faults.ts";

/** Every kind of fault on D1, on R2, on both, and on all stores at once. */
export const everyFault: Faults[] = faultKinds.flatMap((kind) => [
  { D1: kind },
  { R2: kind },
  { D1: kind, R2: kind },
  { D1: kind, R2: kind, queue: kind },
]);

const named = z.object({ status: z.union([z.string(), z.number()]) });

export const statusIn = ({ body }: Answer) => named.parse(body).status;

/** The answer to a body under faults: `status` when all stores it needs are up, 503 when no other could take it. */
export function expectedAnswer(
  faults: Faults,
  needed: readonly ("D1" | "R2")[],
  status: string,
): { status: number; body?: { status: string } } {
  if (!needed.some((store) => isDown(faults[store]))) return { status: 200, body: { status } };
  if (isDown(faults.R2) && isDown(faults.queue)) return { status: 503 };
  return { status: 200, body: { status: "parked" } };
}

/** A store that fails now and then is slow, not down. */
function isDown(fault: Faults["D1"]): boolean {
  return fault === "before" || fault === "after" || fault === "hang";
}
