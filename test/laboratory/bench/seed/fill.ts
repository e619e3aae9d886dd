import { readWrangler } from "../../../../src/commands/wrangler.ts";
import { openBindings } from "../../simulator/stores.ts";
import { countStatements } from "./hours.ts";
import { chunksOf, type Plan } from "./plan.ts";
import { chunkStatements } from "./statements.ts";

/** Writes statements in one transaction. */
export type Write = (statements: string[]) => Promise<void>;

/** Fast, and well within the 30 seconds of a D1 query (developers.cloudflare.com/d1/platform/limits). */
const CHUNK_CALLS = 10_000;

interface Watching {
  /** Called with the number of calls written so far. */
  onProgress?: (calls: number) => void;
  /** Ends it after the chunk at hand. */
  signal?: AbortSignal;
}

/** Fills a ledger's database. Begun again, it goes on where it was broken off, at the price of looking at what is there. */
export async function fill(write: Write, plan: Plan, { onProgress, signal }: Watching = {}): Promise<void> {
  let written = 0;
  for (const chunk of chunksOf(plan, CHUNK_CALLS)) {
    signal?.throwIfAborted();
    await write(chunkStatements(plan, chunk));
    written += chunk.oldest - chunk.newest + 1;
    onProgress?.(written);
  }
  for (const statements of countStatements(plan)) {
    signal?.throwIfAborted();
    await write(statements);
  }
}

/** Into a database that is at hand. */
export function writeTo(db: D1Database): Write {
  return async (statements) => {
    await db.batch(statements.map((statement) => db.prepare(statement)));
  };
}

/**
 * The database of `npm run dev`, until it is disposed of.
 * @param environment of wrangler.toml
 */
export async function openLocal(configPath: string, environment: string | undefined) {
  const { env, dispose } = await openBindings({
    configPath,
    ...(environment !== undefined && { environment }),
    remoteBindings: false,
  });
  return { write: writeTo(env.DB), [Symbol.asyncDispose]: dispose };
}

/**
 * Into the deployed database; throws when wrangler fails.
 * @param shared arguments of wrangler that say which Worker is meant
 */
export function writeRemotely(shared: readonly string[]): Write {
  return async (statements) => {
    const command = statements.join(";\n");
    const given = ["d1", "execute", "DB", "--remote", "--yes", "--json", "--command", command, ...shared];
    if ((await readWrangler(given)) === undefined) throw new Error("wrangler could not write to the database.");
  };
}
