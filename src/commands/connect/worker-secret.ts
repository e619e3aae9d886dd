import { atoms } from "../../platforms/atoms/index.ts";
import { secretNames } from "../secrets.ts";
import { readWrangler, runWrangler } from "../wrangler.ts";

export const SETTING = atoms.secretsSetting;

/** The Worker whose secrets are set, which cannot be read back. */
export interface Worker {
  /** The names of its secrets; `undefined` when they could not be found out. */
  secretNames(): Promise<ReadonlySet<string> | undefined>;
  /** Sets the secrets of this platform, in place of those that are there. Resolves to whether it did. */
  setSecrets(value: string): Promise<boolean>;
}

/** The Worker of wrangler.toml. @param shared arguments that name the environment */
export function workerOf(shared: string[]): Worker {
  return {
    secretNames: async () => secretNames(await readWrangler(["secret", "list", "--format", "json", ...shared])),
    // Over standard input: arguments show in the list of processes.
    setSecrets: async (value) =>
      (await runWrangler(["secret", "bulk", ...shared], { input: JSON.stringify({ [SETTING]: value }) })) === 0,
  };
}

/** Secrets that the Worker may have already. */
export interface EarlierSecrets {
  /** Those to keep, as the setting holds them; empty if nobody said. */
  kept: string;
  /** Whether they may be replaced. */
  mayReplace: boolean;
}

/** Returns why the secret of a webhook cannot be set without taking others away; `undefined` if it can. */
export async function obstacle(worker: Worker, { kept, mayReplace }: EarlierSecrets): Promise<string | undefined> {
  const present = await worker.secretNames();
  if (present === undefined) {
    return "Which secrets the Worker has could not be found out; see above. Is it deployed, and is wrangler signed in?";
  }
  if (!present.has(SETTING) || kept !== "" || mayReplace) return undefined;
  return `The Worker has ${SETTING} already, without the secret of this webhook. Nobody can read back what it holds, and a new value takes its place. Either
  set the variable ${SETTING} to the secrets that it has to keep (of other webhooks, or accounts), separated by commas: the new one is added to them,
  or say --replace-secrets: it then has the new one alone.
  If it was set within the last minutes, it may not have reached every machine: run this again.`;
}

/** Returns the value for the setting: a new secret, behind those that stay. */
export function joinSecrets(kept: string, secret: string): string {
  return [...new Set([...kept.split(/[\s,]+/).filter((one) => one !== ""), secret])].join(",");
}
