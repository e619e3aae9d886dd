import { expect, test } from "vitest";
import { documentedCall } from "../support/events.ts";
import { bootLedger } from "../support/ledger.ts";
import { post } from "../support/post.ts";
import { signIn } from "../support/sign-in.ts";

test("an empty ledger names each platform, its address and its secret; with a call it does not", async () => {
  const ledger = await bootLedger({ env: { VAPI_WEBHOOK_SECRETS: "short" } });
  const { visit } = await signIn(ledger.url);
  const { text } = await visit("/");
  const { origin } = new URL(ledger.url);
  for (const name of ["atoms", "retell", "vapi", "elevenlabs", "custom"])
    expect(text).toContain(`${origin}/webhooks/${name}`);
  expect(text).toContain("signed with ATOMS_WEBHOOK_SECRETS on");
  expect(text).toContain("switch it on: npx wrangler secret put RETELL_WEBHOOK_SECRETS off");
  // A secret that is too short switches nothing on.
  expect(text).toContain("switch it on: npx wrangler secret put VAPI_WEBHOOK_SECRETS off");

  await post(ledger.url, documentedCall({ call_id: "of years ago" }).start({ timestamp: "2019-07-15T14:30:00Z" }));
  const quiet = (await visit("/")).text;
  expect(quiet).toContain("No calls in this range");
  expect(quiet).not.toContain("wrangler secret put");
  await ledger.harness.close();
});

test("an empty ledger on which no platform is on says so", async () => {
  const ledger = await bootLedger({ env: { ATOMS_WEBHOOK_SECRETS: "" } });
  const { text } = await (await signIn(ledger.url)).visit("/");
  expect(text).toContain("No platform is switched on: every event is refused until the secret of one is set.");
  await ledger.harness.close();
});
