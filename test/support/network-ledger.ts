import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import {
  convertV4MiniflareOptions,
  Miniflare,
  type Request as MiniflareRequest,
  Response as MiniflareResponse,
  NoOpLog,
} from "miniflare";
import { unstable_splitSqlQuery as splitSql, unstable_getMiniflareWorkerOptions as workerOptionsOf } from "wrangler";
import * as z from "zod";
import { type Bundle, bundle, root } from "./bundle.ts";
import { type LedgerOptions, SECRET } from "./ledger.ts";

const migrations = resolve(root, "src/ledger/migrations");

/** By the names of the queues, as wrangler reads them out of wrangler.toml. */
const consumers = z.record(z.string(), z.object({ deadLetterQueue: z.string().optional(), maxBatchSize: z.number() }));

interface NetworkOptions extends LedgerOptions {
  /** Bindings that this process answers, JSON with JSON. */
  services?: Record<string, (body: unknown) => unknown>;
  /** Called with each line of the Worker's log. */
  onLog?: (line: string) => void;
}

/** The modules of each entry, bundled once: wrangler takes two seconds of the processor for it. */
const bundled = new Map<string, Promise<Bundle["modules"]>>();

function modulesOf(main: string): Promise<Bundle["modules"]> {
  const modules = bundled.get(main) ?? bundleModules(main);
  bundled.set(main, modules);
  return modules;
}

async function bundleModules(main: string): Promise<Bundle["modules"]> {
  const folder = mkdtempSync(join(tmpdir(), "call-ledger-"));
  const { modules } = await bundle("ledger", main, folder);
  rmSync(folder, { recursive: true });
  return modules;
}

/**
 * The same Worker straight on miniflare. The test harness fetches on behalf of the Worker, follows redirects and answers
 * 500 when a connection fails; here the Worker meets the network itself.
 */
export async function bootOnNetwork({
  env = {},
  main = "src/index.ts",
  maxRetries,
  services = {},
  onLog = () => {},
}: NetworkOptions = {}) {
  const modules = await modulesOf(main);
  const { workerOptions } = workerOptionsOf(resolve(root, "wrangler.toml"));
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      ...workerOptions,
      name: "ledger",
      modules,
      bindings: { ATOMS_WEBHOOK_SECRETS: SECRET, API_TOKEN: "token-of-the-tests", ...env },
      queueConsumers: Object.fromEntries(
        Object.entries(consumers.parse(workerOptions["queueConsumers"])).map(
          ([queue, { deadLetterQueue, maxBatchSize }]) => [
            queue,
            {
              maxBatchSize,
              maxBatchTimeout: 0,
              ...(deadLetterQueue !== undefined && { maxRetries: maxRetries ?? 12, deadLetterQueue }),
            },
          ],
        ),
      ),
      unsafeTriggerHandlers: true,
      log: new NoOpLog(),
      serviceBindings: Object.fromEntries(
        Object.entries(services).map(([name, answer]) => [
          name,
          async (request: MiniflareRequest) => MiniflareResponse.json(answer(await request.json())),
        ]),
      ),
      handleStructuredLogs: ({ message }) => onLog(message),
    }),
  );
  const url = (await miniflare.ready).href;
  const bindings = await miniflare.getBindings<Env>();
  for (const file of readdirSync(migrations).sort()) {
    const statements = splitSql(readFileSync(join(migrations, file), "utf8"));
    await bindings.DB.batch(statements.map((statement) => bindings.DB.prepare(statement)));
  }
  return { ...bindings, url, worker: await miniflare.getWorker(), close: () => miniflare.dispose() };
}
