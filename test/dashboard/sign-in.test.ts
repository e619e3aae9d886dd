import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startSession } from "../../src/dashboard/auth/session.ts";
import { bootLedger } from "../support/ledger.ts";

const TOKEN = "token-of-the-tests";

let ledger: Awaited<ReturnType<typeof bootLedger>>;
beforeAll(async () => {
  ledger = await bootLedger();
});
afterAll(() => ledger.harness.close());

let addresses = 0;

/** Each from an address of its own, since attempts are limited by address, unless a test gives one. */
async function attemptSignIn(fields: Record<string, string>, headers: Record<string, string> = {}, url = ledger.url) {
  const response = await fetch(new URL("/sign-in", url), {
    method: "POST",
    body: new URLSearchParams(fields),
    headers: { Accept: "text/html", "CF-Connecting-IP": `192.0.2.${++addresses}`, ...headers },
    redirect: "manual",
  });
  return { status: response.status, headers: response.headers, html: await response.text() };
}

const visit = (path: string, headers: Record<string, string> = {}) =>
  fetch(new URL(path, ledger.url), { headers: { Accept: "text/html", ...headers }, redirect: "manual" });

/** `session=…` of somebody who has signed in. */
async function sessionOf(token = TOKEN): Promise<string> {
  const { headers } = await attemptSignIn({ token });
  return headers.getSetCookie()[0]?.split(";")[0] ?? expect.unreachable();
}

describe("signing in", () => {
  test("with the token leads to the overview, and the session opens it", async () => {
    const { status, headers } = await attemptSignIn({ token: TOKEN });
    expect(status).toBe(303);
    expect(headers.get("Location")).toBe("/");
    const page = await visit("/", { Cookie: headers.getSetCookie()[0]?.split(";")[0] ?? "" });
    expect(page.status).toBe(200);
    expect(await page.text()).toContain("Sign out");
  });

  test.each([
    ["a wrong token", { token: "wrong" }],
    ["an empty token", { token: "" }],
    ["no token", {}],
    ["the beginning of the token", { token: TOKEN.slice(0, -1) }],
    ["a token that is too long to be read", { token: "x".repeat(20_000) }],
  ])("%s is refused, says so, and no session begins", async (_what, fields) => {
    const { status, headers, html } = await attemptSignIn(fields);
    expect(status).toBe(401);
    expect(headers.getSetCookie()).toEqual([]);
    expect(html).toContain("That is not the token.");
  });

  test("a wrong token is not shown again, and where somebody wanted to go is not forgotten", async () => {
    const { html } = await attemptSignIn({ token: "nearly-the-token", to: "/calls?q=dog" });
    expect(html).not.toContain("nearly-the-token");
    expect(html).toContain('name="to" value="/calls?q=dog"');
  });

  test("leads on to where somebody wanted to go", async () => {
    const { headers } = await attemptSignIn({ token: TOKEN, to: "/calls?q=dog&limit=5" });
    expect(headers.get("Location")).toBe("/calls?q=dog&limit=5");
  });

  test("whoever is signed in already is led on at once", async () => {
    const response = await visit("/sign-in?to=%2Fdeliveries", { Cookie: await sessionOf() });
    expect(response.status).toBe(303);
    expect(response.headers.get("Location")).toBe("/deliveries");
  });

  test.each([
    ["from another origin", { Origin: "https://evil.example" }],
    ["from another site", { "Sec-Fetch-Site": "cross-site" }],
    ["from another host of this site", { "Sec-Fetch-Site": "same-site" }],
    ["from a page that hides where it is", { Origin: "null" }],
  ])("is refused %s, so that nobody is signed in by a foreign page", async (_where, headers) => {
    const answer = await attemptSignIn({ token: TOKEN }, headers);
    expect(answer.status).toBe(403);
    expect(answer.headers.getSetCookie()).toEqual([]);
  });

  test("nobody can while no token is set, and the page says what to do", async () => {
    const closed = await bootLedger({ env: { API_TOKEN: "" } });
    for (const token of ["", "undefined", TOKEN]) {
      const { status, headers, html } = await attemptSignIn({ token }, {}, closed.url);
      expect(status).toBe(503);
      expect(headers.getSetCookie()).toEqual([]);
      expect(html).toContain("wrangler secret put API_TOKEN");
    }
    const unsigned = await startSession(new Request(closed.url), "", new Date());
    const page = await fetch(closed.url, { headers: { Cookie: unsigned.split(";")[0] ?? "" }, redirect: "manual" });
    expect(page.status).toBe(303);
    await closed.harness.close();
  });
});

