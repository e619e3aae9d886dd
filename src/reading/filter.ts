import * as z from "zod";
import { MAX_ID_CHARACTERS } from "../events/fields.ts";
import type { CallFilter } from "../ledger/call-list.ts";
import { cursorOf } from "./cursor.ts";
import { instantFrom, instantTo } from "./range.ts";

/** Which calls a listing shows, as a query tells it. */
export const callFilter = {
  agent_id: z.string().min(1).max(MAX_ID_CHARACTERS).optional(),
  call_direction: z.enum(["inbound", "outbound"]).optional(),
  disposition: z.string().min(1).optional(),
  status: z.enum(["active", "ended", "analyzed"]).optional(),
  from: instantFrom.optional(),
  to: instantTo.optional(),
  q: z.string().trim().min(1).max(MAX_ID_CHARACTERS).optional().describe("a phone number, a call id, or words"),
} satisfies Record<keyof Omit<CallFilter, "caller_phone">, z.ZodType> & { q: z.ZodType };

/** Where in a listing of calls the next page begins. */
export const callPosition = cursorOf(
  z.tuple([z.string(), z.string()]).transform(([called_at, call_id]) => ({ called_at, call_id })),
);
