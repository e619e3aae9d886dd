import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { Webhook } from "standardwebhooks";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ensureLocalSecrets } from "../../../src/commands/local-secrets.ts";
import { platforms } from "../../../src/platforms/index.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "call-ledger-secrets-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const file = () => join(folder, ".dev.vars");
const secrets = () => parseEnv(readFileSync(file(), "utf8"));

const ofPlatforms = platforms.map(({ secretsSetting }) => secretsSetting);

test("a fresh folder gets secrets that work, of every platform, and others each time", () => {
  expect(ensureLocalSecrets(folder).added).toEqual([...ofPlatforms, "API_TOKEN", "SYNC_SECRET"]);
  const first = secrets();
  for (const { secretsSetting, secretProblem } of platforms) {
    expect(first[secretsSetting]).toMatch(/^(?:[0-9a-f]{64}|whsec_[A-Za-z0-9+/]{43}=)$/);
    expect(secretProblem?.(first[secretsSetting] ?? "")).toBeUndefined();
  }
  expect(first["API_TOKEN"]).toMatch(/^[\w-]{43}$/);
  expect(first["SYNC_SECRET"]).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  expect(() => new Webhook(first["SYNC_SECRET"] ?? "")).not.toThrow();

  rmSync(file());
  ensureLocalSecrets(folder);
  for (const [name, value] of Object.entries(secrets())) expect(value).not.toBe(first[name]);
});

test("secrets that are there stay, byte for byte", () => {
  ensureLocalSecrets(folder);
  const before = readFileSync(file());
  expect(ensureLocalSecrets(folder).added).toEqual([]);
  expect(readFileSync(file())).toEqual(before);
});

test("a name that is missing is added below what is there, even without a line end", () => {
  const mine = "# mine\nATOMS_WEBHOOK_SECRETS=from-the-platform\nSYNC_URL=http://127.0.0.1:9999\nAPI_TOKEN=mine";
  writeFileSync(file(), mine);
  const others = ofPlatforms.filter((name) => name !== "ATOMS_WEBHOOK_SECRETS");
  expect(ensureLocalSecrets(folder).added).toEqual([...others, "SYNC_SECRET"]);
  expect(readFileSync(file(), "utf8").startsWith(`${mine}\nRETELL_WEBHOOK_SECRETS="`)).toBe(true);
  expect(secrets()).toMatchObject({ ATOMS_WEBHOOK_SECRETS: "from-the-platform", API_TOKEN: "mine" });
});

test("an empty value is reported and left", () => {
  writeFileSync(file(), 'ATOMS_WEBHOOK_SECRETS=""\nAPI_TOKEN=mine\nSYNC_SECRET=mine\n');
  expect(ensureLocalSecrets(folder)).toMatchObject({ empty: ["ATOMS_WEBHOOK_SECRETS"] });
  expect(secrets()["ATOMS_WEBHOOK_SECRETS"]).toBe("");
});
