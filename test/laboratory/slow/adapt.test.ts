import { execFileSync, spawnSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test, vi } from "vitest";
import { projectFolder } from "../../../src/commands/wrangler.ts";
import { documentedCall } from "../../support/events.ts";
import { bootLedger } from "../../support/ledger.ts";
import { post, readAnswer } from "../../support/post.ts";
import { copyProject } from "../../support/project-copy.ts";
import { signIn } from "../../support/sign-in.ts";
import { adaptations } from "./adaptations.ts";

test("the READMEs' changes apply, compile and work together", async () => {
  using project = copyProject();
  for (const { apply } of adaptations) apply(project.folder);
  const settings = readFileSync(resolve(project.folder, "wrangler.toml"), "utf8");
  expect(settings).toContain('queue = "my-calls-sync"');
  expect(settings).toContain('SYNC_URL = "https://crm.example.com/calls"');
  execFileSync(resolve(projectFolder, "node_modules/.bin/tsc"), ["-p", "."], { cwd: project.folder });

  const ledger = await bootLedger({ root: project.folder, env: { LAKE: "on", ACME_WEBHOOK_SECRETS: "acme-secret" } });
  const send = async (event: object, secret = "acme-secret") => {
    const body = JSON.stringify(event);
    const headers = { "Acme-Signature": createHmac("sha256", secret).update(body).digest("hex") };
    return readAnswer(await fetch(new URL("/webhooks/acme", ledger.url), { method: "POST", body, headers }));
  };
  const hangup = {
    type: "hangup",
    at: "2024-07-15T14:35:00Z",
    agent: "a",
    call: "c",
    seconds: 12,
    lines: [{ role: "user", content: "Zyzzyva.", timestamp: null }],
  };
  expect(await send(hangup)).toMatchObject({ status: 200, body: { status: "stored", call_id: "c" } });
  expect(await send(hangup, "another")).toMatchObject({ status: 401 });
  expect(await send({ ...hangup, at: "noon" })).toMatchObject({ status: 422, body: { errors: [{ path: "at" }] } });
  expect(await send({ type: "ringing" })).toMatchObject({ status: 200, body: { status: "ignored" } });
  expect(await send({ type: "parrot" })).toMatchObject({
    status: 200,
    body: { status: "quarantined", reason: "unrecognised" },
  });

  // Of Atoms, since Acme analyzes nothing, and no platform tells of another's calls.
  await post(ledger.url, documentedCall({ call_id: "d" }).analytics());
  const lookUp = async () => {
    const found = await ledger.ARCHIVE.get("calls/d/lake.json");
    expect(found).not.toBeNull();
    return found;
  };
  const object = await vi.waitFor(lookUp, { timeout: 60_000 });
  expect(JSON.parse((await object?.text()) ?? "")).toMatchObject({
    call_id: "d",
    platform: "atoms",
    status: "analyzed",
    transcript_turns: null,
  });
  expect(await ledger.DB.prepare("SELECT platform, duration_seconds FROM calls WHERE call_id = 'c'").first()).toEqual({
    platform: "acme",
    duration_seconds: 12,
  });

  const { text } = await (await signIn(ledger.url)).visit("/?range=own&from=2024-07-15&to=2024-07-15");
  expect(text).toContain("Hung up within ten seconds 0 ");
  await ledger.harness.close();
});

test("the compiler names what a new platform has not said", () => {
  using project = copyProject();
  for (const { apply } of adaptations) apply(project.folder);
  const file = resolve(project.folder, "src/platforms/acme/index.ts");
  const text = readFileSync(file, "utf8");
  writeFileSync(file, text.replace(/^ {2}(?:ownId|secretNames): .*\n/gm, ""));
  const { stdout, status } = spawnSync(resolve(projectFolder, "node_modules/.bin/tsc"), ["-p", "."], {
    cwd: project.folder,
    encoding: "utf8",
  });
  expect(status).not.toBe(0);
  expect(stdout).toMatch(/acme\/index\.ts.*missing the following properties from type 'Platform': ownId, secretNames/);
});
