import { insertCalls } from "./calls.ts";
import { insertDeliveries, insertEvents } from "./events.ts";
import type { Chunk, Plan } from "./plan.ts";

/**
 * The statements that write some calls of a plan, with their events and deliveries, for one batch. D1 makes up the rows
 * itself, since to send them would take several times as long. Rows that are there are left as they are.
 */
export function chunkStatements(plan: Plan, chunk: Chunk): string[] {
  return [insertCalls(plan, chunk), insertEvents(plan, chunk), insertDeliveries(plan, chunk)];
}
