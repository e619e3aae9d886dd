import pMap from "p-map";
import { listQuarantine, readQuarantined } from "../archive/quarantine.ts";
import { logError, reasonOf } from "../log.ts";
import { attempt } from "../stores/attempt.ts";
import { STORE_LIMIT } from "../stores/limits.ts";
import { accept } from "./accept.ts";

/** Bodies that one request plays again: about five subrequests each, of the 1,000 an invocation has. */
export const REPLAYS_A_REQUEST = 100;
/** Few at a time, since each may be as large as `MAX_BODY_BYTES`, and a Worker has 128 MB. */
const CONCURRENCY = 2;

/** What became of a body in quarantine that was played again. */
export type Replayed = "recovered" | "still-in-quarantine" | "gone";

/**
 * Plays one body again. What fits by now leaves the quarantine, else it stays with its reason of today. Never rejects: one
 * body that cannot be read must not keep the others of its page.
 */
export async function replay(key: string, env: Env, ctx: ExecutionContext): Promise<Replayed> {
  try {
    const received = await attempt(() => readQuarantined(env.ARCHIVE, key), STORE_LIMIT);
    if (received === undefined) return "gone";
    const accepted = await accept(received, env, ctx);
    if (accepted.kind !== "stored" && accepted.kind !== "duplicate") return "still-in-quarantine";
    await attempt(() => env.ARCHIVE.delete(key), STORE_LIMIT);
    return "recovered";
  } catch (error) {
    logError({ message: "could not play again", key, error: reasonOf(error) });
    return "still-in-quarantine";
  }
}

/**
 * Plays a page of the quarantine again.
 * @param cursor of the page before; the first page without it
 */
export async function replayPage(
  cursor: string | undefined,
  env: Env,
  ctx: ExecutionContext,
): Promise<{ results: Replayed[]; cursor: string | undefined }> {
  const listed = await attempt(() => listQuarantine(env.ARCHIVE, REPLAYS_A_REQUEST, cursor), STORE_LIMIT);
  const results = await pMap(listed.items, ({ key }) => replay(key, env, ctx), { concurrency: CONCURRENCY });
  return { results, cursor: listed.cursor };
}
