import type { IttyRouterType } from "itty-router";
import * as z from "zod";
import { failure, success } from "./answers.ts";

const creation = z.object({ queue_name: z.string() });
const consumption = z.looseObject({ type: z.string(), script_name: z.string() });

interface StandInQueue {
  queue_id: string;
  queue_name: string;
  consumers: { consumer_id: string; type: string; script: string }[];
}

/** Queues, and which Worker consumes them. */
export class StandInQueues {
  readonly #queues: StandInQueue[] = [];

  get names(): string[] {
    return this.#queues.map(({ queue_name }) => queue_name);
  }

  /** The names of the queues that a Worker consumes. */
  get consumed(): string[] {
    return this.#queues.filter(({ consumers }) => consumers.length > 0).map(({ queue_name }) => queue_name);
  }

  serve(router: IttyRouterType): void {
    router.get("/queues", ({ url }) => {
      const wanted = new URL(url).searchParams.getAll("name");
      return success(this.#queues.filter(({ queue_name }) => wanted.length === 0 || wanted.includes(queue_name)));
    });

    router.post("/queues", async (request) => {
      const { queue_name } = creation.parse(await request.json());
      if (this.names.includes(queue_name)) return failure(409, 11009, "the queue exists");
      const queue: StandInQueue = { queue_id: crypto.randomUUID(), queue_name, consumers: [] };
      this.#queues.push(queue);
      return success(queue);
    });

    router.post("/queues/:id/consumers", async (request) => {
      const { type, script_name: script } = consumption.parse(await request.json());
      const queue = this.#queues.find(({ queue_id }) => queue_id === request.params["id"]);
      if (!queue) return failure(404, 11000, "no such queue");
      if (queue.consumers.length > 0) return failure(400, 11004, "the queue has a consumer");
      queue.consumers.push({ consumer_id: crypto.randomUUID(), type, script });
      return success(queue.consumers[0]);
    });

    router.put("/queues/:id/consumers/:consumer", () => success({}));
  }
}
