import { createHash } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { SYNC_SECRET } from "../support/downstream.ts";
import { documentedCall } from "../support/events.ts";
import { bootLedger } from "../support/ledger.ts";
import { post } from "../support/post.ts";

const KEY = "quarantine/2024/07/15/fits-by-now.json";

let ledger: Awaited<ReturnType<typeof bootLedger>>;
let viewer: Awaited<ReturnType<typeof signedIn>>;
let other: Awaited<ReturnType<typeof signedIn>>;
beforeAll(async () => {
  ledger = await bootLedger({ env: { SYNC_URL: "http://127.0.0.1:1/", SYNC_SECRET } });
  [viewer, other] = await Promise.all([signedIn(), signedIn()]);
  expect(viewer.csrf_token).not.toBe(other.csrf_token);
});
afterAll(() => ledger.harness.close());

/** A session, and what the forms of its pages carry. */
async function signedIn() {
  const body = new URLSearchParams({ token: "token-of-the-tests" });
  const answer = await fetch(new URL("/sign-in", ledger.url), { method: "POST", body, redirect: "manual" });
  const cookie = answer.headers.getSetCookie()[0]?.split(";")[0] ?? "";
  const page = await fetch(new URL("/deliveries", ledger.url), { headers: { Cookie: cookie } });
  return { cookie, csrf_token: /name="csrf_token" value="(\w+)"/.exec(await page.text())?.[1] ?? "" };
}

/** A call, a delivery that failed, a body that fits by now: for the forms to act on. */
beforeEach(async () => {
  await ledger.DB.exec("DELETE FROM ledger_erased_calls");
  await post(ledger.url, documentedCall({ call_id: "call-1" }).start());
  await ledger.DB.prepare(
    `INSERT OR REPLACE INTO sync_deliveries (call_id, event, event_id, destination, state, occurred_at, attempts, updated_at)
     SELECT call_id, event, event_id, 'webhook', 'failed', occurred_at, 1, '2024-07-15T14:36:00.000Z' FROM events WHERE call_id = 'call-1'`,
  ).run();
  const body = JSON.stringify(documentedCall({ call_id: "call-2" }).start());
  const sha256 = createHash("sha256").update(body).digest("hex");
  await ledger.ARCHIVE.put(KEY, body, {
    customMetadata: {
      platform: "atoms",
      reason: "invalid",
      detail: "",
      received_at: "2024-07-15T14:30:00.000Z",
      sha256,
    },
  });
});

async function state() {
  const calls = await ledger.DB.prepare("SELECT call_id FROM calls WHERE call_id = 'call-1'").all();
  const delivery = await ledger.DB.prepare(
    "SELECT ledger_generation FROM sync_deliveries WHERE call_id = 'call-1'",
  ).first();
  return { calls: calls.results.length, delivery, quarantined: (await ledger.ARCHIVE.head(KEY)) !== null };
}

interface Action {
  action: string;
  page: string;
  fields: Record<string, string>;
  leadsTo: RegExp;
}

const actions: Action[] = [
  { action: "/sign-out", page: "/", fields: {}, leadsTo: /^\/sign-in\?done=/ },
  {
    action: "/calls/call-1/erase",
    page: "/calls/call-1",
    fields: { understood: "yes" },
    leadsTo: /^\/erasures\/[\w-]+$/,
  },
  { action: "/deliveries/retry", page: "/deliveries", fields: { confirmed: "yes" }, leadsTo: /^\/deliveries\?.*done=/ },
  {
    action: "/deliveries/range/send",
    page: "/deliveries/range",
    fields: { from: "2024-07-15", to: "2024-07-15", event: "call.start" },
    leadsTo: /^\/deliveries\/jobs\/[\w-]+$/,
  },
  {
    action: "/quarantine/discard",
    page: "/quarantine",
    fields: { key: KEY, confirmed: "yes" },
    leadsTo: /^\/quarantine\?done=discarded/,
  },
  { action: "/quarantine/replay", page: "/quarantine", fields: { key: KEY }, leadsTo: /^\/quarantine\?done=/ },
];

interface Sent {
  headers?: Record<string, string>;
  body?: URLSearchParams | FormData | string;
}

