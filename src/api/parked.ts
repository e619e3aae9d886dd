import * as z from "zod";
import { shelves } from "../parking/index.ts";
import { attempt } from "../stores/attempt.ts";
import { STORE_LIMIT } from "../stores/limits.ts";
import { nothing, operation } from "./operation.ts";

/** `GET /api/parked`: bodies that wait for a store, oldest first. */
export const getParked = operation({
  method: "get",
  path: "/parked",
  summary: "Bodies that wait for a store, oldest first",
  query: z.strictObject({ limit: z.coerce.number().int().min(1).max(1000).default(100) }),
  body: nothing,
  answers: {
    "application/json": z.object({
      parked: z.array(z.object({ store: z.string(), digest: z.string(), received_at: z.string(), reason: z.string() })),
      unreachable: z.array(z.string()).describe("stores that did not answer, so that more may be parked there"),
    }),
  },
  async perform({ query: { limit } }, env) {
    const all = shelves(env);
    const listings = await Promise.allSettled(all.map((shelf) => attempt(() => shelf.list(limit), STORE_LIMIT)));
    const parked = listings
      .flatMap((listing) => (listing.status === "fulfilled" ? listing.value : []))
      .sort((a, b) => (a.received_at < b.received_at ? -1 : 1));
    // Bodies are parked while a store is down: that one is must not hide the other's.
    const unreachable = all.filter((_, index) => listings[index]?.status === "rejected").map(({ store }) => store);
    return Response.json({ parked: parked.slice(0, limit), unreachable });
  },
});
