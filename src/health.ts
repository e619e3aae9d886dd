import { logError, reasonOf } from "./log.ts";
import { problemResponse } from "./problem.ts";
import { readSettings } from "./settings.ts";
import { configuredDestinations } from "./sync/destinations/index.ts";

/** `GET /healthz`: whether events can be taken and passed on. Names what is wrong, never a value. */
export async function health(_request: Request, env: Env): Promise<Response> {
  const settings = [readSettings(env), ...configuredDestinations(env)].flatMap(({ problems }) => problems);
  const stores = await Promise.all([
    // A table and not `SELECT 1`, so that a database without its migrations is found out.
    check("DB", "does not answer, or has not been migrated", env.DB.prepare("SELECT 1 FROM calls LIMIT 1").run()),
    check("ARCHIVE", "does not answer", env.ARCHIVE.head("healthz")),
  ]);
  const errors = [
    ...settings.map(({ setting, problem }) => ({ path: setting, message: problem })),
    ...stores.filter((problem) => problem !== undefined),
  ];
  if (errors.length === 0) return Response.json({ status: "ok" });
  return problemResponse({
    status: 503,
    type: "unhealthy",
    title: "Not healthy",
    detail: errors.map(({ path, message }) => `${path} ${message}`).join("; "),
    errors,
  });
}

async function check(path: string, message: string, question: Promise<unknown>) {
  try {
    await question;
    return undefined;
  } catch (error) {
    logError({ message: "a store failed its health check", store: path, error: reasonOf(error) });
    return { path, message };
  }
}
