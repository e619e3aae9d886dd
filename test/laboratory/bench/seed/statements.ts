import { insertCalls } from "./calls.ts";
import { insertDeliveries } from "./deliveries.ts";
import { insertCallerNumbers, insertEvents } from "./events.ts";
import type { Chunk, Plan } from "./plan.ts";
import { insertToolCalls } from "./tools.ts";
import { insertWords } from "./words.ts";

/**
 * The statements that write some calls of a plan, with all that belongs to them, for one batch. D1 makes up the rows itself, since
 * to send them would take several times as long. Rows that are there are left as they are.
 */
export function chunkStatements(plan: Plan, chunk: Chunk): string[] {
  return [
    insertCalls(plan, chunk),
    insertEvents(plan, chunk),
    insertCallerNumbers(plan, chunk),
    insertToolCalls(plan, chunk),
    insertDeliveries(plan, chunk),
    ...(plan.words ? [insertWords(plan, chunk)] : []),
  ];
}
