import { expect, test } from "vitest";
import { splitArguments } from "../../../src/commands/arguments.ts";
import { readReport } from "../../../src/commands/deployment-report.ts";
import { missingSecrets, secretNames, webhookPaths } from "../../../src/commands/secrets.ts";

test("SYNC_SECRET is needed only with a SYNC_URL", () => {
  const names = (present: string[], syncUrl: string) =>
    missingSecrets(new Set(present), syncUrl).flatMap((secret) => secret.names);
  expect(names(["ATOMS_WEBHOOK_SECRETS", "API_TOKEN"], "")).toEqual([]);
  expect(names(["ATOMS_WEBHOOK_SECRETS", "API_TOKEN"], "https://warehouse.example.com/")).toEqual(["SYNC_SECRET"]);
});

test("one platform suffices, and each that is on has its own address", () => {
  const present = new Set(["RETELL_WEBHOOK_SECRETS", "ELEVENLABS_WEBHOOK_SECRETS", "API_TOKEN"]);
  expect(missingSecrets(present, "")).toEqual([]);
  expect(webhookPaths(present)).toEqual(["/webhooks/retell", "/webhooks/elevenlabs"]);
  const [without] = missingSecrets(new Set(["API_TOKEN"]), "");
  expect(without?.names).toEqual(expect.arrayContaining(["ATOMS_WEBHOOK_SECRETS", "VAPI_WEBHOOK_SECRETS"]));
  expect(webhookPaths(new Set())).toEqual(expect.arrayContaining(["/webhooks/atoms", "/webhooks/vapi"]));
});

test("a list of secrets that is none counts as unknown, not as empty", () => {
  expect(secretNames("[]")).toEqual(new Set());
  expect(secretNames("Authentication error")).toBeUndefined();
  expect(secretNames(undefined)).toBeUndefined();
});

test("the environment is told to every command, the rest to the upload alone", () => {
  expect(splitArguments(["-e", "staging", "--message", "a note", "--keep-vars", "--config=other.toml"])).toEqual({
    shared: ["--env=staging", "--config=other.toml"],
    others: ["--message", "a note", "--keep-vars"],
    environment: "staging",
    config: "other.toml",
    isHelp: false,
    isDryRun: false,
  });
});

test.each([
  [["--dry-run"], true],
  [["--dry-run=true"], true],
  [["--dry-run=false"], false],
  [["--outdir", "dist"], false],
])("%j is a dry run: %s", (given, expected) => {
  expect(splitArguments(given).isDryRun).toBe(expected);
});

test.each([
  [["https://my-ledger.example.workers.dev", "Producer for my-ledger-sync"], "https://my-ledger.example.workers.dev"],
  [["ledger.example.com (custom domain)"], "https://ledger.example.com"],
  [["example.com/ledger/* (zone name: example.com)"], undefined],
])("the address of a deployment to %j is %s", (targets, address) => {
  const line = JSON.stringify({ type: "deploy", version_id: "1", targets });
  expect(readReport(`{"type":"wrangler-session"}\n${line}\n`)).toEqual({ uploaded: true, address });
});

test.each([
  "",
  "{",
  '{"type":"wrangler-session"}\n',
  '{"type":"deploy","version_id":null,"targets":[]}\n',
  '{"type":"deploy"}\n',
])("the report %j tells of no upload", (lines) =>
  expect(readReport(lines)).toEqual({ uploaded: false, address: undefined }),
);
