import { COUNTS_PATH, type Counts, noCounts } from "./counts.ts";
import { type Around, wrapStores } from "./wrapped-stores.ts";

type Complete = Required<Pick<ExportedHandler<Env>, "fetch" | "queue">>;

/** Counts what Cloudflare bills of the requests that go through `count`. */
export function counter(): { count: Around; take: () => Counts } {
  let counts = { ...noCounts };
  const take = () => {
    const taken = counts;
    counts = { ...noCounts };
    return taken;
  };
  const count: Around = async (store, operation, perform) => {
    const result = await perform();
    if (store === "D1") {
      counts.d1RoundTrips++;
      for (const { rows_written, rows_read } of metaOf(result)) {
        counts.rowsWritten += rows_written;
        counts.rowsRead += rows_read;
      }
    } else if (store === "queue") counts.queueSends++;
    else if (operation === "put" || operation === "list") counts.r2Writes++;
    else if (operation !== "delete") counts.r2Reads++;
    return result;
  };
  return { count, take };
}

/** The same Worker, with everything counted that Cloudflare bills; `COUNTS_PATH` answers with the counts and starts anew. */
export function counted(worker: Complete): ExportedHandler<Env> {
  const { count, take } = counter();
  let own = { requests: 0, queueBatches: 0 };
  return {
    fetch(request, env, ctx) {
      if (new URL(request.url).pathname === COUNTS_PATH) {
        const answer = Response.json({ ...take(), ...own });
        own = { requests: 0, queueBatches: 0 };
        return answer;
      }
      own.requests++;
      return worker.fetch(request, wrapStores(env, count), ctx);
    },
    queue(batch, env, ctx) {
      own.queueBatches++;
      return worker.queue(batch, wrapStores(env, count), ctx);
    },
  };
}

/** One result, or those of a batch. `first` and `raw` bring none, so what they read goes uncounted: write nothing with them. */
function metaOf(result: unknown): { rows_written: number; rows_read: number }[] {
  if (Array.isArray(result)) return result.flatMap(metaOf);
  if (typeof result !== "object" || result === null || !("meta" in result)) return [];
  const { meta } = result;
  if (typeof meta !== "object" || meta === null || !("rows_written" in meta) || !("rows_read" in meta)) return [];
  const { rows_written, rows_read } = meta;
  if (typeof rows_written !== "number" || typeof rows_read !== "number") return [];
  return [{ rows_written, rows_read }];
}
