import type { IttyRouterType } from "itty-router";
import * as z from "zod";
import { failure, success } from "./answers.ts";

const workflow = z.looseObject({ script_name: z.string(), class_name: z.string() });

/** The Workflows of the account, by name. */
export class StandInWorkflows {
  readonly #workflows = new Map<string, z.infer<typeof workflow>>();

  serve(router: IttyRouterType): void {
    const path = "/workflows/:name";
    router.get(path, ({ params: { name = "" } }) => {
      const found = this.#workflows.get(name);
      return found === undefined ? failure(404, 10200, "workflow not found") : success({ name, ...found });
    });
    router.put(path, async (request) => {
      this.#workflows.set(request.params["name"] ?? "", workflow.parse(await request.json()));
      return success({ id: "99999999-aaaa-4bbb-8ccc-dddddddddddd" });
    });
  }

  /** The classes that run them. */
  get classes(): string[] {
    return [...this.#workflows.values()].map(({ class_name }) => class_name);
  }
}