test("nobody can without the limit of attempts, and the page and /healthz say what is missing", async () => {
  const unlimited = await bootLedger({ config: { ratelimits: [] } });
  const { status, html } = await attemptSignIn({ token: TOKEN }, {}, unlimited.url);
  expect(status).toBe(503);
  expect(html).toContain("[[ratelimits]]");
  expect(await (await fetch(new URL("/healthz", unlimited.url))).json()).toMatchObject({
    errors: [{ path: "SIGN_IN_ATTEMPTS" }],
  });
  await unlimited.harness.close();
});

describe("where the sign-in leads", () => {
  test.each([
    ["//evil.example", "/"],
    ["///evil.example", "/"],
    ["https://evil.example/calls", "/"],
    ["/\\evil.example", "/"],
    ["\\\\evil.example", "/"],
    ["/\t/evil.example", "/"],
    ["/\n/evil.example", "/"],
    ["\r\n//evil.example", "/"],
    ["/.//evil.example", "/"],
    ["/calls/..//evil.example", "/"],
    ["javascript:alert(1)", "/"],
    ["java\nscript:alert(1)", "/"],
    ["data:text/html,x", "/"],
    ["http://", "/"],
    ["//evil.example:99999", "/"],
    ["/calls\r\nSet-Cookie: session=x", "/callsSet-Cookie:%20session=x"],
    ["/calls/caf\u00e9", "/calls/caf%C3%A9"],
    ["calls", "/calls"],
  ])("to=%j is no way off this host", async (to, expected) => {
    const { headers } = await attemptSignIn({ token: TOKEN, to });
    expect(headers.get("Location")).toBe(expected);
    expect(headers.getSetCookie()).toHaveLength(1);
    const already = await visit(`/sign-in?${new URLSearchParams({ to })}`, { Cookie: await sessionOf() });
    expect(already.headers.get("Location")).toBe(expected);
  });

  test("an address on this host that goes on with a host's name is none either", async () => {
    const { headers } = await attemptSignIn({ token: TOKEN, to: `${new URL(ledger.url).origin}//evil.example` });
    expect(headers.get("Location")).toBe("/");
  });
});

describe("the limit of attempts", () => {
  const attempt = (address: string, token = "wrong") => attemptSignIn({ token }, { "CF-Connecting-IP": address });

  /** The local limit counts by minutes of the clock, so that a new minute may begin in between. */
  async function exhaust(address: (nth: number) => string): Promise<number> {
    for (let allowed = 0; allowed <= 20; allowed++) {
      const { status } = await attempt(address(allowed));
      if (status === 429) return allowed;
      expect(status).toBe(401);
    }
    return expect.unreachable("there is no limit");
  }

  test("stops whoever guesses after ten, also with the right token, and nobody else", async () => {
    expect(await exhaust(() => "198.51.100.1")).toBeGreaterThanOrEqual(10);
    const { status, headers, html } = await attempt("198.51.100.1", TOKEN);
    expect(status).toBe(429);
    expect(headers.get("Retry-After")).toBe("60");
    expect(headers.getSetCookie()).toEqual([]);
    expect(html).toContain("Too many attempts");
    expect(await attempt("198.51.100.2", TOKEN)).toMatchObject({ status: 303 });
  });

  test("takes the addresses of one IPv6 network for one", async () => {
    expect(await exhaust((nth) => `2001:db8:1:2::${nth}`)).toBeGreaterThanOrEqual(10);
    expect(await attempt("2001:db8:1:2:3:4:5:6", TOKEN)).toMatchObject({ status: 429 });
    expect(await attempt("2001:db8:1:3::1", TOKEN)).toMatchObject({ status: 303 });
  });
});
