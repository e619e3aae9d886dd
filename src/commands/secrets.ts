import * as z from "zod";

/** A secret of the Worker, and how somebody comes by a value. */
interface Secret {
  name: string;
  /** What does not work without it. */
  without: string;
  source: string;
  /** Prints a new random value, in every shell. */
  maker?: string;
}

const atomsSecrets: Secret = {
  name: "ATOMS_WEBHOOK_SECRETS",
  without: "or that of another platform (RETELL_WEBHOOK_SECRETS, …), every event is refused with 503",
  source: "the signing secret that the platform shows for the webhook (several: separated by commas)",
};

const apiToken: Secret = {
  name: "API_TOKEN",
  without: "nobody can read",
  source: "a random value that you keep; make one and paste it",
  maker: `node -p "require('node:crypto').randomBytes(32).toString('base64url')"`,
};

const syncSecret: Secret = {
  name: "SYNC_SECRET",
  without: "nothing is sent to SYNC_URL",
  source: "a random value that the receiver at SYNC_URL knows too; make one and paste it",
  maker: `node -p "'whsec_' + require('node:crypto').randomBytes(32).toString('base64')"`,
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

/** The secrets that the Worker lacks, of those it needs with these settings. A platform is on when its own is set; one suffices. */
export function missingSecrets(present: ReadonlySet<string>, syncUrl: unknown): Secret[] {
  const isAnyPlatformOn = [...present].some((name) => name.endsWith(PLATFORM_SUFFIX));
  const needed = [...(isAnyPlatformOn ? [] : [atomsSecrets]), apiToken, ...(syncUrl ? [syncSecret] : [])];
  return needed.filter(({ name }) => !present.has(name));
}

/** How the secret of a platform's webhooks is named: `RETELL_WEBHOOK_SECRETS`. */
const PLATFORM_SUFFIX = "_WEBHOOK_SECRETS";

/** Where the platforms that are on send their events; as long as none is, where Atoms would. */
export function webhookPaths(present: ReadonlySet<string>): string[] {
  const names = [...present].filter((name) => name.endsWith(PLATFORM_SUFFIX)).sort();
  return (names.length > 0 ? names : [atomsSecrets.name]).map(
    (name) => `/webhooks/${name.slice(0, -PLATFORM_SUFFIX.length).toLowerCase()}`,
  );
}

/** What to type to set a secret; `shared` are the arguments that name the environment. */
export function instructions({ name, without, source, maker }: Secret, shared: string[]): string {
  const commands = [maker, ["npx wrangler secret put", name, ...shared].join(" ")];
  return [
    `  ${name}: without it, ${without}.`,
    `  It is ${source}:`,
    ...commands.filter((command) => command !== undefined).map((command) => `      ${command}`),
  ].join("\n");
}
