import * as z from "zod";
import { clients, findClient, isOn } from "../fetching/index.ts";
import { startImport } from "../fetching/start.ts";
import { nothing, operation } from "../http/operation.ts";
import { problemResponse } from "../http/problem.ts";
import { instantFrom, instantTo } from "../http/range.ts";

const importBody = z.strictObject({
  platform: z.enum(clients.map(({ name }) => name)),
  from: instantFrom,
  to: instantTo.optional(),
  deliver: z.boolean().default(false).describe("whether the calls are sent downstream"),
});

/** `POST /api/imports`: starts a job that fetches a platform's history. */
export const importCalls = operation({
  method: "post",
  path: "/imports",
  summary: "Starts a job that fetches the calls of a platform that the ledger lacks, day by day; safe to repeat",
  query: nothing,
  body: importBody,
  status: 202,
  answers: { "application/json": z.object({ job: z.string().describe("see GET /jobs/{id}") }) },
  problems: [409],
  async perform({ body: { platform, from, to, deliver } }, env) {
    const client = findClient(platform);
    if (client === undefined || !isOn(client, env)) {
      return cannotImport(`${client?.keySetting ?? "The key of the platform"} is not set, so its API cannot be asked.`);
    }
    const job = await startImport({ platform, from, to, deliver }, env);
    if (job === undefined)
      return cannotImport("Another import of this platform goes on: stop it, or wait for its end.");
    return Response.json({ job }, { status: 202, headers: { Location: `/api/jobs/${job}` } });
  },
});

function cannotImport(detail: string): Response {
  return problemResponse({ status: 409, type: "cannot-import", title: "Nothing can be imported", detail });
}
