import type { IttyRouterType } from "itty-router";
import * as z from "zod";
import { failure, success } from "./answers.ts";

const creation = z.object({ name: z.string() });

/** R2: which buckets there are. */
export class StandInBuckets {
  readonly names: string[] = [];

  serve(router: IttyRouterType): void {
    router.get("/r2/buckets", () => success({ buckets: this.names.map((name) => ({ name })) }));

    router.post("/r2/buckets", async (request) => {
      const { name } = creation.parse(await request.json());
      if (this.names.includes(name)) return failure(409, 10004, "the bucket exists");
      this.names.push(name);
      return success({ name });
    });

    router.get("/r2/buckets/:name", ({ params: { name = "" } }) =>
      this.names.includes(name) ? success({ name }) : failure(404, 10006, "no such bucket"),
    );
  }
}
