import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { documentedCall } from "../../support/events.ts";
import { bootLedger } from "../../support/ledger.ts";
import { post } from "../../support/post.ts";
import { copyProject } from "../../support/project-copy.ts";

test("the secrets that development has left behind are none of the tests'", async () => {
  using project = copyProject();
  const left = ["ATOMS_WEBHOOK_SECRETS", "API_TOKEN", "SYNC_SECRET", "SYNC_URL"].map(
    (name) => `${name}="left behind"\n`,
  );
  writeFileSync(join(project.folder, ".dev.vars"), left.join(""));
  const ledger = await bootLedger({ root: project.folder });
  expect(await post(ledger.url, documentedCall({ call_id: "c" }).start())).toMatchObject({ status: 200 });
  expect((await fetch(new URL("/healthz", ledger.url))).status).toBe(200);
  await ledger.harness.close();
});
