import * as z from "zod";
import { readWrangler, runWrangler } from "./wrangler.ts";

/** The part of wrangler's configuration that names the database. */
const configuration = z.object({
  d1_databases: z.array(
    z.object({ binding: z.string(), database_id: z.string().optional(), database_name: z.string().optional() }),
  ),
});

const databases = z.array(z.object({ name: z.string() }));

/**
 * Whether the database of the binding DB exists in the account; `undefined` when that cannot be found out.
 * @param config as wrangler reads it
 * @param shared arguments that say which Worker is meant
 */
export async function hasDatabase(config: unknown, shared: string[]): Promise<boolean | undefined> {
  const { d1_databases } = configuration.parse(config);
  const { database_id, database_name } = d1_databases.find(({ binding }) => binding === "DB") ?? {};
  // The form of a deploy button may leave it empty: wrangler then creates the database too.
  if (database_id) return true;
  const list = ["d1", "list", "--json", ...shared];
  let output = await readWrangler(list, process.stdin.isTTY ? "hidden" : "shown");
  if (output === undefined && process.stdin.isTTY) {
    // With its output on the terminal, wrangler signs in, or asks which account is meant, and remembers it.
    if ((await runWrangler(["d1", "list", ...shared], { interactive: true })) !== 0) return undefined;
    output = await readWrangler(list);
  }
  const names = databaseNames(output);
  return names?.has(database_name ?? "");
}

/** The names in the output of `wrangler d1 list --json`; `undefined` when it is none. */
function databaseNames(output: string | undefined): Set<string> | undefined {
  try {
    return new Set(databases.parse(JSON.parse(output ?? "")).map(({ name }) => name));
  } catch {
    return undefined;
  }
}

/** Applies the migrations to the deployed database. @returns wrangler's exit code */
export function migrate(shared: string[]): Promise<number> {
  return runWrangler(["d1", "migrations", "apply", "DB", "--remote", ...shared]);
}
