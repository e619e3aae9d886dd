import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "smol-toml";
import { expect, test } from "vitest";
import type { Unstable_RawConfig as RawConfig } from "wrangler";
import { projectFolder } from "../../../src/commands/wrangler.ts";
import { copyProject } from "../../support/project-copy.ts";
import { ACCOUNT_ID, openStandIn } from "../commands/stand-in/api.ts";

const firstMigration = readFileSync(join(projectFolder, "src/ledger/migrations/0001_ledger.sql"), "utf8").trim();
/** A template is renamed: what is made goes by its configuration. */
const config: RawConfig = parse(readFileSync(join(projectFolder, "wrangler.toml"), "utf8"));
const worker = config.name ?? "";
const queues = config.queues?.producers?.map(({ queue }) => queue);
const origin = `https://${worker}.stand-in.workers.dev`;
const resources = ["/d1/database", "/r2/buckets", "/queues"];

type Project = ReturnType<typeof copyProject>;
type Api = Awaited<ReturnType<typeof openStandIn>>;

function deploy(project: Project, api: Api, parameters: string[] = [], environment: Record<string, string> = {}) {
  return project.run("deploy.ts", parameters, {
    CLOUDFLARE_API_BASE_URL: api.url,
    CLOUDFLARE_API_TOKEN: "token-of-the-stand-in",
    CLOUDFLARE_ACCOUNT_ID: ACCOUNT_ID,
    ...environment,
  });
}

/** Adds a migration after those that are there. */
function addMigration(project: Project, sql: string) {
  writeFileSync(join(project.folder, "src/ledger/migrations/9999_added.sql"), sql);
}

/**
 * The steps of a deployment that change something, in the order in which the API met them.
 * @param migration file name
 */
function stepsOf(api: Api, migration: string): string[] {
  return api.requests.flatMap(({ asked, body }) => {
    const [, script] = /^(?:PUT|POST) \/workers\/scripts\/([^/]+)(?:\/versions)?$/.exec(asked) ?? [];
    if (script === worker) return ["upload"];
    return /query$/.test(asked) && /INSERT INTO/.test(body) && body.includes(migration) ? ["migration"] : [];
  });
}

function created(api: Api) {
  return api.requests.map(({ asked }) => asked).filter((asked) => resources.some((path) => asked === `POST ${path}`));
}

test("a first deployment makes everything, migrates, and names the secrets still to set", async () => {
  await using api = await openStandIn();
  using project = copyProject();
  const configuration = readFileSync(join(project.folder, "wrangler.toml"), "utf8");
  writeFileSync(join(project.folder, ".dev.vars"), 'ATOMS_WEBHOOK_SECRETS="local-secret"\nAPI_TOKEN="local-secret"\n');

  const { exitCode, output } = await deploy(project, api);

  expect(api.unanswered).toEqual([]);
  expect(exitCode, output).toBe(0);
  expect(api.databases.names).toEqual(config.d1_databases?.map(({ database_name }) => database_name));
  expect(api.buckets.names).toEqual(config.r2_buckets?.map(({ bucket_name }) => bucket_name));
  expect(api.queues.names).toEqual(queues);
  expect(api.queues.consumed).toEqual(queues);
  expect(api.worker.uploads).toHaveLength(1);
  expect(api.workflows.classes.toSorted()).toEqual([
    "EraseJob",
    "ExportJob",
    "FetchJob",
    "LetGoJob",
    "RecordingJob",
    "SendAgainJob",
  ]);
  expect(api.assets.uploaded.size).toBeGreaterThan(0);

  expect(api.databases.queries.filter((sql) => sql.includes(firstMigration))).toHaveLength(1);
  expect(stepsOf(api, "0001_ledger.sql")).toEqual(["upload", "migration"]);
  expect(output).toMatch(/NOT READY: ATOMS_WEBHOOK_SECRETS or RETELL_WEBHOOK_SECRETS or .*, API_TOKEN not set/);
  for (const name of ["ATOMS", "RETELL", "VAPI", "ELEVENLABS", "CUSTOM"]) {
    expect(output).toMatch(new RegExp(`^ *npx wrangler secret put ${name}_WEBHOOK_SECRETS$`, "m"));
    expect(output).toContain(`${origin}/webhooks/${name.toLowerCase()}`);
  }
  expect(output).toMatch(/^ *npx wrangler secret put API_TOKEN$/m);
  expect(output).not.toContain("SYNC_SECRET");
  expect(output).toContain(`${origin}/healthz`);

  expect(api.worker.uploads.flatMap(({ bindings }) => bindings).filter(({ type }) => /secret/.test(type))).toEqual([]);
  expect(
    api.requests.filter(({ asked, body }) => /^(PUT|POST|PATCH) .*secrets/.test(asked) || /local-secret/.test(body)),
  ).toEqual([]);
  expect(readFileSync(join(project.folder, "wrangler.toml"), "utf8")).toBe(configuration);
});

test("a second deployment makes nothing again and is ready when the secrets are set", async () => {
  await using api = await openStandIn();
  using project = copyProject();
  await deploy(project, api);
  expect(created(api)).toHaveLength(4);
  api.requests.length = 0;
  api.worker.secrets = ["ATOMS_WEBHOOK_SECRETS", "API_TOKEN"];

  const { exitCode, output } = await deploy(project, api);

  expect(api.unanswered).toEqual([]);
  expect(exitCode, output).toBe(0);
  expect(created(api)).toEqual([]);
  expect(api.worker.uploads).toHaveLength(2);
  expect(api.databases.queries.filter((sql) => sql.includes(firstMigration))).toHaveLength(1);
  expect(output).toContain("every secret is set: ready");
  expect(output).not.toContain("wrangler secret put");
});

