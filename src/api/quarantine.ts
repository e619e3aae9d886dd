import * as z from "zod";
import { listQuarantine } from "../archive/quarantine.ts";
import { keyInQuarantine } from "../archive/quarantine-key.ts";
import { notFound } from "../http/problem.ts";
import { type Replayed, replay, replayPage } from "../ingest/replay.ts";
import { attempt } from "../stores/attempt.ts";
import { STORE_LIMIT } from "../stores/limits.ts";
import { nothing, operation } from "./operation.ts";

const cursor = keyInQuarantine.optional().describe("the next_cursor of the answer before");

/** `GET /api/quarantine`: signed bodies that did not fit, with the reason. */
export const getQuarantine = operation({
  method: "get",
  path: "/quarantine",
  summary: "Signed bodies that did not fit, with the reason",
  query: z.strictObject({ limit: z.coerce.number().int().min(1).max(1000).default(100), cursor }),
  body: nothing,
  answers: {
    "application/json": z.object({
      quarantine: z.array(
        z.object({
          key: z.string(),
          reason: z.string(),
          detail: z.string(),
          received_at: z.string(),
          size: z.number().describe("bytes"),
        }),
      ),
      next_cursor: z.string().nullable(),
    }),
  },
  async perform({ query }, env) {
    const page = await attempt(() => listQuarantine(env.ARCHIVE, query.limit, query.cursor), STORE_LIMIT);
    return Response.json({ quarantine: page.items, next_cursor: page.cursor ?? null });
  },
});

/** `POST /api/quarantine/replay`: plays one body again, or a page of them. */
export const replayQuarantined = operation({
  method: "post",
  path: "/quarantine/replay",
  summary: "Plays one body again, or a page of them; what fits by now leaves the quarantine",
  query: nothing,
  body: z.strictObject({
    key: keyInQuarantine.optional().describe("one body; a page of them when absent"),
    cursor,
  }),
  answers: {
    "application/json": z.object({
      recovered: z.number(),
      still_in_quarantine: z.number(),
      next_cursor: z.string().nullable(),
    }),
  },
  mayBeMissing: true,
  async perform({ body }, env, ctx) {
    if (body.key === undefined) {
      const page = await replayPage(body.cursor, env, ctx);
      return answer(page.results, page.cursor);
    }
    const result = await replay(body.key, env, ctx);
    return result === "gone" ? notFound() : answer([result], undefined);
  },
});

function answer(results: readonly Replayed[], next: string | undefined): Response {
  return Response.json({
    recovered: results.filter((result) => result === "recovered").length,
    still_in_quarantine: results.filter((result) => result === "still-in-quarantine").length,
    next_cursor: next ?? null,
  });
}