async function send(action: string, { headers, body = "" }: Sent) {
  const response = await fetch(new URL(action, ledger.url), {
    method: "POST",
    headers: { Accept: "text/html", Cookie: viewer.cookie, ...headers },
    body,
    redirect: "manual",
  });
  return { status: response.status, headers: response.headers, html: await response.text() };
}

const form = (fields: Record<string, string>) => new URLSearchParams(fields);
const ours = (fields: Record<string, string>) => form({ ...fields, csrf_token: viewer.csrf_token });

function asFile(fields: Record<string, string>): FormData {
  const data = new FormData();
  for (const [name, value] of Object.entries(fields)) data.set(name, value);
  data.set("csrf_token", new Blob([viewer.csrf_token]), "token.txt");
  return data;
}

const forgeries: [string, (fields: Record<string, string>) => Sent][] = [
  ["without a token", (fields) => ({ body: form(fields) })],
  ["without a body", () => ({})],
  ["with an empty token", (fields) => ({ body: form({ ...fields, csrf_token: "" }) })],
  ["with half a token", (fields) => ({ body: form({ ...fields, csrf_token: viewer.csrf_token.slice(0, 32) }) })],
  ["with the token of another session", (fields) => ({ body: form({ ...fields, csrf_token: other.csrf_token }) })],
  ["with the token as a file", (fields) => ({ body: asFile(fields) })],
  ["as JSON", (fields) => ({ body: JSON.stringify({ ...fields, csrf_token: viewer.csrf_token }) })],
  ["from another origin", (fields) => ({ body: ours(fields), headers: { Origin: "https://evil.example" } })],
  ["from no origin", (fields) => ({ body: ours(fields), headers: { Origin: "null" } })],
  ["from another site", (fields) => ({ body: ours(fields), headers: { "Sec-Fetch-Site": "cross-site" } })],
  ["from another host of the site", (fields) => ({ body: ours(fields), headers: { "Sec-Fetch-Site": "same-site" } })],
];

describe.each(actions)("$action", ({ action, page, fields, leadsTo }) => {
  test.each(forgeries)("is refused %s, and nothing happens", async (_how, forge) => {
    const before = await state();
    const { status, headers, html } = await send(action, forge(fields));
    expect(status).toBe(403);
    expect(headers.getSetCookie()).toEqual([]);
    expect(html).toContain("Nothing was done.");
    expect(html).toContain(`<a class="button main" href="${page}">`);
    expect(await state()).toEqual(before);
  });

  test("is refused with the token in the address, where it would be written down", async () => {
    const before = await state();
    const { status } = await send(`${action}?${ours(fields)}`, {});
    expect(status).toBe(403);
    expect(await state()).toEqual(before);
  });

  test.each([
    ["without a session", ""],
    ["with a session that is not one", "session=1.x.y"],
  ])("leads %s to the sign-in and back to its page, and nothing happens", async (_how, Cookie) => {
    const before = await state();
    const { status, headers, html } = await send(action, { body: ours(fields), headers: { Cookie } });
    expect(status).toBe(303);
    expect(html).toBe("");
    const led = new URL(headers.get("Location") ?? "", ledger.url);
    expect([led.pathname, led.searchParams.get("to") ?? "/"]).toEqual(["/sign-in", page]);
    expect(await state()).toEqual(before);
  });

  test("is done from one of our pages", async () => {
    const before = await state();
    const origin = new URL(ledger.url).origin;
    const headers = { Origin: origin, "Sec-Fetch-Site": "same-origin" };
    const answer = await send(action, { body: ours(fields), headers });
    expect(answer.status).toBe(303);
    expect(answer.headers.get("Location")).toMatch(leadsTo);
    if (action === "/sign-out") expect(answer.headers.getSetCookie()).toHaveLength(1);
    else await vi.waitFor(async () => expect(await state()).not.toEqual(before), 100_000);
  });
});

test("a call is not erased until the box is ticked", async () => {
  const { status, html } = await send("/calls/call-1/erase", { body: ours({}) });
  expect(status).toBe(400);
  expect(html).toContain("Nothing was erased: tick the box first");
  expect(await state()).toMatchObject({ calls: 1 });
});
