import { FAULTS_HEADER, FAULTS_PATH, faults, TOOK_HEADER } from "./faults.ts";
import { faultyStores } from "./faulty-stores.ts";
import { INSPECTION_PATH, inspect } from "./inspection.ts";
import { limitedStores, USAGE_PATH, usage } from "./limited.ts";
import { type Around, wrapStores } from "./wrapped-stores.ts";

/** Answers with the names of the requests that the Worker has begun on, as they stand in {@link BEGUN_HEADER}. */
export const BEGUN_PATH = "/begun";
export const BEGUN_HEADER = "X-Begun";

type Complete = Required<Pick<ExportedHandler<Env>, "fetch" | "queue" | "scheduled">>;

let changes = 0;
let current = faultyStores({}, () => false);

/** The environment of one invocation on stores that fail as the latest request says: they may begin to in the middle of it. */
export function onFaultyStores(env: Env): Env {
  return wrapStores(limitedStores(env), (...asked) => current(...asked));
}

/** Puts a Worker on stores that fail as a request says, within Cloudflare's limits. The Worker itself is as it was. */
export function faulty(worker: Complete): ExportedHandler<Env> {
  /** Names of requests that the Worker has begun on. */
  const begun = new Set<string>();

  return {
    async fetch(request, env, ctx) {
      const { pathname } = new URL(request.url);
      if (pathname === INSPECTION_PATH) return inspect(request, env);
      if (pathname === BEGUN_PATH) return Response.json([...begun]);
      if (pathname === USAGE_PATH) return Response.json(usage);
      const name = request.headers.get(BEGUN_HEADER);
      if (name !== null) begun.add(name);
      if (pathname === FAULTS_PATH) {
        const change = ++changes;
        current = faultyStores(faults.parse(await request.json()), () => change !== changes, countFault);
        return new Response(null, { status: 204 });
      }
      const began = Date.now();
      const response = await worker.fetch(request, wrapStores(limitedStores(env), ofRequest(request) ?? current), ctx);
      const answer = new Response(response.body, response);
      answer.headers.set(TOOK_HEADER, String(Date.now() - began));
      return answer;
    },
    queue: (batch, env, ctx) => worker.queue(batch, onFaultyStores(env), ctx),
    scheduled: (controller, env, ctx) => worker.scheduled(controller, wrapStores(limitedStores(env), current), ctx),
  };
}

const countFault = () => {
  usage.faults++;
};

function ofRequest(request: Request): Around | undefined {
  const header = request.headers.get(FAULTS_HEADER);
  return header === null ? undefined : faultyStores(faults.parse(JSON.parse(header)), () => false, countFault);
}
