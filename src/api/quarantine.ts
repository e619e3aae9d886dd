import * as z from "zod";
import { keyInQuarantine } from "../held/held.ts";
import { listNewestQuarantined } from "../held/list.ts";
import { nextCursor, nothing, operation } from "../http/operation.ts";
import { notFound } from "../http/problem.ts";
import { ingestContext } from "../ingest/ingest.ts";
import { type ReplayResult, replay, replayPage } from "../ingest/replay.ts";
import { configuredDestinations } from "../sync/destinations/index.ts";
import { heldBody } from "./parked.ts";

const cursor = keyInQuarantine.optional().describe("the next_cursor of the answer before");

/** `GET /api/quarantine`: signed bodies that did not fit, with the reason. */
export const getQuarantine = operation({
  method: "get",
  path: "/quarantine",
  summary: "Signed bodies that did not fit, with the reason",
  query: z.strictObject({ limit: z.coerce.number().int().min(1).max(1000).default(100), cursor }),
  body: nothing,
  answers: {
    "application/json": z.object({ quarantine: z.array(heldBody), next_cursor: nextCursor }),
  },
  async perform({ query }, env) {
    const { bodies, next } = await listNewestQuarantined(env.ARCHIVE, query.limit, query.cursor);
    return Response.json({ quarantine: z.array(heldBody).parse(bodies), next_cursor: next ?? null });
  },
});

/** `POST /api/quarantine/replay`: replays one body, or a page of them. */
export const replayQuarantined = operation({
  method: "post",
  path: "/quarantine/replay",
  summary: "Replays one body, or a page of them; bodies that fit by now leave the quarantine",
  query: nothing,
  body: z.strictObject({
    key: keyInQuarantine.optional().describe("one body; a page of them when absent"),
    cursor,
  }),
  answers: {
    "application/json": z.object({
      recovered: z.number(),
      still_in_quarantine: z.number(),
      next_cursor: nextCursor,
    }),
  },
  problems: [404],
  async perform({ body }, env, ctx) {
    const context = ingestContext(env, ctx, configuredDestinations(env));
    if (body.key === undefined) {
      const page = await replayPage(body.cursor, context);
      return answer(page.results, page.cursor);
    }
    const result = await replay(body.key, context);
    return result === "not-found" ? notFound() : answer([result], undefined);
  },
});

function answer(results: readonly ReplayResult[], next: string | undefined): Response {
  return Response.json({
    recovered: results.filter((result) => result === "recovered").length,
    still_in_quarantine: results.filter((result) => result === "still-in-quarantine").length,
    next_cursor: next ?? null,
  });
}
