import { resolve } from "node:path";
import { getPlatformProxy } from "wrangler";
import { projectFolder } from "./child.ts";

type Row = Record<string, string | number | null>;

/** D1 and R2 of a local ledger, seen from outside while it runs. */
export interface Stores {
  query(sql: string, ...values: string[]): Promise<Row[]>;
  /** The only number that a query answers with. */
  count(sql: string, ...values: string[]): Promise<number>;
  /** How many objects have keys that begin so. */
  countObjects(prefix: string): Promise<number>;
  close(): Promise<void>;
}

/** @param state the folder given to `wrangler dev --persist-to`, relative to the repository */
export async function openStores(state: string): Promise<Stores> {
  const { env, dispose } = await getPlatformProxy<Env>({
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
    async countObjects(prefix) {
      let count = 0;
      let cursor: string | undefined;
      do {
        const page: R2Objects = await env.ARCHIVE.list({
          prefix,
          ...(cursor !== undefined && { cursor }),
        });
        count += page.objects.length;
        cursor = page.truncated ? page.cursor : undefined;
      } while (cursor !== undefined);
      return count;
    },
    close: dispose,
  };
}
