import * as z from "zod";
import { MAX_ID_CHARACTERS } from "../events/fields.ts";
import { cursorOf, writeCursor } from "../http/cursor.ts";
import { instantFrom, instantTo } from "../http/range.ts";
import type { CallFilter } from "./call-list.ts";

/** Which calls a listing shows, as a query tells it. */
export const callFilter = {
  agent_id: z.string().min(1).max(MAX_ID_CHARACTERS).optional(),
  call_direction: z.enum(["inbound", "outbound"]).optional(),
  disposition: z.string().min(1).optional(),
  status: z.enum(["active", "ended", "analyzed"]).optional(),
  from: instantFrom.optional(),
  to: instantTo.optional(),
  q: z.string().trim().min(1).max(MAX_ID_CHARACTERS).optional().describe("a phone number, a call id, or words"),
} satisfies Record<keyof Omit<CallFilter, "phone" | "call_id">, z.ZodType> & { q: z.ZodType };

/** Where the next page of calls begins, in the order of the calls or, where words were looked for, in that of their index. */
export interface CallCursor {
  of: "calls" | "words";
  place: string;
}

export const callCursor = cursorOf(
  z
    .tuple([z.enum(["calls", "words"]), z.string().regex(/^-?\d{1,19}$/)])
    .transform(([of, place]): CallCursor => ({ of, place })),
);

/** @returns null when there is no next page */
export function writeCallCursor(next: CallCursor | undefined): string | null {
  return next === undefined ? null : writeCursor(next.of, next.place);
}
