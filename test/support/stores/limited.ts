import * as z from "zod";
import { type Around, wrapStores } from "./wrapped-stores.ts";

/** Answers with the most that any invocation has asked of its stores so far. */
export const USAGE_PATH = "/usage";

/** What an invocation may ask of the stores on Workers Paid; the local runtime has no such limits. */
const MAX_SUBREQUESTS = 10_000;
const MAX_QUERIES = 1_000;

const usageSchema = z.object({
  subrequests: z.number().describe("the most of any invocation"),
  queries: z.number().describe("of D1, the most of any invocation"),
  transactions: z.number().describe("batches of D1, of all invocations"),
  faults: z.number().describe("calls that failed or began to hang"),
});

export const usage = { subrequests: 0, queries: 0, transactions: 0, faults: 0 };

export async function readUsage(url: string): Promise<z.infer<typeof usageSchema>> {
  return usageSchema.parse(await (await fetch(new URL(USAGE_PATH, url))).json());
}

/** The environment of one invocation, which meets Cloudflare's limits. A batch of D1 is one query, and a subrequest like any other. */
export function limitedStores(env: Env): Env {
  let subrequests = 0;
  let queries = 0;
  const count: Around = (store, operation, perform) => {
    subrequests++;
    if (store === "D1") queries++;
    if (operation === "batch") usage.transactions++;
    usage.subrequests = Math.max(usage.subrequests, subrequests);
    usage.queries = Math.max(usage.queries, queries);
    if (subrequests > MAX_SUBREQUESTS || (store === "D1" && queries > MAX_QUERIES)) {
      return Promise.reject(new Error("Too many API requests by single Worker invocation."));
    }
    return perform();
  };
  return wrapStores(env, count);
}
