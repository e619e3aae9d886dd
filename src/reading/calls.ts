import * as z from "zod";
import { invalidRequest } from "../http/input.ts";
import { nextCursor, nothing, operation } from "../http/operation.ts";
import { callsAsCsv } from "../ledger/csv.ts";
import { MAX_LOOKED_AT, pageCursor, writePageCursor } from "../ledger/page.ts";
import { callRow, reader, withJson } from "../ledger/schema.ts";
import { callFilter, searchCalls } from "../ledger/search.ts";
import { leftOfList, readLeftOfList } from "../letting-go/listed.ts";
import { readSettings } from "../settings.ts";

/** A call in an answer: JSON columns as JSON. */
export const callAnswer = callRow.extend({
  variables: z.unknown().describe("object of the variables, or null"),
  metrics: z.unknown().describe("object, metric to value, or null"),
});

const matching = z
  .object({
    count: z.number(),
    exact: z.boolean().describe(`false: these are among the newest ${MAX_LOOKED_AT}, and there may be more`),
  })
  .describe("with count=true");

/** `GET /api/calls`: newest first, page by page. */
export const getCalls = operation({
  method: "get",
  path: "/calls",
  summary: "Calls, newest first",
  query: z.strictObject({
    ...callFilter,
    limit: z.coerce.number().int().min(1).max(200).default(50),
    cursor: pageCursor.optional(),
    count: z
      .enum(["true", "false"])
      .default("false")
      .describe("whether to count what matches, on this page and on the others"),
  }),
  body: nothing,
  answers: {
    "application/json": z.object({
      calls: z.array(callAnswer),
      next_cursor: nextCursor,
      matching: matching.optional(),
      left: leftOfList
        .optional()
        .describe("on the last page: calls of the range that left the database, by HOT_DAYS, and are in no page"),
    }),
  },
  async perform({ query: { limit, cursor, count, ...filter } }, env) {
    const { searchTranscripts } = readSettings(env);
    const search = { filter, limit, after: cursor, count: count === "true" };
    const db = reader(env.DB);
    const page = await searchCalls(db, callRow, search, searchTranscripts);
    if (page.kind === "refused") return invalidRequest([page.error]);
    const { rows, next, matching } = page;
    // They would come last: other pages do without the request.
    const left = next === undefined ? await readLeftOfList(db, filter) : undefined;
    return Response.json({ calls: rows.map(withJson), next_cursor: writePageCursor(next), matching, left });
  },
});

/** `GET /api/calls.csv`: all calls of a filter, for a spreadsheet. */
export const exportCalls = operation({
  method: "get",
  path: "/calls.csv",
  summary: "The same calls as CSV, all of them",
  query: z.strictObject(callFilter),
  body: nothing,
  answers: { "text/csv": z.string() },
  perform: async ({ query }, env) => callsAsCsv(reader(env.DB), query, readSettings(env).searchTranscripts),
});
