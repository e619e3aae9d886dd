import { resolve } from "node:path";
import { type GetPlatformProxyOptions, getPlatformProxy } from "wrangler";
import { projectFolder } from "./child.ts";

type Row = Record<string, string | number | null>;

/** D1 and R2 of a local ledger, seen from outside while it runs. */
export interface Stores {
  query(sql: string, ...values: string[]): Promise<Row[]>;
  /** The only number that a query answers with. */
  count(sql: string, ...values: string[]): Promise<number>;
  /** How many objects have keys that begin so and, with a pattern, match it. */
  countObjects(prefix: string, pattern?: RegExp): Promise<number>;
  close(): Promise<void>;
}

/** Opens the local bindings of a Worker without running it. Its Workflows are not among them, and wrangler's warning of it helps nobody. */
export async function openBindings(options: GetPlatformProxyOptions) {
  const { WRANGLER_LOG: before } = process.env;
  process.env["WRANGLER_LOG"] = before ?? "error";
  try {
    return await getPlatformProxy<Env>(options);
  } finally {
    if (before === undefined) delete process.env["WRANGLER_LOG"];
  }
}

/** @param state the folder given to `wrangler dev --persist-to`, relative to the repository */
export async function openStores(state: string): Promise<Stores> {
  const { env, dispose } = await openBindings({
    configPath: resolve(projectFolder, "wrangler.toml"),
    // wrangler puts this level into every folder it persists to.
    persist: { path: resolve(projectFolder, state, "v3") },
    // No file at all: only the stores are wanted here, and with an empty list `.dev.vars` would be read.
    envFiles: [resolve(projectFolder, state, "no-variables.env")],
  });

  async function query(sql: string, ...values: string[]): Promise<Row[]> {
    const { results } = await env.DB.prepare(sql)
      .bind(...values)
      .all<Row>();
    return results;
  }

  return {
    query,
    async count(sql, ...values) {
      const [row = {}] = await query(sql, ...values);
      return Number(Object.values(row)[0]);
    },
    async countObjects(prefix, pattern = /^/) {
      let count = 0;
      let cursor: string | undefined;
      do {
        const page: R2Objects = await env.ARCHIVE.list({
          prefix,
          ...(cursor !== undefined && { cursor }),
        });
        count += page.objects.filter(({ key }) => pattern.test(key)).length;
        cursor = page.truncated ? page.cursor : undefined;
      } while (cursor !== undefined);
      return count;
    },
    close: dispose,
  };
}
