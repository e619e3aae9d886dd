import { afterAll, beforeAll, expect, test } from "vitest";
import { elevenLabsCall } from "../support/elevenlabs.ts";
import { documentedCall } from "../support/events.ts";
import { postAs } from "../support/every-platform.ts";
import { bootLedger } from "../support/ledger.ts";
import { readAnswer } from "../support/post.ts";
import { RETELL_SECRET, retellCall } from "../support/retell.ts";
import { signIn } from "../support/sign-in.ts";
import { vapiCall } from "../support/vapi.ts";

let ledger: Awaited<ReturnType<typeof bootLedger>>;
beforeAll(async () => {
  const others = { ATOMS_WEBHOOK_SECRETS: "", VAPI_WEBHOOK_SECRETS: " , " };
  ledger = await bootLedger({ env: { ...others, RETELL_WEBHOOK_SECRETS: RETELL_SECRET } });
});
afterAll(() => ledger.harness.close());

const { transcription, audio } = elevenLabsCall({ call_id: "off" });
test.each([
  ["ATOMS_WEBHOOK_SECRETS", "atoms", documentedCall({ call_id: "off" }).start()],
  ["VAPI_WEBHOOK_SECRETS", "vapi", vapiCall({ call_id: "off" }).start()],
  ["ELEVENLABS_WEBHOOK_SECRETS", "elevenlabs", transcription()],
  ["ELEVENLABS_WEBHOOK_SECRETS", "elevenlabs", audio()],
] as const)("without a secret in %s its platform is off: 503, and nothing is kept", async (setting, platform, body) => {
  const answer = await postAs(platform, ledger.url, body);
  expect(answer).toMatchObject({ status: 503, type: "application/problem+json" });
  expect(answer.headers.get("Retry-After")).toMatch(/^\d+$/);
  expect(JSON.stringify(answer.body)).toContain(setting);
  expect(await ledger.DB.prepare("SELECT count(*) AS n FROM events WHERE call_id = 'off'").first("n")).toBe(0);
  expect((await ledger.ARCHIVE.list()).objects).toEqual([]);
});

test("with one platform alone the ledger is healthy, mentions no other, and takes its calls", async () => {
  const health = await readAnswer(await fetch(new URL("/healthz", ledger.url)));
  expect(health.status).toBe(200);
  expect(health.body).toEqual({ status: "ok", database_bytes: expect.any(Number) });
  const answer = await postAs("retell", ledger.url, retellCall({ call_id: "alone" }).start());
  expect(answer).toMatchObject({ status: 200, body: { status: "stored" } });
});

test("with one platform alone there is nothing to choose on the page", async () => {
  const pages = await signIn(ledger.url);
  expect((await pages.visit("/calls")).text).not.toContain("All platforms");
});
