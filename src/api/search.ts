import * as z from "zod";
import { cursorOf, writeCursor } from "../http/cursor.ts";
import { problemResponse } from "../http/problem.ts";
import { reindexPage } from "../ingest/reindex.ts";
import { readSettings } from "../settings.ts";
import { nothing, operation } from "./operation.ts";

/** `POST /api/transcripts/index`: makes the words of a page of calls findable that came while they were not searched. */
export const indexTranscripts = operation({
  method: "post",
  path: "/transcripts/index",
  summary: "Makes the words of a page of calls findable, of calls that came while SEARCH_TRANSCRIPTS was off",
  query: nothing,
  body: z.strictObject({
    cursor: cursorOf(z.tuple([z.string().regex(/^-?\d{1,19}$/)]).transform(([place]) => place)).optional(),
  }),
  answers: { "application/json": z.object({ indexed: z.number(), next_cursor: z.string().nullable() }) },
  async perform({ body }, env) {
    if (!readSettings(env).searchTranscripts) {
      return problemResponse({
        status: 409,
        type: "words-not-searched",
        title: "Words are not searched",
        detail: "SEARCH_TRANSCRIPTS is off: nothing was indexed.",
      });
    }
    const { indexed, next } = await reindexPage(env, body.cursor);
    return Response.json({ indexed, next_cursor: next === undefined ? null : writeCursor(next) });
  },
});
