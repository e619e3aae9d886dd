import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ask } from "./support/ask.ts";
import { SYNC_SECRET } from "./support/downstream.ts";
import { documentedCall } from "./support/events.ts";
import { bootLedger } from "./support/ledger.ts";
import { post, readAnswer } from "./support/post.ts";

describe("behind Cloudflare Access, a browser's cookie goes along with what any site sends", () => {
  let ledger: Awaited<ReturnType<typeof bootLedger>>;
  beforeAll(async () => {
    ledger = await bootLedger({
      access: { aud: "audience", identity: { email: "robin@example.com" } },
      env: { SYNC_URL: "http://127.0.0.1:1/", SYNC_SECRET },
    });
    await post(ledger.url, documentedCall({ call_id: "safe" }).start());
  });
  afterAll(() => ledger.harness.close());

  const send = async (method: string, path: string, headers: Record<string, string>, body?: string) =>
    readAnswer(await fetch(new URL(path, ledger.url), { method, headers, ...(body !== undefined && { body }) }));
  const foreign = { "Sec-Fetch-Site": "cross-site", Origin: "https://evil.example.com" };
  const own = () => ({ "Sec-Fetch-Site": "same-origin", Origin: new URL(ledger.url).origin });

  test.each([
    ["POST", "/api/deliveries/retry", "application/x-www-form-urlencoded"],
    ["POST", "/api/quarantine/replay", "text/plain"],
    ["POST", "/api/transcripts/index", "application/json"],
    ["DELETE", "/api/calls/safe", "application/json"],
  ])("%s %s from a page of another site, as %s, is refused", async (method, path, type) => {
    expect(await send(method, path, { ...foreign, "Content-Type": type }, "{}")).toMatchObject({
      status: 403,
      body: { type: "urn:problem-type:call-ledger:foreign-request" },
    });
    expect((await ask(ledger.url, "/api/calls/safe")).status).toBe(200);
  });

  test("a form of an old browser, which does not say where it is from, is refused for what it sends", async () => {
    const type = { "Content-Type": "application/x-www-form-urlencoded" };
    expect(await send("POST", "/api/deliveries/retry", type, "a=b")).toMatchObject({ status: 403 });
  });

  test("a page of this Worker, and a program, are let through", async () => {
    expect(
      await send("POST", "/api/deliveries/retry", { ...own(), "Content-Type": "application/json" }, "{}"),
    ).toMatchObject({ status: 200 });
    expect(await send("POST", "/api/deliveries/retry", {})).toMatchObject({ status: 200 });
  });
});

describe("the token of the API", () => {
  let ledger: Awaited<ReturnType<typeof bootLedger>>;
  beforeAll(async () => {
    ledger = await bootLedger();
  });
  afterAll(() => ledger.harness.close());

  const guess = async (token: string, address: string) => {
    const headers = { Authorization: `Bearer ${token}`, "CF-Connecting-IP": address };
    return readAnswer(await fetch(new URL("/api/calls", ledger.url), { headers }));
  };

  test("who guesses meets a limit, and then the right token too is refused; others are not", async () => {
    const statuses = [];
    for (let nth = 0; nth < 30; nth++) statuses.push((await guess(`guess-${nth}`, "203.0.113.7")).status);
    expect(new Set(statuses)).toEqual(new Set([401, 429]));
    const refused = await guess("token-of-the-tests", "203.0.113.7");
    expect(refused).toMatchObject({ status: 429 });
    expect(refused.headers.get("Retry-After")).toBe("60");
    expect(await guess("token-of-the-tests", "203.0.113.8")).toMatchObject({ status: 200 });
  });

  test.each([
    ["with more behind it", "Bearer token-of-the-tests and more"],
    ["twice", "Bearer token-of-the-tests token-of-the-tests"],
    ["of another scheme", "Basic token-of-the-tests"],
    ["without a scheme", "token-of-the-tests"],
  ])("a token %s is refused", async (_, Authorization) => {
    expect((await fetch(new URL("/api/calls", ledger.url), { headers: { Authorization } })).status).toBe(401);
  });

  test("the scheme may be written in any case", async () => {
    const headers = { Authorization: "bearer token-of-the-tests" };
    expect((await fetch(new URL("/api/calls", ledger.url), { headers })).status).toBe(200);
  });

  test("a program that carries no token is not taken for one that guesses", async () => {
    const headers = { "CF-Connecting-IP": "203.0.113.9" };
    for (let nth = 0; nth < 30; nth++) {
      expect((await fetch(new URL("/api/calls", ledger.url), { headers })).status).toBe(401);
    }
    expect(await guess("token-of-the-tests", "203.0.113.9")).toMatchObject({ status: 200 });
  });
});

describe("ids that no path can hold", () => {
  test.each([".", ".."])("the call %s is read and erased by ?call_id=", async (call_id) => {
    const ledger = await bootLedger();
    await post(ledger.url, documentedCall({ call_id }).end());
    const path = `/api/calls/by-id?call_id=${call_id}`;
    expect(await ask(ledger.url, path)).toMatchObject({ status: 200, body: { call: { call_id } } });
    expect(await ask(ledger.url, `/api/calls/by-id/transcript?call_id=${call_id}`)).toMatchObject({ status: 200 });
    expect(await ask(ledger.url, path, { method: "DELETE" })).toMatchObject({ status: 202 });
    await ledger.harness.close();
  });
});

test("HEAD answers wherever GET does, without a body", async () => {
  const ledger = await bootLedger();
  for (const path of ["/api/calls", "/api/stats", "/api/openapi.json", "/api/quarantine"]) {
    const headers = { Authorization: "Bearer token-of-the-tests" };
    const answer = await fetch(new URL(path, ledger.url), { method: "HEAD", headers });
    expect(answer.status, path).toBe(200);
    expect(await answer.text()).toBe("");
    expect(answer.headers.get("Cache-Control")).toBe("private, no-store");
  }
  await ledger.harness.close();
});
