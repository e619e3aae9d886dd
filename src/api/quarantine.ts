import * as z from "zod";
import { DISCARDS_A_REQUEST, discardKeys, discardPage } from "../held/discard.ts";
import { keyInQuarantine, quarantineReasons } from "../held/held.ts";
import { listNewestQuarantined } from "../held/list.ts";
import { nextCursor, nothing, operation } from "../http/operation.ts";
import { notFound } from "../http/problem.ts";
import { instantFrom, instantTo } from "../http/range.ts";
import { ingestContext } from "../ingest/ingest.ts";
import { type ReplayResult, replay, replayPage } from "../ingest/replay.ts";
import { configuredDestinations } from "../sync/destinations/index.ts";
import { heldBody } from "./parked.ts";

const cursor = keyInQuarantine.optional().describe("the next_cursor of the answer before");

/** Which bodies are meant, by their reason and their receipt. */
const filter = {
  reason: z.enum(quarantineReasons).optional(),
  from: instantFrom.optional(),
  to: instantTo.optional(),
};

/** `GET /api/quarantine`: signed bodies that did not fit, with the reason. */
export const getQuarantine = operation({
  method: "get",
  path: "/quarantine",
  summary: "Signed bodies that did not fit, with the reason",
  query: z.strictObject({ ...filter, limit: z.coerce.number().int().min(1).max(1000).default(100), cursor }),
  body: nothing,
  answers: {
    "application/json": z.object({ quarantine: z.array(heldBody), next_cursor: nextCursor }),
  },
  async perform({ query: { limit, cursor: after, ...meant } }, env) {
    const { bodies, next } = await listNewestQuarantined(env.ARCHIVE, limit, after, meant);
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
    key: keyInQuarantine.optional().describe("one body; a page of those that the filter means when absent"),
    ...filter,
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
  async perform({ body: { key, cursor: after, ...meant } }, env, ctx) {
    const context = ingestContext(env, ctx, configuredDestinations(env));
    if (key === undefined) {
      const page = await replayPage(after, context, meant);
      return answer(page.results, page.cursor);
    }
    const result = await replay(key, context);
    return result === "not-found" ? notFound() : answer([result], undefined);
  },
});

/** `POST /api/quarantine/discard`: discards bodies for good, by their keys, their reason or their receipt. */
export const discardQuarantined = operation({
  method: "post",
  path: "/quarantine/discard",
  summary: "Discards bodies of the quarantine for good: by their keys, or a page of those of a reason or of some days",
  query: nothing,
  body: z
    .strictObject({ keys: z.array(keyInQuarantine).min(1).max(DISCARDS_A_REQUEST).optional(), ...filter, cursor })
    .refine(({ keys, cursor: _, ...meant }) => (keys !== undefined) !== Object.values(meant).some(Boolean), {
      error: "takes either keys, or a reason, from or to",
    }),
  answers: { "application/json": z.object({ discarded: z.number(), next_cursor: nextCursor }) },
  async perform({ body: { keys, cursor: after, ...meant } }, env) {
    if (keys !== undefined) {
      return Response.json({ discarded: await discardKeys(env.ARCHIVE, keys), next_cursor: null });
    }
    const { discarded, next } = await discardPage(env.ARCHIVE, meant, after);
    return Response.json({ discarded, next_cursor: next ?? null });
  },
});

function answer(results: readonly ReplayResult[], next: string | undefined): Response {
  return Response.json({
    recovered: results.filter((result) => result === "recovered").length,
    still_in_quarantine: results.filter((result) => result === "still-in-quarantine").length,
    next_cursor: next ?? null,
  });
}
