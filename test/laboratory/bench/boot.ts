import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { convertV4MiniflareOptions, Miniflare, NoOpLog } from "miniflare";
import { unstable_getMiniflareWorkerOptions, unstable_splitSqlQuery } from "wrangler";
import { type Bundle, root } from "../../support/bundle.ts";
import { platformSecrets } from "./platform-bodies.ts";

export const SECRET = "signing-secret-of-the-bench";

export const API_TOKEN = "token-of-the-bench";

const migrations = resolve(root, "src/ledger/migrations");

export interface OpenWorker {
  /** Where the Worker takes events. */
  webhook: URL;
  url: URL;
  database: D1Database;
  bucket: R2Bucket;
}

export interface Booted extends OpenWorker {
  stop(): Promise<void>;
}

/** Starts a bundle in a runtime of its own. */
export async function boot(bundle: Bundle, downstream: URL): Promise<Booted> {
  const runtime = await startRuntime([bundle], downstream);
  return { ...(await openWorker(runtime, bundle)), stop: () => runtime.dispose() };
}

/**
 * Starts bundles side by side in one runtime, each on local stores of its own, with the bindings of wrangler.toml. Straight on
 * Miniflare: the test harness puts a proxy Worker before the one that is measured, in a runtime of its own, and what that
 * costs would be counted on both sides of a ratio and make it look better than it is.
 */
export async function startRuntime(bundles: readonly Bundle[], downstream: URL): Promise<Miniflare> {
  const { workerOptions: deployed } = unstable_getMiniflareWorkerOptions(join(root, "wrangler.toml"));
  const { assets: _dashboard, ...bare } = deployed;
  // Side by side: a queue has one consumer, so nothing that would be sent to one is measured; and assets would put a Worker of
  // Cloudflare's before those that are.
  const workerOptions = bundles.length === 1 ? deployed : { ...bare, queueConsumers: {} };
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      workers: bundles.map(({ name, modules, hasEraseJob, settings }) => ({
        ...workerOptions,
        name,
        modules,
        d1Databases: { DB: `${name}-ledger` },
        r2Buckets: { ARCHIVE: `${name}-archive` },
        workflows: hasEraseJob
          ? {
              ERASURE: { name: `${name}-erasure`, className: "EraseJob" },
              EXPORT: { name: `${name}-export`, className: "ExportJob" },
              FETCH: { name: `${name}-fetch`, className: "FetchJob" },
              RECORDINGS: { name: `${name}-recordings`, className: "RecordingJob" },
              LET_GO: { name: `${name}-let-go`, className: "LetGoJob" },
              SEND_AGAIN: { name: `${name}-send-again`, className: "SendAgainJob" },
            }
          : {},
        bindings: Object.assign({}, workerOptions["bindings"], {
          ATOMS_WEBHOOK_SECRETS: SECRET,
          ...platformSecrets,
          API_TOKEN,
          SYNC_URL: downstream.href,
          SYNC_SECRET: `whsec_${Buffer.from("a signing key of the bench only!").toString("base64")}`,
          ...settings,
        }),
        unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
      })),
      host: "127.0.0.1",
      port: 0,
      // Lets the cron be run by hand.
      unsafeTriggerHandlers: true,
      logRequests: false,
      log: new NoOpLog(),
      handleStructuredLogs: () => {},
    }),
  );
  await miniflare.ready;
  return miniflare;
}

/** Migrates the database of one of a runtime's Workers. */
export async function openWorker(runtime: Miniflare, { name }: Bundle): Promise<OpenWorker> {
  const { DB: database, ARCHIVE: bucket } = await runtime.getBindings<Env>(name);
  for (const file of readdirSync(migrations).sort()) {
    const statements = unstable_splitSqlQuery(readFileSync(join(migrations, file), "utf8"));
    await database.batch(statements.map((statement) => database.prepare(statement)));
  }
  const url = await runtime.unsafeGetDirectURL(name);
  return { webhook: new URL("/webhooks/atoms", url), url, database, bucket };
}
