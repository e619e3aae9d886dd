import { DatabaseSync } from "node:sqlite";
import type { IttyRouterType } from "itty-router";
import * as z from "zod";
import { failure, success } from "./answers.ts";

const creation = z.object({ name: z.string() });
const question = z.object({ sql: z.string() });

/** D1 on real SQLite: a migration that does not run is found out, and one that ran is remembered. */
export class StandInDatabases {
  readonly #databases: { uuid: string; name: string; sqlite: DatabaseSync }[] = [];
  /** Every SQL text asked for, in order. */
  readonly queries: string[] = [];

  get names(): string[] {
    return this.#databases.map(({ name }) => name);
  }

  serve(router: IttyRouterType): void {
    router.get("/d1/database", () => success(this.#databases.map(({ uuid, name }) => ({ uuid, name }))));

    router.post("/d1/database", async (request) => {
      const { name } = creation.parse(await request.json());
      if (this.#find(name)) return failure(400, 7502, "a database with that name exists");
      const uuid = crypto.randomUUID();
      this.#databases.push({ uuid, name, sqlite: new DatabaseSync(":memory:") });
      return success({ uuid, name });
    });

    router.get("/d1/database/:key", ({ params }) => {
      const found = this.#find(params["key"]);
      return found ? success({ uuid: found.uuid, name: found.name }) : failure(404, 7404, "no such database");
    });

    router.post("/d1/database/:key/query", async (request) => {
      const found = this.#find(request.params["key"]);
      if (!found) return failure(404, 7404, "no such database");
      const { sql } = question.parse(await request.json());
      this.queries.push(sql);
      try {
        return success([{ success: true, results: run(found.sqlite, sql), meta: { duration: 1 } }]);
      } catch (error) {
        return failure(400, 7500, String(error));
      }
    });
  }

  #find(key: string | undefined) {
    return this.#databases.find(({ uuid, name }) => uuid === key || name === key);
  }
}

function run(sqlite: DatabaseSync, sql: string): unknown[] {
  if (/^\s*select\b/i.test(sql)) return sqlite.prepare(sql).all();
  // Only this runs several statements at once, as a migration is.
  sqlite.exec(sql);
  return [];
}
