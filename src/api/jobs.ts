import * as z from "zod";
import { erasureView, viewErasure } from "../erasure/start.ts";
import { fetchView, viewFetch } from "../fetching/progress.ts";
import { nothing, operation } from "../http/operation.ts";
import { notFound, problemResponse } from "../http/problem.ts";
import { type JobRow, readJob, stopJob } from "../ledger/jobs.ts";
import { lettingGoView, viewLettingGo } from "../letting-go/start.ts";
import { sendingView, viewSending } from "../sync/again/start.ts";

const answers = { "application/json": z.union([erasureView, sendingView, lettingGoView, fetchView]) };

/** `GET /api/jobs/{id}`: how far a job is. */
export const getJob = operation({
  method: "get",
  path: "/jobs/{id}",
  summary:
    "How far a job is: an erasure, a range sent again, calls that leave the database, missed calls fetched, an import",
  query: nothing,
  body: nothing,
  answers,
  problems: [404],
  perform: async ({ parameter: id }, env) => answer(await readJob(env.DB, id)),
});

/** `POST /api/jobs/{id}/stop`: stops a job that is no erasure. */
export const stopSending = operation({
  method: "post",
  path: "/jobs/{id}/stop",
  summary:
    "Stops a job that sends a range again, fetches or imports; what is on its way goes on. An erasure cannot be stopped",
  query: nothing,
  body: nothing,
  answers,
  problems: [404, 409],
  async perform({ parameter: id }, env) {
    const job = await readJob(env.DB, id);
    if (job?.kind === "erasure") {
      return problemResponse({
        status: 409,
        type: "cannot-be-stopped",
        title: "The job cannot be stopped",
        detail: "An erasure goes on until nothing is left.",
      });
    }
    await stopJob(env.DB, id, new Date());
    return answer(job && (await readJob(env.DB, id)));
  },
});

function answer(job: JobRow | undefined): Response {
  const view = job && (viewErasure(job) ?? viewSending(job) ?? viewLettingGo(job) ?? viewFetch(job));
  return view === undefined ? notFound("There is no job of this id.") : Response.json(view);
}
