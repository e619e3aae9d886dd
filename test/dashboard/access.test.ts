import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { documentedCall } from "../support/events.ts";
import { bootLedger, type LedgerOptions } from "../support/ledger.ts";
import { post } from "../support/post.ts";
import { pages } from "./filled-ledger.ts";

const AUD = "aud-of-the-tests";

interface Guarded {
  ledger: Awaited<ReturnType<typeof bootLedger>>;
  visit(path: string): Promise<{ status: number; html: string; csrf_token: string }>;
  send(path: string, fields: Record<string, string>, headers?: Record<string, string>): Promise<Response>;
}

/** A ledger behind Cloudflare Access, which needs no token of its own, and a browser without any cookie of ours. */
async function bootGuarded(identity?: Record<string, unknown>, env: LedgerOptions["env"] = {}): Promise<Guarded> {
  const access = { aud: AUD, ...(identity && { identity }) };
  const ledger = await bootLedger({ env: { API_TOKEN: "", ...env }, access });
  return {
    ledger,
    async visit(path) {
      const response = await fetch(new URL(path, ledger.url), { headers: { Accept: "text/html" }, redirect: "manual" });
      const html = await response.text();
      const csrf_token = /name="csrf_token" value="(\w+)"/.exec(html)?.[1] ?? "";
      return { status: response.status, html, csrf_token };
    },
    send: (path, fields, headers = {}) =>
      fetch(new URL(path, ledger.url), {
        method: "POST",
        body: new URLSearchParams(fields),
        headers: { Accept: "text/html", ...headers },
        redirect: "manual",
      }),
  };
}

describe("somebody whom Cloudflare Access has let through", () => {
  let robin: Guarded;
  let kim: Guarded;
  beforeAll(async () => {
    [robin, kim] = await Promise.all([
      bootGuarded({ email: "robin@example.com", user_uuid: "11111111-1111-4111-8111-111111111111" }),
      bootGuarded({ email: "kim@example.com", user_uuid: "22222222-2222-4222-8222-222222222222" }),
    ]);
    for (const { ledger } of [robin, kim]) await post(ledger.url, documentedCall({ call_id: "call-1" }).start());
  });
  afterAll(() => Promise.all([robin, kim].map(({ ledger }) => ledger.harness.close())));

  test.each(
    Object.values(pages).filter(
      (path) => !/^\/(quarantine\/body|erasures|deliveries\/jobs|calls\/call-1\/recording)/.test(path),
    ),
  )("sees %s without signing in, and has nothing to sign out of", async (path) => {
    const { status, html } = await robin.visit(path);
    expect(status).toBe(200);
    expect(html).not.toContain("Sign out");
  });

  test("is led past the sign-in", async () => {
    const { status } = await robin.visit("/sign-in");
    expect(status).toBe(303);
    const sent = await robin.send("/sign-in", { token: "anything" });
    expect([sent.status, sent.headers.get("Location"), sent.headers.getSetCookie()]).toEqual([303, "/", []]);
  });

  test("cannot be made to act by another site, nor by a form that was made for somebody else", async () => {
    const { csrf_token } = await robin.visit("/calls/call-1");
    const foreign = await kim.visit("/calls/call-1");
    expect(foreign.csrf_token).toMatch(/^[0-9a-f]{64}$/);
    const erase = (token: string, headers?: Record<string, string>) =>
      robin.send("/calls/call-1/erase", { understood: "yes", csrf_token: token }, headers);
    expect(await erase("")).toMatchObject({ status: 403 });
    expect(await erase(foreign.csrf_token)).toMatchObject({ status: 403 });
    expect(await erase(csrf_token, { Origin: "https://evil.example" })).toMatchObject({ status: 403 });
    expect(await erase(csrf_token, { "Sec-Fetch-Site": "cross-site" })).toMatchObject({ status: 403 });
    expect(await robin.visit("/calls/call-1")).toMatchObject({ status: 200 });
  });

  test("acts by the forms of their own pages", async () => {
    const { csrf_token } = await kim.visit("/calls/call-1");
    const response = await kim.send("/calls/call-1/erase", { understood: "yes", csrf_token });
    expect(response.status).toBe(303);
    const erasure = response.headers.get("Location") ?? "";
    await vi.waitFor(async () => expect((await kim.visit(erasure)).html).toContain("The call is erased"), 100_000);
    expect(await kim.visit("/calls/call-1")).toMatchObject({ status: 404 });
  });
});

test("a program with a service token of Access, which is nobody, sees the pages too", async () => {
  const nobody = await bootGuarded();
  expect(await nobody.visit("/calls")).toMatchObject({ status: 200 });
  await nobody.ledger.harness.close();
});

test("without any secret to derive it from, a page has no token and no form is accepted", async () => {
  const robin = { email: "robin@example.com" };
  const open = await bootGuarded(robin, { ATOMS_WEBHOOK_SECRETS: " , " });
  const { status, csrf_token } = await open.visit("/deliveries");
  expect([status, csrf_token]).toEqual([200, ""]);
  expect(await open.send("/deliveries/retry", { csrf_token })).toMatchObject({ status: 403 });
  await open.ledger.harness.close();
});
