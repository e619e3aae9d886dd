import { readSettings } from "../settings.ts";
import { createInstance } from "../stores/workflow.ts";
import { findDueDay, isAnyUnderWay } from "./days.ts";

/** Starts a job if there are days to export, and none is at it. */
export async function startExports(env: Env, now: Date): Promise<{ day?: string }> {
  if (!readSettings(env).exportParquet) return {};
  if (await isAnyUnderWay(env.DB, now)) return {};
  const due = await findDueDay(env.DB, now);
  if (due === undefined) return {};
  await createInstance(env.EXPORT, crypto.randomUUID(), {});
  return { day: due.day };
}
