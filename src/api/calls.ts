import * as z from "zod";
import { listCalls } from "../ledger/call-list.ts";
import { withJson } from "../ledger/calls.ts";
import { callRow } from "../ledger/rows.ts";
import { callsAsCsv } from "../reading/csv.ts";
import { writeCursor } from "../reading/cursor.ts";
import { callFilter, callPosition } from "../reading/filter.ts";
import { attempt } from "../stores/attempt.ts";
import { STORE_LIMIT } from "../stores/limits.ts";
import { nothing, operation } from "./operation.ts";

/** A call as the API tells it: JSON columns as JSON. */
export const callAnswer = callRow.extend({
  variables: z.unknown().describe("object of the variables, or null"),
  metrics: z.unknown().describe("object, metric to value, or null"),
});

/** `GET /api/calls`: newest first, page by page. */
export const getCalls = operation({
  method: "get",
  path: "/calls",
  summary: "Calls, newest first",
  query: z.strictObject({
    ...callFilter,
    limit: z.coerce.number().int().min(1).max(200).default(50),
    cursor: callPosition.optional(),
  }),
  body: nothing,
  answers: {
    "application/json": z.object({ calls: z.array(callAnswer), next_cursor: z.string().nullable() }),
  },
  async perform({ query: { limit, cursor, ...filter } }, env) {
    // One more than asked for tells whether there is another page.
    const rows = await attempt(() => listCalls(env.DB, filter, { limit: limit + 1, after: cursor }), STORE_LIMIT);
    const calls = rows.slice(0, limit);
    const last = rows.length > limit ? calls.at(-1) : undefined;
    const next_cursor = last === undefined ? null : writeCursor(last.called_at, last.call_id);
    return Response.json({ calls: calls.map(withJson), next_cursor });
  },
});

/** `GET /api/calls.csv`: the same calls, all of them, for a spreadsheet. */
export const exportCalls = operation({
  method: "get",
  path: "/calls.csv",
  summary: "The same calls as CSV, all of them",
  query: z.strictObject(callFilter),
  body: nothing,
  answers: { "text/csv": z.string() },
  perform: async ({ query }, env) => callsAsCsv(env.DB, query),
});
