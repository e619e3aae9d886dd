import * as z from "zod";
import { platforms } from "../platforms/index.ts";

/** A secret of the Worker, and how to get a value for it. */
export interface Secret {
  /** One of them suffices. */
  names: readonly string[];
  /** The consequence while it is not set. */
  without: string;
  source: string;
  /** Prints a new random value, in every shell. */
  maker?: string;
}

const standardSecretMaker = `node -p "'whsec_' + require('node:crypto').randomBytes(32).toString('base64')"`;

const platformSecret: Secret = {
  names: platforms.map(({ secretsSetting }) => secretsSetting),
  without: "every event is refused with 503",
  source:
    "the signing secret that the platform shows for the webhook, or for agents of your own (CUSTOM_WEBHOOK_SECRETS) a random one that they know too (several: separated by commas)",
  maker: standardSecretMaker,
};

const apiToken: Secret = {
  names: ["API_TOKEN"],
  without: "nobody can read",
  source: "a random value that you keep; make one and paste it",
  maker: `node -p "require('node:crypto').randomBytes(32).toString('base64url')"`,
};

const syncSecret: Secret = {
  names: ["SYNC_SECRET"],
  without: "nothing is sent to SYNC_URL or ALERT_URL",
  source: "a random value that the receiver there knows too; make one and paste it",
  maker: standardSecretMaker,
};

const secretList = z.array(z.object({ name: z.string() }));

/** The names in the output of `wrangler secret list`; `undefined` when it is none. */
export function secretNames(output: string | undefined): Set<string> | undefined {
  try {
    return new Set(secretList.parse(JSON.parse(output ?? "")).map(({ name }) => name));
  } catch {
    return undefined;
  }
}

/** The secrets that the Worker needs with these settings. */
export function neededSecrets(syncUrl: unknown): Secret[] {
  return [platformSecret, apiToken, ...(syncUrl ? [syncSecret] : [])];
}

/** The secrets that the Worker lacks. Of the platforms' secrets, one suffices. */
export function missingSecrets(present: ReadonlySet<string>, syncUrl: unknown): Secret[] {
  return neededSecrets(syncUrl).filter(({ names }) => !names.some((name) => present.has(name)));
}

/** The webhook paths of the platforms whose secret is set; of all platforms if none is. */
export function webhookPaths(present: ReadonlySet<string>): string[] {
  const on = platforms.filter(({ secretsSetting }) => present.has(secretsSetting));
  return (on.length > 0 ? on : platforms).map(({ name }) => `/webhooks/${name}`);
}

/** The names of a secret, for a sentence. */
export function namesOf({ names }: Pick<Secret, "names">): string {
  return names.join(" or ");
}

/** Explains how to set a secret; `shared` are the arguments that name the environment. */
export function instructions({ names, without, source, maker }: Secret, shared: string[]): string {
  const commands = names.map((name) => ["npx wrangler secret put", name, ...shared].join(" "));
  return [
    `  ${namesOf({ names })}: without it, ${without}.`,
    `  It is ${source}:`,
    ...[...(maker === undefined ? [] : [maker]), ...commands].map((command) => `      ${command}`),
  ].join("\n");
}
