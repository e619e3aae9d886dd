import type { IRequest } from "itty-router";
import * as z from "zod";
import { shelves } from "../parking/index.ts";
import { attempt } from "../stores/attempt.ts";
import { STORE_LIMIT } from "../stores/limits.ts";
import { readQuery } from "./input.ts";

const query = z.object({ limit: z.coerce.number().int().min(1).max(1000).default(100) });

/** `GET /api/parked`: bodies that wait for a store, oldest first. */
export async function listParked(request: IRequest, env: Env): Promise<Response> {
  const input = readQuery(request, query);
  if (!input.ok) return input.response;
  const all = shelves(env);
  const listings = await Promise.allSettled(
    all.map((shelf) => attempt(() => shelf.list(input.value.limit), STORE_LIMIT)),
  );
  const parked = listings
    .flatMap((listing) => (listing.status === "fulfilled" ? listing.value : []))
    .sort((a, b) => (a.received_at < b.received_at ? -1 : 1));
  // Bodies are parked while a store is down: that one is must not hide the other's.
  const unreachable = all.filter((_, index) => listings[index]?.status === "rejected").map(({ store }) => store);
  return Response.json({ parked: parked.slice(0, input.value.limit), unreachable });
}
