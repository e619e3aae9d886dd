import { logError } from "../log.ts";

/** Workflows keeps an instance for days by default. */
const INSTANCE_RETENTION = { successRetention: "1 hour", errorRetention: "1 day" } as const;

/** Creates an instance of a Workflow. Never rejects: the cron does the work of one that could not be created. */
export async function createInstance<Parameters>(
  workflow: Workflow<Parameters>,
  id: string,
  params: Parameters,
): Promise<void> {
  try {
    await workflow.create({ id, params, retention: INSTANCE_RETENTION });
  } catch (error) {
    logError({ message: "could not start a Workflow", id }, error);
  }
}
