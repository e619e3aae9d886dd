import * as z from "zod";
import { nextCursor, nothing, operation } from "../http/operation.ts";
import { problemResponse } from "../http/problem.ts";
import { reindexPage } from "../ingest/reindex.ts";
import { pageCursor, writePageCursor } from "../ledger/page.ts";
import { readSettings } from "../settings.ts";

/** `POST /api/transcripts/index`: indexes the words of a page of calls that came while SEARCH_TRANSCRIPTS was off. */
export const indexTranscripts = operation({
  method: "post",
  path: "/transcripts/index",
  summary: "Indexes the words of a page of calls that came while SEARCH_TRANSCRIPTS was off",
  query: nothing,
  body: z.strictObject({ cursor: pageCursor.optional() }),
  problems: [409],
  answers: { "application/json": z.object({ indexed: z.number(), next_cursor: nextCursor }) },
  async perform({ body }, env) {
    if (!readSettings(env).searchTranscripts) {
      return problemResponse({
        status: 409,
        type: "words-not-searched",
        title: "Words are not searched",
        detail: "SEARCH_TRANSCRIPTS is off: nothing was indexed.",
      });
    }
    const { indexed, next } = await reindexPage(env.DB, env.ARCHIVE, body.cursor);
    return Response.json({ indexed, next_cursor: writePageCursor(next) });
  },
});
