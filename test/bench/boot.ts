import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { convertV4MiniflareOptions, Miniflare, NoOpLog } from "miniflare";
import { unstable_getMiniflareWorkerOptions, unstable_splitSqlQuery } from "wrangler";
import { type Bundle, root } from "./bundle.ts";

export const SECRET = "signing-secret-of-the-bench";

export const API_TOKEN = "token-of-the-bench";

const migrations = resolve(root, "src/ledger/migrations");

export interface Booted {
  /** Where the Worker takes events. */
  webhook: URL;
  url: URL;
  database: D1Database;
  stop(): Promise<void>;
}

/**
 * Starts a bundle on local stores of its own, empty and migrated, with the bindings of wrangler.toml. Straight on
 * Miniflare: the test harness puts a proxy Worker before the one that is measured, in a runtime of its own, and what that
 * costs would be counted on both sides of a ratio and make it look better than it is.
 */
export async function boot({ name, modules, settings }: Bundle, downstream: URL): Promise<Booted> {
  const { workerOptions } = unstable_getMiniflareWorkerOptions(join(root, "wrangler.toml"));
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      ...workerOptions,
      name,
      modules,
      bindings: Object.assign({}, workerOptions["bindings"], {
        WEBHOOK_SECRETS: SECRET,
        API_TOKEN,
        SYNC_URL: downstream.href,
        SYNC_SECRET: `whsec_${Buffer.from("a signing key of the bench only!").toString("base64")}`,
        ...settings,
      }),
      unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
      host: "127.0.0.1",
      port: 0,
      logRequests: false,
      log: new NoOpLog(),
      handleStructuredLogs: () => {},
    }),
  );
  await miniflare.ready;
  const database = await miniflare.getD1Database("DB", name);
  for (const file of readdirSync(migrations).sort()) {
    const statements = unstable_splitSqlQuery(readFileSync(join(migrations, file), "utf8"));
    await database.batch(statements.map((statement) => database.prepare(statement)));
  }
  const url = await miniflare.unsafeGetDirectURL(name);
  return {
    webhook: new URL("/webhooks/atoms", url),
    url,
    database,
    stop: () => miniflare.dispose(),
  };
}
