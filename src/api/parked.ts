import * as z from "zod";
import { keyOfParked } from "../held/held.ts";
import { listHeld } from "../held/list.ts";
import { nextCursor, nothing, operation } from "../http/operation.ts";

/** A held body in an answer. */
export const heldBody = z.object({
  key: z.string(),
  platform: z.string(),
  reason: z.string(),
  detail: z.string(),
  received_at: z.string(),
  size: z.number().describe("bytes"),
});

/** `GET /api/parked`: bodies that are parked, oldest first. */
export const getParked = operation({
  method: "get",
  path: "/parked",
  summary: "Bodies that wait for a store, oldest first, with the store that failed and its words",
  query: z.strictObject({
    limit: z.coerce.number().int().min(1).max(1000).default(100),
    cursor: keyOfParked.optional().describe("the next_cursor of the answer before"),
  }),
  body: nothing,
  answers: { "application/json": z.object({ parked: z.array(heldBody), next_cursor: nextCursor }) },
  async perform({ query: { limit, cursor } }, env) {
    const { bodies, next } = await listHeld(env.ARCHIVE, "parked", limit, cursor);
    return Response.json({ parked: z.array(heldBody).parse(bodies), next_cursor: next ?? null });
  },
});
