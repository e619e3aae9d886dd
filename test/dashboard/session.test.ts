import { serializeSigned } from "hono/utils/cookie";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startSession } from "../../src/dashboard/auth/session.ts";
import { bootFilledLedger } from "./filled-ledger.ts";

const TOKEN = "token-of-the-tests";
const SECURE = "https://ledger.example.com";
const HOUR_MILLISECONDS = 60 * 60 * 1000;

let ledger: Awaited<ReturnType<typeof bootFilledLedger>>;
beforeAll(async () => {
  ledger = await bootFilledLedger();
});
afterAll(() => ledger.harness.close());

const visit = (Cookie: string) => ledger.ask("/calls", { headers: { Cookie } });

/** The cookie of a session that began at a time, made as the Worker makes it. */
async function startedAt(milliseconds: number, token = TOKEN): Promise<string> {
  const cookie = await startSession(new Request(ledger.url), token, new Date(milliseconds));
  return cookie.split(";")[0] ?? expect.unreachable();
}

describe("the session's cookie", () => {
  const signIn = (headers: Record<string, string>) =>
    ledger.ask("/sign-in", { method: "POST", body: new URLSearchParams({ token: TOKEN }), headers });
  const common = ["Max-Age=43200", "Path=/", "HttpOnly", "SameSite=Lax"];
  const secureSignIn = () =>
    ledger.worker.fetch(`${SECURE}/sign-in`, {
      method: "POST",
      body: new URLSearchParams({ token: TOKEN }).toString(),
      headers: { "Content-Type": "application/x-www-form-urlencoded", Origin: SECURE },
      redirect: "manual",
    });

  test("over HTTPS is bound to the host, and no script and no other site gets it", async () => {
    const [cookie = ""] = (await secureSignIn()).headers.getSetCookie();
    const [session = "", ...attributes] = cookie.split("; ");
    expect(session).toMatch(/^__Host-session=/);
    expect(attributes.sort()).toEqual([...common, "Secure"].sort());
    const page = (name: string) =>
      ledger.worker.fetch(`${SECURE}/calls`, {
        headers: { Cookie: session.replace("__Host-session", name) },
        redirect: "manual",
      });
    expect((await page("__Host-session")).status).toBe(200);
    // Another host of the domain could have set it.
    expect((await page("session")).status).toBe(303);
  });

  test("over plain HTTP does without, also for who claims that it was HTTPS", async () => {
    for (const headers of [{}, { "X-Forwarded-Proto": "https" }, { "CF-Visitor": '{"scheme":"https"}' }]) {
      const [cookie = ""] = (await signIn(headers)).headers.getSetCookie();
      const [session, ...attributes] = cookie.split("; ");
      expect(session).toMatch(/^session=/);
      expect(attributes.sort()).toEqual([...common].sort());
    }
  });

  test("ends after twelve hours, whatever the browser keeps", async () => {
    const now = Date.now();
    const lasting = await startedAt(now - 12 * HOUR_MILLISECONDS + 60_000);
    expect(await visit(lasting)).toMatchObject({ status: 200 });
    const over = await startedAt(now - 12 * HOUR_MILLISECONDS);
    expect(await visit(over)).toMatchObject({ status: 303 });
  });

  test("is forgotten on signing out", async () => {
    const html = await (await ledger.askSignedIn("/")).text();
    const body = new URLSearchParams({ csrf_token: /name="csrf_token" value="(\w+)"/.exec(html)?.[1] ?? "" });
    const response = await ledger.askSignedIn("/sign-out", { method: "POST", body });
    expect(response.status).toBe(303);
    expect(response.headers.getSetCookie()).toEqual(["session=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax"]);
    const next = await ledger.ask(response.headers.get("Location") ?? "");
    expect(await next.text()).toContain("You are signed out.");
  });

  const tomorrow = Math.floor(Date.now() / 1000) + 86_400;
  test.each<[string, (session: string) => string | Promise<string>]>([
    ["empty", () => "session="],
    ["cut off", (session) => session.slice(0, -6)],
    ["cut off before its signature", (session) => session.slice(0, session.lastIndexOf("."))],
    ["one that was given more time", (session) => session.replace(/=\d+/, `=${tomorrow}`)],
    ["one without a signature", () => `session=${tomorrow}.${crypto.randomUUID()}.${"A".repeat(43)}%3D`],
    ["signed with the token itself", () => serializeSigned("session", `${tomorrow}.x`, TOKEN)],
    ["signed with the token before", () => startedAt(Date.now(), "token-before")],
    ["signed with nothing", () => startedAt(Date.now(), "")],
    ["not even encoded", () => "session=%E0%A4%A"],
    ["under another name", (session) => session.replace("session", "Session")],
  ])("%s opens nothing", async (_what, forge) => {
    expect(await visit(ledger.Cookie)).toMatchObject({ status: 200 });
    const response = await visit(await forge(ledger.Cookie));
    expect(response.status).toBe(303);
    expect(await response.text()).toBe("");
  });

  test("of one ledger opens no other, and none after the token was changed", async () => {
    const changed = await bootFilledLedger({ env: { API_TOKEN: "another token" } });
    const visitChanged = (Cookie: string) => changed.ask("/calls", { headers: { Cookie } });
    expect(await visitChanged(ledger.Cookie)).toMatchObject({ status: 303 });
    const { headers } = await changed.attemptSignIn("192.0.2.2", "another token");
    expect(await visitChanged(headers.getSetCookie()[0]?.split(";")[0] ?? "")).toMatchObject({ status: 200 });
    await changed.harness.close();
  });
});
