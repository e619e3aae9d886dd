import { randomBytes } from "node:crypto";
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseEnv } from "node:util";
import { platforms } from "../platforms/index.ts";

/** The form that Standard Webhooks prescribes; its alphabet is the ordinary base64 one. */
const standardSecret = () => `whsec_${randomBytes(32).toString("base64")}`;

const makers: Record<string, () => string> = {
  ...Object.fromEntries(platforms.map(({ secretsSetting }) => [secretsSetting, () => randomBytes(32).toString("hex")])),
  API_TOKEN: () => randomBytes(32).toString("base64url"),
  CUSTOM_WEBHOOK_SECRETS: standardSecret,
  SYNC_SECRET: standardSecret,
};

/** The local secrets; names only, never values. */
export interface LocalSecrets {
  path: string;
  added: string[];
  /** Set to an empty value, and left so, since that may be meant. */
  empty: string[];
}

/**
 * Sees to it that `.dev.vars` in this folder has every secret the Worker needs. Only ever adds to the file: a secret
 * that is there may be the one a webhook is configured with.
 */
export function ensureLocalSecrets(folder: string): LocalSecrets {
  const path = resolve(folder, ".dev.vars");
  const text = existsSync(path) ? readFileSync(path, "utf8") : "# For local work only: made by `npm run dev`.\n";
  const present = parseEnv(text);
  const missing = Object.entries(makers).filter(([name]) => present[name] === undefined);

  if (missing.length > 0) {
    const lines = missing.map(([name, make]) => `${name}="${make()}"\n`).join("");
    const start = existsSync(path) ? (text === "" || text.endsWith("\n") ? "" : "\n") : text;
    appendFileSync(path, start + lines, { mode: 0o600 });
  }
  return {
    path,
    added: missing.map(([name]) => name),
    empty: Object.keys(makers).filter((name) => present[name] === ""),
  };
}
