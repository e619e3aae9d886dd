import { parseArgs } from "node:util";

const sharedOptions = {
  env: { type: "string", short: "e" },
  config: { type: "string", short: "c" },
  profile: { type: "string" },
} as const;

/** The arguments of `npm run deploy`. */
export interface DeployArguments {
  /** Where to: for every wrangler command, since they must all mean the same Worker and database. */
  shared: string[];
  /** How: for `wrangler deploy` alone. */
  others: string[];
  environment: string | undefined;
  config: string | undefined;
}

/**
 * Tells the arguments for every wrangler command from those that only `wrangler deploy` knows.
 * @example splitArguments(["--env", "staging", "--keep-vars"]).shared // ["--env=staging"]
 */
export function splitArguments(given: string[]): DeployArguments {
  const { tokens, values } = parseArgs({ args: given, options: sharedOptions, strict: false, tokens: true });
  const shared: string[] = [];
  const taken = new Set<number>();
  for (const token of tokens) {
    if (token.kind !== "option" || !(token.name in sharedOptions) || token.value === undefined) continue;
    shared.push(`--${token.name}=${token.value}`);
    taken.add(token.index);
    if (!token.inlineValue) taken.add(token.index + 1);
  }
  return {
    shared,
    others: given.filter((_, index) => !taken.has(index)),
    environment: typeof values.env === "string" ? values.env : undefined,
    config: typeof values.config === "string" ? values.config : undefined,
  };
}
