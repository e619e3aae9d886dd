import { parseArgs } from "node:util";

const knownOptions = {
  env: { type: "string", short: "e" },
  config: { type: "string", short: "c" },
  profile: { type: "string" },
  "persist-to": { type: "string" },
  help: { type: "boolean", short: "h" },
  "dry-run": { type: "boolean" },
} as const;

/** Options that every wrangler command of a deployment gets. */
const sharedByDefault = ["env", "config", "profile"];

/** The arguments of `npm run deploy` and `npm run dev`, which go on to wrangler. */
export interface WranglerArguments {
  /** Where to: for every wrangler command, since they must all mean the same Worker and database. */
  shared: string[];
  /** How: for the main command alone. */
  others: string[];
  environment: string | undefined;
  config: string | undefined;
  isHelp: boolean;
  isDryRun: boolean;
}

/**
 * Splits arguments into those for every wrangler command and those that only the main one knows.
 * @param names options for every command
 * @example splitArguments(["--env", "staging", "--keep-vars"]).shared // ["--env=staging"]
 */
export function splitArguments(given: string[], names: readonly string[] = sharedByDefault): WranglerArguments {
  const { tokens, values } = parseArgs({ args: given, options: knownOptions, strict: false, tokens: true });
  const shared: string[] = [];
  const taken = new Set<number>();
  for (const token of tokens) {
    if (token.kind !== "option" || !names.includes(token.name) || token.value === undefined) continue;
    shared.push(`--${token.name}=${token.value}`);
    taken.add(token.index);
    if (!token.inlineValue) taken.add(token.index + 1);
  }
  const { env, config, help, "dry-run": dryRun } = values;
  return {
    shared,
    others: given.filter((_, index) => !taken.has(index)),
    environment: typeof env === "string" ? env : undefined,
    config: typeof config === "string" ? config : undefined,
    isHelp: help === true,
    isDryRun: isOn(dryRun),
  };
}

/** `--dry-run` and `--dry-run=true` */
function isOn(value: string | boolean | undefined): boolean {
  return value === true || value === "true";
}
