import { type IRequest, Router } from "itty-router";
import { methodNotAllowed, notFound } from "../problem.ts";
import { authenticate } from "./authenticate.ts";
import { listDeliveryRows, retryDeliveries } from "./deliveries.ts";
import { listParked } from "./parked.ts";
import { listQuarantined, replayQuarantined } from "./quarantine.ts";

/** Everything below `/api`, for people and their tools. Nobody else's cache may keep what it says. */
export const api = Router<IRequest & Request, [Env, ExecutionContext]>({
  base: "/api",
  before: [authenticate],
  finally: [uncached],
})
  .get("/parked", listParked)
  .get("/quarantine", listQuarantined)
  .post("/quarantine/replay", replayQuarantined)
  .get("/deliveries", listDeliveryRows)
  .post("/deliveries/retry", retryDeliveries)
  .all("/parked", () => methodNotAllowed("GET"))
  .all("/quarantine", () => methodNotAllowed("GET"))
  .all("/quarantine/replay", () => methodNotAllowed("POST"))
  .all("/deliveries", () => methodNotAllowed("GET"))
  .all("/deliveries/retry", () => methodNotAllowed("POST"))
  .all("*", notFound);

function uncached(response: Response): void {
  response.headers.set("Cache-Control", "private, no-store");
}
