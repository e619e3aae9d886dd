import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parse } from "smol-toml";
import { createTestHarness, type Unstable_RawConfig as RawConfig } from "wrangler";
import { clients } from "../../src/fetching/index.ts";
import { platforms } from "../../src/platforms/index.ts";

const projectRoot = resolve(import.meta.dirname, "../..");

export const SECRET = "signing-secret-of-the-tests";

export interface LedgerOptions {
  /** Secrets and vars that differ from the ordinary ones; an empty value counts as not set. */
  env?: Record<string, string>;
  /** Another entry than src/index.ts: a Worker that wraps it, to make stores slow or faulty. */
  main?: string;
  /** Retries before a message becomes a dead letter. */
  maxRetries?: number;
  /** Whom Cloudflare Access has let through, for every request. */
  access?: { aud: string; identity?: Record<string, unknown> };
  /** Parts of wrangler.toml that differ. */
  config?: Partial<RawConfig>;
  /** Another folder than this project's: a copy of it. */
  root?: string;
}

/** The real Worker from wrangler.toml, on real local D1, R2 and Queues with storage of its own, migrated. */
export async function bootLedger({
  env = {},
  main,
  maxRetries,
  access,
  config: other,
  root = projectRoot,
}: LedgerOptions = {}) {
  const config: RawConfig = parse(readFileSync(resolve(root, "wrangler.toml"), "utf8"));
  const consumers = config.queues?.consumers?.map((consumer) => ({
    ...consumer,
    max_batch_timeout: 0,
    ...(maxRetries !== undefined && consumer.dead_letter_queue !== undefined && { max_retries: maxRetries }),
  }));
  const harness = createTestHarness({
    root,
    workers: [
      {
        config: {
          ...config,
          ...other,
          ...(main !== undefined && { main }),
          ...(access && { access: { dev: access } }),
          queues: { ...config.queues, ...(consumers && { consumers }) },
        },
        // As secrets, since those override a `.dev.vars` that is there: `npm run dev` writes one. Empty counts as not set.
        secrets: {
          // Whatever this project's are: tests that need another value than the default say which.
          ...Object.fromEntries(Object.keys(config.vars ?? {}).map((name) => [name, ""])),
          ...Object.fromEntries(platforms.map(({ secretsSetting }) => [secretsSetting, ""])),
          ...Object.fromEntries(clients.map(({ keySetting }) => [keySetting, ""])),
          ATOMS_WEBHOOK_SECRETS: SECRET,
          API_TOKEN: "token-of-the-tests",
          SYNC_SECRET: "",
          SLACK_WEBHOOK_URL: "",
          ...env,
        },
      },
    ],
  });
  const { url } = await harness.listen();
  const worker = harness.getWorker<Env>();
  await worker.applyD1Migrations("DB");
  return { url: url.href, harness, worker, ...(await worker.getEnv()) };
}
