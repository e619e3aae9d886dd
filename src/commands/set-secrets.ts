import { askSecret, isTerminal } from "./confirm.ts";
import { missingSecrets, neededSecrets } from "./secrets.ts";
import { runWrangler } from "./wrangler.ts";

/**
 * Sets secrets that the Worker lacks, all at once: asks for them on a terminal, and takes them from the environment elsewhere.
 * Leaves those that are set unchanged.
 * @param shared arguments that name the environment
 * @returns the names of those that are set now
 */
export async function setSecrets(
  present: ReadonlySet<string>,
  syncUrl: unknown,
  shared: string[],
): Promise<ReadonlySet<string>> {
  const values = isTerminal() ? await askForMissing(present, syncUrl) : fromEnvironment(present, syncUrl);
  if (values.size === 0) return present;
  const input = JSON.stringify(Object.fromEntries(values));
  const isSet = (await runWrangler(["secret", "bulk", ...shared], { input })) === 0;
  return isSet ? new Set([...present, ...values.keys()]) : present;
}

async function askForMissing(present: ReadonlySet<string>, syncUrl: unknown): Promise<Map<string, string>> {
  const values = new Map<string, string>();
  for (const { names, source, maker } of missingSecrets(present, syncUrl)) {
    const lines = [`${source}. Enter alone: ${names.length > 1 ? "not this platform" : "not now"}.`, maker];
    console.log(`\n${lines.flatMap((line) => (line === undefined ? [] : `  ${line}`)).join("\n")}`);
    for (const name of names) {
      const value = await askSecret(`  ${name}: `);
      if (value !== "") values.set(name, value);
    }
  }
  return values;
}

function fromEnvironment(present: ReadonlySet<string>, syncUrl: unknown): Map<string, string> {
  const names = neededSecrets(syncUrl).flatMap((secret) => secret.names);
  return new Map(
    names.flatMap((name) => {
      const value = process.env[name]?.trim();
      return value && !present.has(name) ? [[name, value] as const] : [];
    }),
  );
}
