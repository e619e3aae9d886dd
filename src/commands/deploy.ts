import { resolve } from "node:path";
import { unstable_readConfig as readConfig } from "wrangler";
import { splitArguments } from "./arguments.ts";
import { helpOf } from "./command.ts";
import { hasDatabase, migrate } from "./database.ts";
import { type DeploymentReport, withReport } from "./deployment-report.ts";
import { forgottenDashes } from "./forgotten-dashes.ts";
import { instructions, missingSecrets, namesOf, type Secret, secretNames, webhookPaths } from "./secrets.ts";
import { setSecrets } from "./set-secrets.ts";
import { projectFolder, readWrangler, runWrangler } from "./wrangler.ts";

const help = helpOf({
  usage: "npm run deploy -- [options of wrangler deploy]",
  about: `Migrates the database, uploads the Worker, and asks for the secrets that are missing: of the \
platforms whose calls are wanted, one at the least, and of those who read. The first run creates the database, \
the bucket, the queues and the Workflow, and migrates after the upload.`,
  options: [
    { name: "env", value: "<name>", help: "an environment of wrangler.toml" },
    { name: "config", value: "<file>", help: "another file than wrangler.toml" },
    { name: "dry-run", help: "builds the Worker and changes nothing" },
  ],
  notes: `Every other option goes to wrangler: \`npx wrangler deploy --help\` lists them. Sign in first with \
\`npx wrangler login\`, or set CLOUDFLARE_API_TOKEN. Without a terminal, missing secrets are taken from \
variables of their names (RETELL_WEBHOOK_SECRETS, API_TOKEN, …); those that are set stay as they are.`,
});

const FAILED = 1;

process.exitCode = await deploy(process.argv.slice(2));

/** Resolves to the exit code, which is 0 only when the Worker is uploaded and its database migrated. */
async function deploy(given: string[]): Promise<number> {
  const { shared, others, environment, config: configPath, isHelp, isDryRun } = splitArguments(given);
  if (isHelp) {
    console.log(help);
    return 0;
  }
  const forgotten = forgottenDashes("deploy", ["env", "config", "profile", "dry-run"], given);
  if (forgotten !== undefined) return fail(forgotten);
  const upload = (variables: Record<string, string>) =>
    runWrangler(["deploy", ...shared, ...others], { interactive: true, environment: variables });
  if (isDryRun) return upload({});

  const config = readConfig(
    { config: configPath ?? `${projectFolder}/wrangler.toml`, ...(environment !== undefined && { env: environment }) },
    { hideWarnings: true },
  );
  if (configPath !== undefined && environment === undefined && isOwnName(config.name, configPath)) {
    return fail(
      `Nothing is uploaded: ${configPath} has the name of wrangler.toml, ${config.name}, and would take the place of that Worker.`,
    );
  }
  const isThere = await hasDatabase(config, shared);
  if (isThere === undefined) {
    return fail("Nothing is uploaded: whether the database exists could not be found out; see above.");
  }
  // New tables come before the code that needs them; on the first run it is the upload that creates the database.
  if (isThere && (await migrate(shared)) !== 0) {
    return fail("The database is NOT migrated, and nothing is uploaded: the Worker that runs goes on as it was.");
  }
  const { exitCode, report } = await withReport(upload);
  if (exitCode !== 0) return exitCode;
  if (!report.uploaded) {
    return fail(
      `wrangler ended without reporting an upload, ${isThere ? "after the migration" : "so the database is NOT migrated"}. If it says above that
it uploaded the Worker, run \`npm run deploy\` again.`,
    );
  }
  if (!isThere && (await migrate(shared)) !== 0) {
    return fail("The Worker is uploaded, but its database is NOT migrated. `npm run deploy` can be run again.");
  }
  await printState(report, config.vars["SYNC_URL"] || config.vars["ALERT_URL"], shared);
  return 0;
}

/** Returns whether another configuration names the Worker of `wrangler.toml`: a second ledger would be uploaded over the first. */
function isOwnName(name: string | undefined, configPath: string): boolean {
  const own = `${projectFolder}/wrangler.toml`;
  return resolve(configPath) !== resolve(own) && readConfig({ config: own }, { hideWarnings: true }).name === name;
}

function fail(message: string): number {
  console.error(`\n${message}`);
  return FAILED;
}

/** Prints what is still to do before events come in. */
async function printState(
  { address = "https://<the Worker's address>" }: DeploymentReport,
  syncUrl: unknown,
  shared: string[],
) {
  const listed = secretNames(await readWrangler(["secret", "list", "--format", "json", ...shared]));
  const present = listed && (await setSecrets(listed, syncUrl, shared));
  const missing = missingSecrets(present ?? new Set(), syncUrl);
  const webhooks = webhookPaths(present ?? new Set()).map((path) => `\n      ${address}${path}`);
  console.log(
    [
      `\n${verdict(present !== undefined, missing)}`,
      `  The URL for the webhook, at each platform:${webhooks.join("")}`,
      ...missing.map((secret) => instructions(secret, shared)),
      `All is well when this answers "status":"ok": curl ${address}/healthz`,
    ].join("\n\n"),
  );
}

function verdict(known: boolean, missing: readonly Secret[]): string {
  const names = missing.map(namesOf).join(", ");
  if (!known) return `Deployed and migrated, but which secrets are set COULD NOT BE FOUND OUT. Needed: ${names}.`;
  if (names !== "") return `Deployed and migrated, but NOT READY: ${names} not set.`;
  return "Deployed and migrated, and every secret is set: ready.";
}
