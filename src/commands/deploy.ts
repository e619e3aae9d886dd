import { unstable_readConfig as readConfig } from "wrangler";
import { splitArguments } from "./arguments.ts";
import { withReport } from "./deployment-report.ts";
import { instructions, missingSecrets, secretNames } from "./secrets.ts";
import { projectFolder, readWrangler, runWrangler } from "./wrangler.ts";

process.exitCode = await deploy(process.argv.slice(2));

/** `npm run deploy`: uploads the Worker, migrates its database, says what is still to do. Resolves to the exit code. */
async function deploy(given: string[]): Promise<number> {
  const { shared, others, environment, config } = splitArguments(given);

  // The upload comes first, because it is what creates the database.
  const { exitCode, report } = await withReport((variables) =>
    runWrangler(["deploy", ...shared, ...others], { interactive: true, environment: variables }),
  );
  if (exitCode !== 0 || !report.uploaded) return exitCode;

  const migrated = await runWrangler(["d1", "migrations", "apply", "DB", "--remote", ...shared]);
  if (migrated !== 0) {
    console.error("\nThe Worker is uploaded, but its database is NOT migrated. `npm run deploy` can be run again.");
    return migrated;
  }

  const { vars } = readConfig(
    { config: config ?? `${projectFolder}/wrangler.toml`, ...(environment !== undefined && { env: environment }) },
    { hideWarnings: true },
  );
  const present = secretNames(await readWrangler(["secret", "list", "--format", "json", ...shared]));
  const missing = missingSecrets(present ?? new Set(), vars["SYNC_URL"]);
  const address = report.address ?? "https://<the Worker's address>";
  console.log(
    [
      `\n${verdict(present !== undefined, missing)}`,
      `  The URL for the webhook, at the platform: ${address}/webhooks/atoms`,
      ...missing.map((secret) => instructions(secret, shared)),
      `All is well when this answers {"status":"ok"}: curl ${address}/healthz`,
    ].join("\n\n"),
  );
  return 0;
}

function verdict(known: boolean, missing: { name: string }[]): string {
  const names = missing.map(({ name }) => name).join(", ");
  if (!known) return `Deployed and migrated, but which secrets are set COULD NOT BE FOUND OUT. Needed: ${names}.`;
  if (names !== "") return `Deployed and migrated, but NOT READY: ${names} not set.`;
  return "Deployed and migrated, and every secret is set: ready.";
}
