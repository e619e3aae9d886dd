import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import * as z from "zod";
import { platforms } from "../platforms/index.ts";
import { splitArguments } from "./arguments.ts";
import { helpOf } from "./command.ts";
import { forgottenDashes } from "./forgotten-dashes.ts";
import { ensureLocalSecrets } from "./local-secrets.ts";
import { LOCAL_URL } from "./target.ts";
import { exitCodeOf, projectFolder, runWrangler, spawnWrangler } from "./wrangler.ts";

const help = helpOf({
  usage: "npm run dev -- [options of wrangler dev]",
  about: `Starts the ledger on this machine: local D1, R2, Queues and Workflows, migrated. The first start \
writes secrets into .dev.vars, which git ignores. When it is ready it prints its address and the API token.`,
  options: [
    { name: "port", value: "<number>", help: "another port than 8787" },
    { name: "persist-to", value: "<folder>", help: "another folder for its data than .wrangler/state" },
  ],
  notes: "Every other option goes to wrangler: `npx wrangler dev --help` lists them.",
});

const packageJson = z.object({ scripts: z.record(z.string(), z.string()) });
const readyMessage = z.object({ event: z.literal("DEV_SERVER_READY"), ip: z.string(), port: z.number() });

process.exitCode = await dev(process.argv.slice(2));

/** Resolves to the exit code, when wrangler ends. */
async function dev(given: string[]): Promise<number> {
  const { shared, others, isHelp } = splitArguments(given, ["env", "config", "profile", "persist-to"]);
  if (isHelp) {
    console.log(help);
    return 0;
  }
  const forgotten = forgottenDashes("dev", ["port", "persist-to", "env", "config"], given);
  if (forgotten !== undefined) {
    console.error(forgotten);
    return 1;
  }
  const { path, added, empty } = ensureLocalSecrets(projectFolder);
  if (added.length > 0) console.log(`Wrote new local secrets to .dev.vars: ${added.join(", ")}.`);

  const migrated = await runWrangler(["d1", "migrations", "apply", "DB", "--local", ...shared]);
  if (migrated !== 0) return migrated;

  // Its menu of keys stays at the foot of the terminal by overwriting whatever another program prints there.
  const child = spawnWrangler(
    ["dev", "--show-interactive-dev-session=false", ...shared, ...others],
    ["inherit", "inherit", "inherit", "ipc"],
  );
  child.on("message", async (message) => {
    const url = readyUrl(message);
    if (url === undefined || !(await isAnswering(url))) return;
    console.log(greeting(url, parseEnv(readFileSync(path, "utf8"))["API_TOKEN"] ?? "", empty));
  });
  // Ctrl+C reaches wrangler too, which ends by itself.
  process.on("SIGINT", () => {});
  for (const name of ["SIGTERM", "SIGHUP"] as const) process.on(name, () => child.kill(name));
  return exitCodeOf(child);
}

/** Waits for the first answer: wrangler listens before the Worker runs, and prints more until then. */
async function isAnswering(url: string): Promise<boolean> {
  try {
    await (await fetch(`${url}/healthz`)).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}

/** The address of the ledger when wrangler says that it listens. */
function readyUrl(message: unknown): string | undefined {
  if (typeof message !== "string") return undefined;
  const { data } = readyMessage.safeParse(JSON.parse(message));
  if (data === undefined) return undefined;
  const isThisMachine = /^(?:localhost|127\.0\.0\.1|0\.0\.0\.0|::1?|\[::1?\])$/.test(data.ip);
  return `http://${isThisMachine ? "localhost" : data.ip}:${data.port}`;
}

function greeting(url: string, apiToken: string, empty: readonly string[]): string {
  const simulate = url === LOCAL_URL ? "npm run simulate" : `npm run simulate -- --url ${url}`;
  // It goes with the laboratory, which can be deleted.
  const { scripts } = packageJson.parse(JSON.parse(readFileSync(join(projectFolder, "package.json"), "utf8")));
  return [
    "",
    `  Dashboard  ${url}`,
    `  API token  ${apiToken || "API_TOKEN is empty"}`,
    ...platforms.map(
      ({ name, secretsSetting }) => `  Webhook    ${url}/webhooks/${name}, signed with ${secretsSetting} of .dev.vars`,
    ),
    ...(scripts["simulate"] ? [`  Calls      ${simulate}  plays a day of them`] : []),
    ...empty.map((name) => `\n  ${name} is empty in .dev.vars: delete its line, and the next start writes one.`),
    "",
  ].join("\n");
}
