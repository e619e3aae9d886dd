import { createServer } from "node:http";
import { buffer } from "node:stream/consumers";
import { IttyRouter } from "itty-router";
import { failure } from "./answers.ts";
import { StandInAssets } from "./assets.ts";
import { StandInBuckets } from "./buckets.ts";
import { StandInDatabases } from "./databases.ts";
import { StandInQueues } from "./queues.ts";
import { StandInWorker } from "./worker.ts";
import { StandInWorkflows } from "./workflows.ts";

export const ACCOUNT_ID = "0123456789abcdef0123456789abcdef";

/**
 * As much of the Cloudflare API as a deployment with wrangler needs, on loopback. It remembers what was created, so that
 * a second deployment finds it.
 * @example await using api = await openStandIn();
 */
export async function openStandIn() {
  const services = {
    worker: new StandInWorker(),
    databases: new StandInDatabases(),
    buckets: new StandInBuckets(),
    queues: new StandInQueues(),
    workflows: new StandInWorkflows(),
    assets: new StandInAssets(),
  };
  /** Every request, as "POST /queues", with its body, one character a byte. */
  const requests: { asked: string; body: string }[] = [];
  /** What it has no answer to: then wrangler asks for something new, and the stand-in must follow. */
  const unanswered: string[] = [];
  /** What to refuse, like "POST /queues". */
  const refused = new Set<string>();

  const base = `/accounts/${ACCOUNT_ID}`;
  const router = IttyRouter({ base });
  router.all("*", ({ method, url }) => {
    const asked = `${method} ${new URL(url).pathname.replace(base, "")}`;
    return refused.has(asked) ? failure(403, 9109, "refused") : undefined;
  });
  for (const service of Object.values(services)) service.serve(router);

  const server = createServer(async (incoming, outgoing) => {
    const { method = "GET", url = "/", headers } = incoming;
    const body = await buffer(incoming);
    const asked = `${method} ${url.replace(base, "").replace(/\?.*/, "")}`;
    requests.push({ asked, body: body.toString("latin1") });
    const request = new Request(new URL(url, "http://stand-in"), {
      method,
      headers: { "Content-Type": headers["content-type"] ?? "" },
      ...(body.length > 0 && { body }),
    });
    const response: Response | undefined = await router
      .fetch(request)
      .catch((error: unknown) => failure(500, 1, String(error)));
    if (response === undefined) unanswered.push(asked);
    const answer = response ?? failure(404, 7003, `the stand-in has no answer to ${asked}`);
    outgoing.writeHead(answer.status, { "Content-Type": "application/json" }).end(await answer.text());
  });
  const { promise: listening, resolve: listens } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", listens);
  await listening;
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the stand-in has no port");

  return {
    ...services,
    url: `http://127.0.0.1:${address.port}`,
    requests,
    unanswered,
    refused,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
