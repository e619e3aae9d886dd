import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { documentedCall } from "../support/events.ts";
import { post } from "../support/post.ts";
import { FAULTS_HEADER, type Faults, faultKinds } from "../support/stores/faults.ts";
import { bootFilledLedger, PHONE, pages } from "./filled-ledger.ts";

const UNCACHED = "private, no-store";
const program = { Accept: "*/*" };
const withFaults = (faults: Faults) => ({ [FAULTS_HEADER]: JSON.stringify(faults) });

let ledger: Awaited<ReturnType<typeof bootFilledLedger>>;
beforeAll(async () => {
  ledger = await bootFilledLedger({ main: "test/support/stores/faulty-ledger.ts" });
  // A time that no event can bring: somebody wrote it into D1 by hand.
  await post(ledger.url, documentedCall({ call_id: "spoilt" }).start());
  await ledger.DB.prepare("UPDATE events SET occurred_at = 'noon' WHERE call_id = 'spoilt'").run();
});
afterAll(() => ledger.harness.close());

async function attemptTooOften(): Promise<Response> {
  // The local limit counts by minutes of the clock: a new one may begin in between.
  for (let nth = 0; nth <= 20; nth++) {
    const answer = await ledger.attemptSignIn("192.0.2.2", "wrong");
    if (answer.status === 429) return answer;
  }
  return expect.unreachable("there is no limit");
}

const answers: [what: string, status: number, cached: string, send: () => Promise<Response>][] = [
  ["the sign-in", 200, UNCACHED, () => ledger.ask("/sign-in")],
  ["a page", 200, UNCACHED, () => ledger.askSignedIn("/calls/call-1")],
  ["a download", 200, UNCACHED, () => ledger.askSignedIn("/calls.csv")],
  ["an asset", 200, "no-cache", () => ledger.ask("/assets/base.css")],
  ["the way to the sign-in", 303, UNCACHED, () => ledger.ask("/calls")],
  ["a session that begins", 303, UNCACHED, () => ledger.attemptSignIn("192.0.2.3")],
  ["a bad query", 400, UNCACHED, () => ledger.askSignedIn("/deliveries?state=lost")],
  ["a wrong token", 401, UNCACHED, () => ledger.attemptSignIn("192.0.2.3", "wrong")],
  ["a foreign form", 403, UNCACHED, () => ledger.askSignedIn("/sign-out", { method: "POST" })],
  ["no such call", 404, UNCACHED, () => ledger.askSignedIn("/calls/unknown")],
  ["no such page", 404, UNCACHED, () => ledger.askSignedIn("/unknown")],
  ["no such page, to a program", 404, UNCACHED, () => ledger.ask("/unknown", { headers: program })],
  ["a wrong method", 405, UNCACHED, () => ledger.askSignedIn("/calls", { method: "PUT" })],
  ["a wrong method at an asset", 405, "no-cache", () => ledger.ask("/assets/base.css", { method: "PUT" })],
  ["no such asset", 404, "no-cache", () => ledger.ask("/assets/unknown.css")],
  ["too many attempts", 429, UNCACHED, attemptTooOften],
  ["a mistake of ours", 500, UNCACHED, () => ledger.askSignedIn("/calls/spoilt")],
  [
    "a store that is down",
    503,
    UNCACHED,
    () => ledger.askSignedIn("/calls", { headers: withFaults({ D1: "before" }) }),
  ],
];

test.each(answers)("%s (%i) carries the security headers and may be cached as it should", async (...answer) => {
  const [, status, cached, send] = answer;
  const response = await send();
  expect(response.status).toBe(status);
  expect(Object.fromEntries(response.headers)).toMatchObject({
    "cache-control": cached,
    "content-security-policy":
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; connect-src 'self'; form-action 'self'; " +
      "base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
  });
  expect(await response.text()).not.toMatch(
    /<script(?! src="\/assets\/script\.js" type="module")|<style|style="|\son\w+="/,
  );
});

const problem = z.object({ type: z.string(), title: z.string(), status: z.number(), detail: z.string() });
/** What a store, the language or a stack trace would say. */
const INTERNAL = /D1_ERROR|SQLITE|internal error\.|10001|Network connection|RangeError|Invalid time|\.tsx?|\n *at /;

describe("what goes wrong", () => {
  test.each<[string, Faults, number]>([
    ["/", { D1: "before" }, 503],
    ["/calls", { D1: "after" }, 503],
    ["/calls/call-1", { D1: "before" }, 503],
    ["/deliveries", { D1: "before" }, 503],
    ["/calls/spoilt", {}, 500],
  ])("at %s with %j gives a page with a way on, and says nothing of the inside", async (path, faults, status) => {
    const response = await ledger.askSignedIn(path, { headers: withFaults(faults) });
    const html = await response.text();
    expect(response.status).toBe(status);
    expect(html).toContain('<link rel="stylesheet" href="/assets/base.css"/>');
    expect(html).toContain(`<a class="button main" href="${path}">Try again</a>`);
    expect(html).not.toMatch(INTERNAL);
    expect(response.headers.get("Retry-After")).toBe(status === 503 ? "30" : null);
  });

  test.each(faultKinds)(
    "whatever page and whatever store fails (%s), it ends in time and discloses nothing",
    { timeout: 100_000 },
    async (kind) => {
      const answers = Object.values(pages).flatMap((path) =>
        [{ D1: kind }, { R2: kind }].map(async (faults) => {
          const response = await ledger.askSignedIn(path, { headers: withFaults(faults) });
          expect([200, 503]).toContain(response.status);
          expect(await response.text()).not.toMatch(INTERNAL);
        }),
      );
      await Promise.all(answers);
    },
  );

  test("a program gets the same problem as from the API", async () => {
    const response = await ledger.askSignedIn("/deliveries", {
      headers: { ...program, ...withFaults({ D1: "before" }) },
    });
    expect(response.headers.get("Content-Type")).toBe("application/problem+json");
    expect(problem.parse(await response.json())).toMatchObject({ status: 503 });
  });

  test("an archive that is down takes only what is in it: the rest of a call is shown", async () => {
    const headers = withFaults({ R2: "before" });
    const call = await ledger.askSignedIn("/calls/call-1", { headers });
    expect(call.status).toBe(200);
    expect(await call.text()).toContain(PHONE);
    const quarantine = await ledger.askSignedIn("/quarantine", { headers });
    expect(quarantine.status).toBe(503);
    expect(quarantine.headers.get("Content-Type")).toContain("text/html");
  });
});

test.each([
  ["nowhere", "Mars/Olympus"],
  ["markup", "%3Cscript%3E"],
  ["an offset", "+05:30"],
  ["in another case", "europe/BERLIN"],
  ["a name of Object's", "__proto__"],
  ["given twice", "UTC; time_zone=x"],
  ["endless", "a".repeat(4000)],
])("a browser whose time zone is %s is shown every page", async (_what, zone) => {
  for (const path of Object.values(pages)) {
    const response = await ledger.askSignedIn(path, { headers: { Cookie: `time_zone=${zone}; ${ledger.Cookie}` } });
    expect(response.status).toBe(200);
  }
});
