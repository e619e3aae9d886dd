import { afterAll, beforeAll, expect, test } from "vitest";
import { ask, askText } from "../support/ask.ts";
import { documentedCall } from "../support/events.ts";
import { postAs } from "../support/every-platform.ts";
import { bootLedger } from "../support/ledger.ts";
import { post } from "../support/post.ts";
import { RETELL_SECRET, retellCall } from "../support/retell.ts";
import { signIn } from "../support/sign-in.ts";

let ledger: Awaited<ReturnType<typeof bootLedger>>;
let pages: Awaited<ReturnType<typeof signIn>>;
beforeAll(async () => {
  ledger = await bootLedger({ env: { RETELL_WEBHOOK_SECRETS: RETELL_SECRET } });
  pages = await signIn(ledger.url);
  await post(ledger.url, documentedCall({ call_id: "of-atoms" }).start());
  await postAs("retell", ledger.url, retellCall({ call_id: "of-retell" }).start());
});
afterAll(() => ledger.harness.close());

const idsIn = (text: string) => ["of-atoms", "of-retell"].filter((id) => text.includes(id));

test.each([
  ["platform=retell", ["of-retell"]],
  ["platform=atoms", ["of-atoms"]],
  ["platform=other", []],
  ["", ["of-atoms", "of-retell"]],
])("calls are those of ?%s in the API, in the CSV and on the page", async (query, expected) => {
  const { body } = await ask(ledger.url, `/api/calls?${query}`);
  expect(idsIn(JSON.stringify(body))).toEqual(expected);
  expect(idsIn((await askText(ledger.url, `/api/calls.csv?${query}`)).text)).toEqual(expected);
  expect(idsIn((await pages.visit(`/calls?${query}`)).html)).toEqual(expected);
});

test("the page lets choose the platform where there are several, and keeps the choice", async () => {
  expect((await pages.visit("/calls")).text).toContain("All platforms");
  const { html, text } = await pages.visit("/calls?platform=retell");
  expect(html).toContain('<option value="retell" selected="">');
  expect(text).toContain("Platform retell × take off");
});
