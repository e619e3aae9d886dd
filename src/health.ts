import { problemResponse } from "./http/problem.ts";
import { readHealth } from "./reading/health.ts";

/**
 * `GET /healthz`: says whether this Worker can take events and pass them on. Names each problem, never the value of a setting, and
 * counts each backlog, so that a monitor can alert.
 */
export async function health(_request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
  const { status, errors, ...extra } = await readHealth(env, ctx);
  if (status === "ok") return Response.json({ status, ...extra });
  return problemResponse({
    status: 503,
    type: "unhealthy",
    title: "Not healthy",
    detail: errors.map(({ path, message }) => `${path} ${message}`).join("; "),
    errors,
    extra,
  });
}
