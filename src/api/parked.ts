import * as z from "zod";
import { listParked, parkedCursor } from "../parking/index.ts";
import { nextCursor, nothing, operation } from "./operation.ts";

/** `GET /api/parked`: bodies that are parked, those first that are due first. */
export const getParked = operation({
  method: "get",
  path: "/parked",
  summary: "Bodies that wait for a store, those first that are due first",
  query: z.strictObject({
    limit: z.coerce.number().int().min(1).max(1000).default(100),
    cursor: parkedCursor.optional(),
  }),
  body: nothing,
  answers: {
    "application/json": z.object({
      parked: z.array(
        z.object({
          store: z.string(),
          platform: z.string(),
          sha256: z.string(),
          received_at: z.string(),
          due_at: z.string().describe("when it is recovered at the earliest"),
          size: z.number().describe("bytes"),
          reason: z.string(),
        }),
      ),
      unreachable: z.array(z.string()).describe("stores that did not answer, so that more may be parked there"),
      next_cursor: nextCursor,
    }),
  },
  perform: async ({ query: { limit, cursor } }, env) =>
    Response.json(await listParked({ db: env.DB, bucket: env.ARCHIVE }, limit, cursor)),
});
