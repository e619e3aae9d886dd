import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { actions, bootFilledLedger, pages } from "./filled-ledger.ts";

const publicFolder = resolve(import.meta.dirname, "../../src/dashboard/public");
/** By address, with their types. */
const assets = {
  ...Object.fromEntries(readdirSync(`${publicFolder}/assets`).map((name) => [`/assets/${name}`, typeOf(name)])),
  "/favicon.ico": "image/svg+xml",
};
const program = { Accept: "*/*" };

let ledger: Awaited<ReturnType<typeof bootFilledLedger>>;
beforeAll(async () => {
  ledger = await bootFilledLedger();
});
afterAll(() => ledger.harness.close());

test("no page and no action is missing here", () => {
  const source = readFileSync(resolve(import.meta.dirname, "../../src/dashboard/index.ts"), "utf8");
  const routes = (kind: string) => Array.from(source.matchAll(new RegExp(`\\b${kind}\\("([^"]+)"`, "g")), ([, r]) => r);
  expect(routes("page")).toEqual(Object.keys(pages));
  expect(routes("action")).toEqual(Object.keys(actions));
});

describe.each(Object.entries(pages))("%s", (_route, path) => {
  test("leads who is signed out to the sign-in and back, and shows nothing", async () => {
    for (const method of ["GET", "HEAD"]) {
      for (const headers of [{}, program, { Authorization: "Bearer token-of-the-tests" }]) {
        const response = await ledger.ask(path, { method, headers });
        expect(response.status).toBe(303);
        expect(await response.text()).toBe("");
        const led = new URL(response.headers.get("Location") ?? "", ledger.url);
        expect([led.pathname, led.searchParams.get("to") ?? "/"]).toEqual(["/sign-in", path]);
      }
    }
  });

  test("opens to who is signed in, and HEAD answers like GET", async () => {
    const got = await ledger.askSignedIn(path);
    expect(got.status).toBe(200);
    expect((await got.text()).length).toBeGreaterThan(0);
    const headed = await ledger.askSignedIn(path, { method: "HEAD" });
    expect(await headed.text()).toBe("");
    expect([headed.status, comparable(headed)]).toEqual([200, comparable(got)]);
  });

  test("answers other methods with 405 and what it allows", async () => {
    for (const method of ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"]) {
      const response = await ledger.askSignedIn(path, { method });
      expect([response.status, response.headers.get("Allow")]).toEqual([405, "GET, HEAD"]);
    }
  });
});

/** Headers that say the same for GET and HEAD. */
function comparable({ headers }: Response) {
  const own = ["date", "content-length", "transfer-encoding", "content-encoding", "connection", "keep-alive"];
  return Object.fromEntries([...headers].filter(([name]) => !own.includes(name)));
}

test.each(Object.entries(actions))("%s is no page", async (_route, path) => {
  for (const method of ["GET", "HEAD", "PUT", "DELETE"]) {
    const response = await ledger.askSignedIn(path, { method });
    expect([response.status, response.headers.get("Allow")]).toEqual([405, "POST"]);
  }
});

test("the sign-in allows what it answers", async () => {
  const response = await ledger.ask("/sign-in", { method: "DELETE" });
  expect([response.status, response.headers.get("Allow")]).toEqual([405, "GET, HEAD, POST"]);
  expect(await ledger.ask("/sign-in", { method: "HEAD" })).toMatchObject({ status: 200 });
});

test("nobody learns what there is at other addresses who is not signed in", async () => {
  for (const path of ["/admin", "/calls/a/b", "/.env", "//evil.example/", "/%2F%2Fevil.example"]) {
    const visitor = await ledger.ask(path);
    expect(visitor.status).toBe(303);
    expect(visitor.headers.get("Location")).toBe(`/sign-in?${new URLSearchParams({ to: path })}`);
    const signedIn = await ledger.askSignedIn(path);
    expect([path, signedIn.status, signedIn.headers.get("Content-Type")]).toEqual([
      path,
      404,
      "text/html; charset=utf-8",
    ]);
    // With the navigation, to go on from.
    expect(await signedIn.text()).toContain('<nav aria-label="Main">');
    expect(await ledger.ask(path, { headers: program })).toMatchObject({ status: 404 });
  }
});

describe("assets", () => {
  test.each(Object.entries(assets))(
    "%s is for everyone, and is not sent again while it is the same",
    async (path, type) => {
      const response = await ledger.ask(path);
      expect([response.status, response.headers.get("Content-Type")]).toEqual([200, type]);
      expect((await response.text()).length).toBeGreaterThan(100);
      const etag = response.headers.get("ETag") ?? "";
      const again = await ledger.ask(path, { headers: { "If-None-Match": etag } });
      expect([again.status, await again.text()]).toEqual([304, ""]);
      expect(await ledger.ask(path, { headers: { "If-None-Match": '"another"' } })).toMatchObject({ status: 200 });
      const headed = await ledger.ask(path, { method: "HEAD" });
      expect([headed.status, comparable(headed), await headed.text()]).toEqual([200, comparable(response), ""]);
      expect(await ledger.ask(path, { method: "POST" })).toMatchObject({ status: 405 });
    },
  );

  test("every page loads all of them, and nothing else", async () => {
    const html = await (await ledger.askSignedIn("/")).text();
    const loaded = Array.from(html.matchAll(/<(?:link|script)[^>]* (?:href|src)="([^"]*)"/g), ([, path]) => path);
    expect(loaded.toSorted()).toEqual(
      Object.keys(assets)
        .filter((path) => path.startsWith("/assets/"))
        .toSorted(),
    );
  });

  test("they stand in the way of no call, whatever its id", async () => {
    for (const id of ["base.css", "..%2Fassets%2Fbase.css", "_headers"]) {
      const { status, headers } = await ledger.askSignedIn(`/calls/${id}`);
      expect([status, headers.get("Content-Type")]).toEqual([404, "text/html; charset=utf-8"]);
    }
    for (const path of ["/_headers", "/_redirects", "/base.css", "/assets"]) {
      expect([path, (await ledger.askSignedIn(path)).status]).toEqual([path, 404]);
    }
  });
});

function typeOf(name: string): string {
  if (name.endsWith(".css")) return "text/css; charset=utf-8";
  return name.endsWith(".js") ? "text/javascript; charset=utf-8" : "image/svg+xml";
}
