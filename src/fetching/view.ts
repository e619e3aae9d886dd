import * as z from "zod";
import { type JobRow, jobStatus } from "../ledger/jobs.ts";
import { fetchOutput } from "./progress.ts";

/** A job that fetches missed calls, or imports a history, as the outside sees it. */
export const fetchView = z.object({ status: jobStatus, output: fetchOutput });
export type FetchView = z.infer<typeof fetchView>;

/** Returns the state of a job that fetches or imports; `undefined` for another job. */
export function viewFetch({ kind, status, output }: JobRow): FetchView | undefined {
  return kind === "fetch" || kind === "import" ? fetchView.parse({ status, output: JSON.parse(output) }) : undefined;
}
