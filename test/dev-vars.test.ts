import { appendFileSync } from "node:fs";
import { expect, test } from "vitest";
import { ensureLocalSecrets } from "../src/commands/local-secrets.ts";
import { documentedCall } from "./support/events.ts";
import { type everySecret, postAs } from "./support/every-platform.ts";
import { bootLedger } from "./support/ledger.ts";
import { copyProject } from "./support/project-copy.ts";

test("the settings that development has left behind are none of the tests'", async () => {
  using project = copyProject();
  const { path } = ensureLocalSecrets(project.folder);
  appendFileSync(path, 'SYNC_URL="left behind"\nSLACK_WEBHOOK_URL="left behind"\n');
  const ledger = await bootLedger({ root: project.folder });
  expect(await postAs("atoms", ledger.url, documentedCall({ call_id: "c" }).start())).toMatchObject({ status: 200 });
  for (const platform of ["retell", "vapi", "elevenlabs", "custom"] as const satisfies (keyof typeof everySecret)[]) {
    expect([platform, (await postAs(platform, ledger.url, {})).status]).toEqual([platform, 503]);
  }
  expect((await fetch(new URL("/healthz", ledger.url))).status).toBe(200);
  await ledger.harness.close();
});
