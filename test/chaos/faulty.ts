import { type Around, wrapStores } from "../bench/workers/wrapped-stores.ts";
import { FAULTS_HEADER, FAULTS_PATH, faults } from "./faults.ts";
import { faultyStores } from "./faulty-stores.ts";
import { INSPECTION_PATH, inspect } from "./inspection.ts";

type Complete = Required<Pick<ExportedHandler<Env>, "fetch" | "queue" | "scheduled">>;

/** The same Worker on stores that fail when they are told to from outside; the Worker itself knows nothing of it. */
export function faulty(worker: Complete): ExportedHandler<Env> {
  let generation = 0;
  let current = faultyStores({}, () => false);

  return {
    async fetch(request, env, ctx) {
      const { pathname } = new URL(request.url);
      if (pathname === INSPECTION_PATH) return inspect(request, env);
      if (pathname === FAULTS_PATH) {
        const told = faults.parse(await request.json());
        const own = ++generation;
        current = faultyStores(told, () => own !== generation);
        return new Response(null, { status: 204 });
      }
      return worker.fetch(request, wrapStores(env, ofRequest(request) ?? current), ctx);
    },
    queue: (batch, env, ctx) => worker.queue(batch, wrapStores(env, current), ctx),
    scheduled: (controller, env, ctx) => worker.scheduled(controller, wrapStores(env, current), ctx),
  };
}

function ofRequest(request: Request): Around | undefined {
  const told = request.headers.get(FAULTS_HEADER);
  return told === null ? undefined : faultyStores(faults.parse(JSON.parse(told)), () => false);
}
