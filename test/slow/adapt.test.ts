import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test, vi } from "vitest";
import { copyProject } from "./commands/project-copy.ts";
import { documentedCall } from "./support/events.ts";
import { bootLedger } from "./support/ledger.ts";
import { post } from "./support/post.ts";

const projectRoot = resolve(import.meta.dirname, "..");

test("the README's changes apply, compile and work together", async () => {
  using project = copyProject();
  const readme = readFileSync(resolve(projectRoot, "README.md"), "utf8");
  const diffs = Array.from(readme.matchAll(/^```diff\n(.*?)^```/gms), ([, diff = ""]) => diff);
  expect(diffs).toHaveLength(3);
  for (const input of diffs) {
    const { status } = spawnSync("git", ["apply", "--reverse", "--check", "-"], { cwd: project.folder, input });
    // A project that has made a change its own has it already.
    if (status !== 0) execFileSync("git", ["apply", "-"], { cwd: project.folder, input });
  }
  const rename = /^sed .*$/m.exec(readme)?.[0] ?? "";
  execFileSync("bash", ["-c", rename], { cwd: project.folder });
  const settings = readFileSync(resolve(project.folder, "wrangler.toml"), "utf8");
  expect(settings).toContain('queue = "my-calls-sync"');
  expect(settings).toContain('SYNC_URL = "https://crm.example.com/calls"');
  execFileSync(resolve(projectRoot, "node_modules/.bin/tsc"), ["-p", "."], { cwd: project.folder });

  const ledger = await bootLedger({ root: project.folder, env: { SYNC_URL: "" } });
  const hangup = { type: "hangup", at: "2024-07-15T14:35:00Z", agent: "a", call: "c", seconds: 12 };
  expect(await post(ledger.url, hangup)).toMatchObject({ status: 200, body: { status: "stored", call_id: "c" } });
  expect(await post(ledger.url, { ...hangup, at: "noon" })).toMatchObject({
    status: 422,
    body: { errors: [{ path: "at" }] },
  });

  const answer = await post(ledger.url, documentedCall({ call_id: "c" }).analytics());
  const { event_id } = JSON.parse(JSON.stringify(answer.body));
  const object = await vi.waitFor(async () => {
    const found = await ledger.ARCHIVE.get(`lake/${event_id}.json`);
    expect(found).not.toBeNull();
    return found;
  });
  expect(JSON.parse((await object?.text()) ?? "")).toMatchObject({
    call_id: "c",
    duration_seconds: 12,
    status: "analyzed",
  });
  await ledger.harness.close();
});
