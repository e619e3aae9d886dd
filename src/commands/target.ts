import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseEnv } from "node:util";
import { type Option, UsageError } from "./command.ts";
import { projectFolder } from "./wrangler.ts";

/** Where `npm run dev` answers. */
export const LOCAL_URL = "http://localhost:8787";

export const urlOption: Option<"url"> = {
  name: "url",
  value: "<address>",
  help: `the ledger, local or deployed (LEDGER_URL, else ${LOCAL_URL})`,
};

/**
 * Returns the address of a ledger, as it was typed or as LEDGER_URL has it. Throws a UsageError for one on another machine without TLS,
 * which would expose the token.
 */
export function ledgerUrl(typed: string | undefined): URL {
  const text = typed ?? (process.env["LEDGER_URL"] || LOCAL_URL);
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new UsageError(`A ledger has an http or https address, not "${text}".`);
  }
  if (url.protocol === "http:" && !isLocal(url)) {
    throw new UsageError(
      `Nothing is sent to ${url.origin}: anybody on the way could read the token. Use https://${url.host}.`,
    );
  }
  return url;
}

/** The API token of a ledger: LEDGER_TOKEN, else that of `.dev.vars` where the ledger is on this machine. */
export function ledgerToken(url: URL): string {
  return secretOf(url, { variable: "LEDGER_TOKEN", setting: "API_TOKEN" });
}

/** A webhook secret of a platform: the variable of the setting's name, else that of `.dev.vars` if the ledger is on this machine. */
export function webhookSecret(url: URL, setting: string): string {
  return firstOf(secretOf(url, { variable: setting, setting }));
}

/** A webhook secret of a platform, as {@link webhookSecret} has it; `undefined` if there is none. */
export function findWebhookSecret(url: URL, setting: string): string | undefined {
  return firstOf(process.env[setting] ?? (isLocal(url) ? localVariables()?.[setting] : undefined) ?? "") || undefined;
}

function firstOf(secrets: string): string {
  const [first = ""] = secrets.split(/[\s,]+/).filter((secret) => secret !== "");
  return first;
}

/** @param variable of the environment, never an argument: those end up in the shell's history and in the list of processes */
function secretOf(url: URL, { variable, setting }: { variable: string; setting: string }): string {
  const given = process.env[variable]?.trim();
  if (given) return given;
  if (!isLocal(url)) throw new UsageError(`${variable} is not set: it has to be the ${setting} of ${url.origin}.`);
  const local = localVariables()?.[setting]?.trim();
  if (local) return local;
  const why = local === undefined ? "has no" : "has an empty";
  const file = localVariables() === undefined ? "there is no .dev.vars" : `.dev.vars ${why} ${setting}`;
  throw new UsageError(`${variable} is not set, and ${file}: \`npm run dev\` writes one.`);
}

export function isLocal({ hostname }: URL): boolean {
  return /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname);
}

/** The settings of `npm run dev`; `undefined` before its first start. */
function localVariables() {
  const path = resolve(projectFolder, ".dev.vars");
  return existsSync(path) ? parseEnv(readFileSync(path, "utf8")) : undefined;
}
