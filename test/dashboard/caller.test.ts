import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { soughtIn } from "../../src/dashboard/pages/call/found.tsx";
import { documentedCall } from "../support/events.ts";
import { bootLedger } from "../support/ledger.ts";
import { post } from "../support/post.ts";
import { decoded, linkNamed, signIn } from "../support/sign-in.ts";

const PHONE = "+1 (555) 765-4321";
let ledger: Awaited<ReturnType<typeof bootLedger>>;
let pages: Awaited<ReturnType<typeof signIn>>;

/** Calls of one minute each, a dollar each; the newest first. */
const calls = ["fourth", "third", "second", "first"];
beforeAll(async () => {
  ledger = await bootLedger();
  pages = await signIn(ledger.url);
  for (const [index, call_id] of calls.toReversed().entries()) {
    const call = documentedCall({ call_id, agent_id: index % 2 === 0 ? "even" : "odd" });
    const minute = String(index).padStart(2, "0");
    await post(ledger.url, call.start({ timestamp: `2024-07-20T14:${minute}:00Z`, caller_phone: PHONE }));
    await post(ledger.url, call.end({ timestamp: `2024-07-20T14:${minute}:50Z`, duration_seconds: 60 }));
  }
  await ledger.DB.exec("UPDATE calls SET cost_usd = 1");
  await post(ledger.url, documentedCall({ call_id: "stranger" }).start({ caller_phone: "+15550000000" }));
});
afterAll(() => ledger.harness.close());

const caller = `/callers?${new URLSearchParams({ phone: PHONE })}`;
const idsIn = (html: string) => [...html.matchAll(/class="call-link" href="\/calls\/([^"?]*)/g)].map(([, id]) => id);

describe("a caller's page", () => {
  test("has every call of the number however it is written, and what they come to", async () => {
    for (const phone of [PHONE, "15557654321", "<sip:%2B15557654321@carrier.example>"]) {
      const { status, html, text } = await pages.visit(`/callers?${new URLSearchParams({ phone })}`);
      expect(status).toBe(200);
      expect(idsIn(html)).toEqual(calls);
      expect(text).toContain("4 calls · 4m 0s in sum · $4.00");
    }
  });

  test("is where the number leads from a list and from a call", async () => {
    for (const path of ["/calls", "/calls/first"]) {
      const { html } = await pages.visit(path);
      const [, link = ""] = /href="(\/callers\?[^"]*)"/.exec(html) ?? [];
      expect(idsIn((await pages.visit(decoded(link))).html)).toEqual(calls);
    }
  });

  test("of a number without calls says so, and of a part of one that it is none", async () => {
    expect((await pages.visit("/callers?phone=15559999999")).text).toContain("No call of this number");
    expect((await pages.visit("/callers?phone=4321")).status).toBe(400);
  });
});

describe("a call leads", () => {
  const open = async (list: string, call_id: string) => {
    const { html } = await pages.visit(list);
    const link = [...html.matchAll(/class="call-link" href="([^"]*)"/g)].map(([, path = ""]) => decoded(path));
    return pages.visit(link.find((path) => path.startsWith(`/calls/${call_id}`)) ?? "");
  };
  const idOf = (path: string) => /^\/calls\/([^?]*)/.exec(path)?.[1];

  test.each([
    ["all calls", "/calls", "third", "fourth", "second"],
    ["a filtered list", "/calls?agent_id=odd", "second", "fourth", undefined],
    ["a caller's calls", caller, "third", "fourth", "second"],
    ["calls by words", "/calls?words=invoice", "third", "fourth", "second"],
    ["a number", `/calls?${new URLSearchParams({ phone: PHONE })}`, "first", "second", undefined],
  ])("to the next and the one before of %s, and back to it", async (_, list, call_id, newer, older) => {
    if (list === "/calls") await ledger.DB.exec("DELETE FROM calls WHERE call_id = 'stranger'");
    const { html, text } = await open(list, call_id);
    expect(text.includes("Newer call")).toBe(newer !== undefined);
    expect(text.includes("Older call")).toBe(older !== undefined);
    if (newer !== undefined) expect(idOf(linkNamed(html, "Newer call"))).toBe(newer);
    if (older !== undefined) expect(idOf(linkNamed(html, "Older call"))).toBe(older);
    const [, back = ""] = /class="small back"><a href="([^"]*)"/.exec(html) ?? [];
    expect(idsIn((await pages.visit(decoded(back))).html)).toContain(call_id);
    const beside = await pages.visit(linkNamed(html, newer === undefined ? "Older call" : "Newer call"));
    expect(/class="small back"><a href="([^"]*)"/.exec(beside.html)?.[1]).toBe(back);
  });

  test.each(["https://evil.example/calls?x=1", "//evil.example/calls?x=1", "/sign-in?x", "/calls?limit=bad&from=x"])(
    "never to %s",
    async (list) => {
      const { status, html } = await pages.visit(`/calls/first?${new URLSearchParams({ list })}`);
      expect(status).toBe(200);
      expect(html).toContain('class="small back"><a href="/calls"');
      expect(html).not.toContain("evil");
    },
  );
});

