import type { Platform } from "../../platforms/platform.ts";

/** Where the address goes, and what the secret is. */
interface Places {
  address: string;
  secret: string;
}

const places: Readonly<Record<string, Places>> = {
  atoms: { address: "the webhook's URL", secret: "the signing secret that Atoms shows for the webhook" },
  retell: {
    address: "the webhook URL of the account, or of each agent that has one of its own, which takes its place",
    secret: "the Retell API key that carries the webhook badge",
  },
  vapi: {
    address: "the Server URL of the organisation, or of each assistant that has one of its own",
    secret: "the secret of that server, or of the credential that it is sent with",
  },
  elevenlabs: {
    address: "a post-call webhook in the settings of the workspace, with retries switched on",
    secret: "the secret that ElevenLabs shows once for the webhook (wsec_…)",
  },
  custom: {
    address: "where your agents send their events",
    secret: `a random one that your agents sign with: node -p "'whsec_' + crypto.randomBytes(32).toString('base64')"`,
  },
};

const others: Places = { address: "the webhook's URL", secret: "what the platform signs with" };

/**
 * The two things to set for a platform, for a person. The secret comes first wherever it is known before: a Worker without it refuses events.
 * @param shared arguments that name the environment
 */
export function instructionsByHand({ name, secretsSetting }: Platform, ledger: URL, shared: string[]): string {
  const { address, secret } = places[name] ?? others;
  return `Two things to set, on ${name === "custom" ? "your side" : name} and in the Worker:

  1. The address, ${address}:
       ${new URL(`/webhooks/${name}`, ledger)}
  2. The secret, ${secret}:
       ${["npx wrangler secret put", secretsSetting, ...shared].join(" ")}

Set the secret as soon as you know it, before agents send: until then every event is
refused. One that the setting holds already goes, unless you give both, with a comma.`;
}