test("secrets in the environment are set where the Worker lacks them, and those that it has stay", async () => {
  await using api = await openStandIn();
  using project = copyProject();
  const given = { RETELL_WEBHOOK_SECRETS: "key-of-retell", VAPI_WEBHOOK_SECRETS: "", API_TOKEN: "token of ours" };

  const { exitCode, output } = await deploy(project, api, [], given);

  expect(api.unanswered).toEqual([]);
  expect(exitCode, output).toBe(0);
  expect(output).toContain("every secret is set: ready");
  expect(output).toContain(`${origin}/webhooks/retell`);
  expect(output).not.toContain(`${origin}/webhooks/atoms`);
  expect(output).not.toContain("key-of-retell");
  const settings = () => api.requests.filter(({ asked }) => asked.endsWith("/secrets-bulk")).map(({ body }) => body);
  expect(settings()).toEqual([expect.stringContaining('"text":"key-of-retell"')]);
  expect(api.worker.secrets).toEqual(["RETELL_WEBHOOK_SECRETS", "API_TOKEN"]);

  // Another platform is wanted beside it.
  await deploy(project, api, [], { ...given, API_TOKEN: "another", ELEVENLABS_WEBHOOK_SECRETS: "wsec_1" });
  expect(settings()[1]).toContain('"text":"wsec_1"');
  expect(settings()[1]).not.toMatch(/key-of-retell|another/);
  expect(settings()).toHaveLength(2);
});

test("a database that is there is migrated before the new Worker is uploaded", async () => {
  await using api = await openStandIn();
  using project = copyProject();
  await deploy(project, api);
  api.requests.length = 0;
  addMigration(project, "CREATE TABLE added (a TEXT);");

  const { exitCode, output } = await deploy(project, api);

  expect(api.unanswered).toEqual([]);
  expect(exitCode, output).toBe(0);
  expect(stepsOf(api, "9999_added.sql")).toEqual(["migration", "upload"]);
  expect(output).toContain("Deployed and migrated");
});

test("a database id that is empty is none, as a form leaves it", async () => {
  await using api = await openStandIn();
  using project = copyProject();
  const file = join(project.folder, "wrangler.toml");
  writeFileSync(file, readFileSync(file, "utf8").replace(/^database_name = .*$/m, '$&\ndatabase_id = ""'));

  const { exitCode, output } = await deploy(project, api);

  expect(api.unanswered).toEqual([]);
  expect(exitCode, output).toBe(0);
  expect(stepsOf(api, "0001_ledger.sql")).toEqual(["upload", "migration"]);
});

test("a migration that fails on the first deployment makes it fail, and says so", async () => {
  await using api = await openStandIn();
  using project = copyProject();
  addMigration(project, "CREATE TABLE calls (a TEXT);");

  const { exitCode, output } = await deploy(project, api);

  expect(exitCode).not.toBe(0);
  expect(output).toContain("The Worker is uploaded, but its database is NOT migrated");
  expect(output).not.toContain("Deployed and migrated");
});

test("a migration that fails later leaves the Worker that runs as it was", async () => {
  await using api = await openStandIn();
  using project = copyProject();
  await deploy(project, api);
  addMigration(project, "CREATE TABLE calls (a TEXT);");

  const { exitCode, output } = await deploy(project, api);

  expect(exitCode).not.toBe(0);
  expect(output).toContain("The database is NOT migrated, and nothing is uploaded");
  expect(api.worker.uploads).toHaveLength(1);
});

test("a report of wrangler that cannot be read is no success, and the next deployment makes up for it", async () => {
  await using api = await openStandIn();
  using project = copyProject();

  const { exitCode, output } = await deploy(project, api, [], { WRANGLER_OUTPUT_FILE_PATH: "/dev/null" });

  expect(exitCode).not.toBe(0);
  expect(output).toContain("without reporting an upload, so the database is NOT migrated");
  expect(output).not.toContain("Deployed and migrated");
  expect(stepsOf(api, "0001_ledger.sql")).toEqual(["upload"]);

  expect((await deploy(project, api)).exitCode).toBe(0);
  expect(stepsOf(api, "0001_ledger.sql")).toEqual(["upload", "migration", "upload"]);
});

test("nothing is uploaded while nobody can say whether the database exists", async () => {
  await using api = await openStandIn();
  using project = copyProject();
  api.refused.add("GET /d1/database");

  const { exitCode, output } = await deploy(project, api);

  expect(exitCode).not.toBe(0);
  expect(output).toContain("whether the database exists could not be found out");
  expect(api.worker.uploads).toEqual([]);
});

test("an upload that fails leaves the database alone", async () => {
  await using api = await openStandIn();
  using project = copyProject();
  api.refused.add(`PUT /workers/scripts/${worker}`);

  const { exitCode } = await deploy(project, api);

  expect(exitCode).not.toBe(0);
  expect(api.databases.queries).toEqual([]);
});

test("a dry run uploads nothing and asks for nothing", async () => {
  await using api = await openStandIn();
  using project = copyProject();

  const { exitCode, output } = await deploy(project, api, ["--dry-run"]);

  expect(exitCode, output).toBe(0);
  expect(api.requests).toEqual([]);
});

test("its help does nothing", async () => {
  using project = copyProject();
  const { exitCode, output } = await project.run("deploy.ts", ["--help"]);
  expect(exitCode).toBe(0);
  expect(output).toMatch(/^npm run deploy/);
  expect(output).toContain("--dry-run");
});
