import type { IRequest } from "itty-router";
import pMap from "p-map";
import * as z from "zod";
import { MAX_KEY_BYTES, QUARANTINE_PREFIX } from "../archive/keys.ts";
import { listQuarantine, readQuarantined } from "../archive/quarantine.ts";
import { accept } from "../intake/accept.ts";
import { logError, reasonOf } from "../log.ts";
import { notFound } from "../problem.ts";
import { attempt } from "../stores/attempt.ts";
import { STORE_LIMIT } from "../stores/limits.ts";
import { readJson, readQuery } from "./input.ts";

/** Bodies that one request plays again: about five subrequests each, of the 1,000 an invocation has. */
const MAX_REPLAYS = 100;
/** Few at a time, since each may be as large as `MAX_BODY_BYTES`, and a Worker has 128 MB. */
const CONCURRENCY = 2;

const page = z.object({
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  cursor: z.string().min(1).optional(),
});

/** `GET /api/quarantine`: signed bodies that did not fit, with the reason. */
export async function listQuarantined(request: IRequest, env: Env): Promise<Response> {
  const input = readQuery(request, page);
  if (!input.ok) return input.response;
  const { items, cursor } = await attempt(
    () => listQuarantine(env.ARCHIVE, input.value.limit, input.value.cursor),
    STORE_LIMIT,
  );
  return Response.json({ quarantine: items, next_cursor: cursor ?? null });
}

const replay = z.strictObject({
  /** One body; all of a page when absent. */
  key: z.string().startsWith(QUARANTINE_PREFIX).max(MAX_KEY_BYTES).optional(),
  /** `next_cursor` of the answer before. */
  cursor: z.string().min(1).optional(),
});

/**
 * `POST /api/quarantine/replay`: plays one body again, or a page of them. What fits by now leaves the quarantine, the rest
 * stays with its reason of today.
 */
export async function replayQuarantined(
  request: IRequest & Request,
  env: Env,
  ctx: ExecutionContext,
): Promise<Response> {
  const input = await readJson(request, replay);
  if (!input.ok) return input.response;
  const { key, cursor } = input.value;
  if (key !== undefined) {
    const result = await play(key, env, ctx);
    return result === "gone" ? notFound() : answer([result], undefined);
  }
  const listed = await attempt(() => listQuarantine(env.ARCHIVE, MAX_REPLAYS, cursor), STORE_LIMIT);
  const results = await pMap(listed.items, (item) => play(item.key, env, ctx), { concurrency: CONCURRENCY });
  return answer(results, listed.cursor);
}

type Played = "recovered" | "still-in-quarantine" | "gone";

/** Never rejects: one body that cannot be read must not keep the others of its page. */
async function play(key: string, env: Env, ctx: ExecutionContext): Promise<Played> {
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

function answer(results: readonly Played[], cursor: string | undefined): Response {
  return Response.json({
    recovered: results.filter((result) => result === "recovered").length,
    still_in_quarantine: results.filter((result) => result === "still-in-quarantine").length,
    next_cursor: cursor ?? null,
  });
}