describe("a conversation", () => {
  const spoken = (index: number) => (index % 100 === 50 ? `Turn ${index} asks for a réfund <b>` : `Turn ${index}`);
  beforeAll(async () => {
    const transcript = Array.from({ length: 400 }, (_, index) => ({ role: "user", content: spoken(index) }));
    await post(ledger.url, documentedCall({ call_id: "long" }).end({ transcript }));
  });

  test("has an address for each turn", async () => {
    const { html } = await pages.visit("/calls/long");
    expect(html).toMatch(/<li id="turn-51" class="turn caller">/);
    expect(html).toContain('href="#turn-51"');
  });

  test("is searched on its page, without case and accents, also beyond the turns that are shown at first", async () => {
    const { html, text } = await pages.visit("/calls/long?words=REFUND");
    expect(text).toContain("4 turns have them: 51 151 251 351");
    expect(html.match(/<mark>réfund<\/mark> &lt;b&gt;/g)).toHaveLength(4);
    const none = await pages.visit("/calls/long?words=elephant");
    expect(none.text).toContain("No turn has these words");
    expect(none.html).not.toContain("<mark>");
  });

  test("of as many turns as a body may have is searched", () => {
    const turn = { kind: "speech", role: "user", content: "yes", timestamp: null, ended_at: null } as const;
    expect(soughtIn(Array(200_000).fill(turn), "yes").turns.size).toBe(200_000);
  });

  test("opens from a search at the turn that has the words, marked", async () => {
    const { html } = await pages.visit("/calls?words=refund");
    const [, link = ""] = /class="call-link" href="(\/calls\/long[^"]*)"/.exec(html) ?? [];
    expect(decoded(link)).toMatch(/#turn-51$/);
    const page = await pages.visit(decoded(link).replace(/#.*/, ""));
    expect(page.html).toContain('<li id="turn-51"');
    expect(page.html).toContain("<mark>réfund</mark>");
  });
});

describe("everything of a caller", () => {
  test("is erased once the box is ticked; first the page shows what goes", async () => {
    const { html } = await pages.visit(caller);
    const ask = await pages.visit(linkNamed(html, "Erase everything of this caller"));
    expect(ask.text).toContain("4 calls, 0 parked bodies and 0 bodies in quarantine go");
    const unsure = await pages.submit(caller, "/callers/erase/start", { phone: PHONE });
    expect(unsure.status).toBe(400);
    expect(unsure.text).toContain("Nothing was erased");
    expect((await pages.visit(caller)).text).toContain("4 calls");

    const { status, headers } = await pages.submit(caller, "/callers/erase/start", { phone: PHONE, understood: "yes" });
    expect(status).toBe(303);
    expect(headers.get("Location")).toMatch(/^\/erasures\//);
    await vi.waitFor(async () => expect((await pages.visit(caller)).text).toContain("No call of this number"), 20_000);
    expect((await pages.visit("/calls/long")).status).toBe(200);
  });
});
