import * as z from "zod";
import {
  numberPreview,
  previewNumberErasure,
  startCallErasure,
  startNumberErasure,
  wholePhone,
} from "../erasure/start.ts";
import { callQuery, nothing, operation } from "../http/operation.ts";
import { unknownCall } from "../reading/call.ts";

const started = { "application/json": z.object({ job: z.string().describe("see GET /jobs/{id}") }) };

/** `DELETE /api/calls/{call_id}`: starts the erasure of everything of a call. */
export const eraseCall = operation({
  method: "delete",
  path: "/calls/{call_id}",
  summary: "Starts the erasure of everything of a call: rows, words, transcript, parked and quarantined bodies",
  query: callQuery,
  body: nothing,
  status: 202,
  answers: started,
  problems: [404],
  async perform({ parameter: callId }, env) {
    const job = await startCallErasure(callId, env);
    return job === undefined ? unknownCall() : accepted(job);
  },
});

/** `POST /api/erasures`: starts the erasure of all calls of a caller. The number is in the body, since addresses are logged. */
export const eraseCaller = operation({
  method: "post",
  path: "/erasures",
  summary: "Starts the erasure of everything of all calls with a caller, however their number is written",
  query: nothing,
  body: z.strictObject({ caller_phone: wholePhone }),
  status: 202,
  answers: started,
  perform: async ({ body: { caller_phone } }, env) => accepted(await startNumberErasure(caller_phone, env)),
});

/** `POST /api/erasures/preview`: counts what the erasure of a caller would delete. */
export const previewErasure = operation({
  method: "post",
  path: "/erasures/preview",
  summary: "How much the erasure of a caller would take; erases nothing",
  query: nothing,
  body: z.strictObject({ caller_phone: wholePhone }),
  answers: { "application/json": numberPreview },
  perform: async ({ body: { caller_phone } }, env) =>
    Response.json(await previewNumberErasure(caller_phone, { db: env.DB, bucket: env.ARCHIVE })),
});

function accepted(job: string): Response {
  return Response.json({ job }, { status: 202, headers: { Location: `/api/jobs/${job}` } });
}
