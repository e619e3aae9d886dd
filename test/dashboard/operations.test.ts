import { createHash } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { SYNC_SECRET, startDownstream } from "../support/downstream.ts";
import { documentedCall } from "../support/events.ts";
import { bootLedger } from "../support/ledger.ts";
import { post } from "../support/post.ts";
import { decoded, linkNamed, signIn } from "../support/sign-in.ts";
import { FAULTS_HEADER } from "../support/stores/faults.ts";
import { relayUntil, setFaults } from "../support/stores/relay.ts";

const MARKUP = `"><img src=x onerror=alert(1)><script>alert(1)</script>'&lt;`;

let downstream: Awaited<ReturnType<typeof startDownstream>>;
let ledger: Awaited<ReturnType<typeof bootLedger>>;
let pages: Awaited<ReturnType<typeof signIn>>;
beforeAll(async () => {
  downstream = await startDownstream();
  ledger = await bootLedger({
    main: "test/support/stores/faulty-ledger.ts",
    env: { SYNC_URL: downstream.url, SYNC_SECRET },
    maxRetries: 0,
  });
  pages = await signIn(ledger.url);
});
afterAll(async () => {
  await ledger.harness.close();
  await downstream.close();
});
beforeEach(async () => {
  const tables = ["calls", "events", "ledger_caller_numbers", "sync_deliveries"];
  await ledger.DB.batch(tables.map((table) => ledger.DB.prepare(`DELETE FROM ${table}`)));
  const { objects } = await ledger.ARCHIVE.list();
  await ledger.ARCHIVE.delete(objects.map(({ key }) => key));
});

/** Longer than it takes, since a busy machine takes its time. */
const eventually = (holds: () => Promise<void> | void) => vi.waitFor(holds, { timeout: 100_000 });

/** Opens the page that an action leads to. */
async function follow({ status, headers }: { status: number; headers: Headers }) {
  expect(status).toBe(303);
  return pages.visit(headers.get("Location") ?? expect.unreachable());
}

describe("deliveries", () => {
  const attempts = (call_id: string) => downstream.deliveriesOf(call_id).length;

  /** A call whose analytics the system downstream refuses once; the id of the event. */
  async function refusedOnce(call_id: string): Promise<string> {
    downstream.behave(call_id, (response, _delivery, nth) => response.writeHead(nth === 1 ? 400 : 200).end());
    const { body } = await post(ledger.url, documentedCall({ call_id }).analytics());
    await eventually(async () => expect((await pages.visit("/deliveries")).html).toContain(`>${call_id}</a>`));
    return String(Object(body).event_id);
  }

  test("one that failed is shown with its error, sent again, and arrives; another that failed is left alone", async () => {
    const event_id = await refusedOnce("one");
    await refusedOnce("two");
    const page = await pages.visit("/deliveries");
    expect(page.text).toContain("400");
    for (const [name, value] of Object.entries({ call_id: "one", event_id, destination: "webhook" })) {
      expect(page.html).toContain(`name="${name}" value="${value}"`);
    }
    const one = { call_id: "one", event_id, destination: "webhook" };
    const asked = await pages.submit("/deliveries", "/deliveries/retry?state=failed", one);
    expect(asked.text).toContain("1 delivery that failed.");
    expect(attempts("one")).toBe(1);
    const sent = await pages.submit("/deliveries", "/deliveries/retry?state=failed", { ...one, confirmed: "yes" });
    expect((await follow(sent)).text).toContain("1 delivery is on the way again.");
    await eventually(async () => expect((await pages.visit("/deliveries?state=delivered")).html).toContain(">one</a>"));
    expect([attempts("one"), attempts("two")]).toEqual([2, 1]);
    const failed = await pages.visit("/deliveries");
    expect(failed.html).not.toContain(">one</a>");
    expect(failed.html).toContain(">two</a>");
  });

  test("all that failed are sent again and arrive", async () => {
    const calls = ["three", "four", "five"];
    for (const call_id of calls) await refusedOnce(call_id);
    const asked = await pages.submit("/deliveries", "/deliveries/retry?state=failed", {});
    expect(asked.text).toContain("3 deliveries that failed.");
    expect(calls.map(attempts)).toEqual([1, 1, 1]);
    const sent = await pages.submit("/deliveries", "/deliveries/retry?state=failed", { confirmed: "yes" });
    expect((await follow(sent)).text).toContain("3 deliveries are on the way again.");
    await eventually(async () => expect((await pages.visit("/deliveries")).text).toContain("Nothing has failed"));
    await eventually(() => expect(calls.map(attempts)).toEqual([2, 2, 2]));
  });

  test("one is named by its call too, since calls may share the id of an event", async () => {
    const event_id = await refusedOnce("eight");
    const sent = await pages.submit("/deliveries", "/deliveries/retry", { call_id: "another", event_id });
    expect((await follow(sent)).text).toContain("Nothing was sent");
    expect(attempts("eight")).toBe(1);
  });

  test("one that has arrived meanwhile is not sent a second time", async () => {
    const event_id = await refusedOnce("six");
    const again = () => pages.submit("/deliveries", "/deliveries/retry", { event_id, confirmed: "yes" });
    await follow(await again());
    await eventually(async () => expect((await pages.visit("/deliveries?state=delivered")).html).toContain(">six</a>"));
    expect((await follow(await again())).text).toContain("Nothing was sent");
    expect(attempts("six")).toBe(2);
  });

  test("those to a destination that does not exist are refused, with the reason", async () => {
    await refusedOnce("seven");
    const sent = await pages.submit("/deliveries", "/deliveries/retry", { destination: "elsewhere" });
    expect(sent.status).toBe(409);
    expect(sent.text).toContain("There is no destination elsewhere, or it is switched off.");
    expect(attempts("seven")).toBe(1);
  });
});

const bodyPage = (key: string) => `/quarantine/body?${new URLSearchParams({ key })}`;

/** Puts a body in quarantine as an earlier version of the ledger might have; its key. */
async function quarantine(body: string | Uint8Array, more: Record<string, string> = {}, name = "a"): Promise<string> {
  const key = `quarantine/2024/07/15/${name}.json`;
  const sha256 = createHash("sha256").update(body).digest("hex");
  await ledger.ARCHIVE.put(key, body, {
    customMetadata: {
      platform: "atoms",
      reason: "invalid",
      detail: "once",
      received_at: "2024-07-15T14:30:00.000Z",
      sha256,
      ...more,
    },
  });
  return key;
}

const fitting = (call_id: string) => JSON.stringify(documentedCall({ call_id }).start());
const callIds = async () => (await ledger.DB.prepare("SELECT call_id FROM calls ORDER BY call_id").all()).results;
const isThere = async (key: string) => (await ledger.ARCHIVE.head(key)) !== null;

describe("playing again", () => {
  test("what fits by now is in the ledger and no longer in quarantine", async () => {
    const key = await quarantine(fitting("fits"));
    const played = await pages.submit("/quarantine", "/quarantine/replay", { key });
    expect((await follow(played)).text).toContain("1 body fits by now and is in the ledger.");
    expect(await callIds()).toEqual([{ call_id: "fits" }]);
    expect(await isThere(key)).toBe(false);
    const again = await pages.submit("/quarantine", "/quarantine/replay", { key });
    expect((await follow(again)).text).toContain("That body is no longer in quarantine.");
  });

  test("what does not fit stays", async () => {
    const key = await quarantine('{"event":"call.transferred"}');
    const played = await pages.submit(bodyPage(key), "/quarantine/replay", { key });
    expect((await follow(played)).text).toContain("Nothing fits yet: it stays in quarantine.");
    expect(await isThere(key)).toBe(true);
  });

  test("all of a page are played, page by page", async () => {
    for (let nth = 0; nth < 100; nth++) await quarantine("[]", {}, `body-${String(nth).padStart(3, "0")}`);
    await quarantine(fitting("on-the-second-page"), {}, "body-100");
    await quarantine("[1]", {}, "body-101");
    const first = await pages.submit("/quarantine", "/quarantine/replay", {});
    expect((await follow(first)).text).toContain("Nothing fits yet");
    expect(await callIds()).toEqual([]);
    const second = linkNamed((await pages.visit("/quarantine")).html, "Next page");
    const played = await pages.submit(second, second.replace("/quarantine", "/quarantine/replay"), {});
    const after = await follow(played);
    expect(after.text).toContain("1 body fits by now and is in the ledger; the rest stays in quarantine.");
    expect(linkNamed(after.html, "First page")).toBe("/quarantine");
    expect(await callIds()).toEqual([{ call_id: "on-the-second-page" }]);
  });

  test.each(["calls/call-1/transcript.json", "parked/x", "quarantine", "/quarantine/x", "Quarantine/x"])(
    "%s is not in quarantine: it is neither shown nor played",
    async (key) => {
      await ledger.ARCHIVE.put(key, fitting("secret"), {
        customMetadata: { sha256: "0".repeat(64), received_at: "2024-07-15T14:30:00.000Z" },
      });
      const shown = await pages.visit(bodyPage(key));
      expect(shown.status).toBe(400);
      expect(shown.html).not.toContain("secret");
      expect(await pages.submit("/quarantine", "/quarantine/replay", { key })).toMatchObject({ status: 400 });
      expect(await isThere(key)).toBe(true);
      expect(await callIds()).toEqual([]);
    },
  );

  test.each(["quarantine/../calls/call-1/transcript.json", "quarantine/%2E%2E/calls/x", "quarantine/"])(
    "%s names nothing: steps through folders lead nowhere",
    async (key) => {
      await post(ledger.url, documentedCall({ call_id: "call-1" }).end());
      expect(await pages.visit(bodyPage(key))).toMatchObject({ status: 404 });
    },
  );
});

describe("a body in quarantine", () => {
  const shownOf = (html: string) => decoded(/<pre>(.*?)<\/pre>/s.exec(html)?.[1] ?? expect.unreachable());

  test("full of markup is text, and so is its metadata", async () => {
    const key = await quarantine(
      MARKUP,
      { platform: MARKUP, reason: MARKUP, detail: MARKUP, received_at: "2024-07-15T14:30:00.000Z" },
      MARKUP,
    );
    for (const path of ["/quarantine", bodyPage(key)]) {
      const { status, html, text } = await pages.visit(path);
      expect(status).toBe(200);
      expect(html).not.toMatch(/<img|<script(?! src="\/assets\/script\.js" type="module")/);
      expect(text).toContain(MARKUP);
    }
    expect(shownOf((await pages.visit(bodyPage(key))).html)).toBe(MARKUP);
    expect(decoded((await pages.visit("/quarantine")).html)).toContain(`value="${key}"`);
  });

  test("is shown as it came in", async () => {
    const body = `{ "event": ${JSON.stringify(MARKUP)} }`;
    expect(await post(ledger.url, body)).toMatchObject({ status: 200, body: { status: "quarantined" } });
    const { html, text } = await pages.visit("/quarantine");
    expect(text).toContain("Unknown event");
    const [, path = ""] = /href="(\/quarantine\/body[^"]*)"/.exec(html) ?? [];
    expect(shownOf((await pages.visit(decoded(path))).html)).toBe(body);
  });

  test.each([
    ["not-an-object", "Not a JSON object"],
    ["invalid", "Does not fit"],
    ["unrecognised", "Unknown event"],
    ["id-reused", "Id of another body"],
    ["other-platform", "Call of another platform"],
    ["faulty", "The ledger failed over it"],
    ["__proto__", "__proto__"],
  ])("for the reason %s says %s", async (reason, words) => {
    const key = await quarantine("{}", { reason, platform: "retell" });
    for (const path of ["/quarantine", bodyPage(key)]) {
      const { text } = await pages.visit(path);
      expect(text).toContain(words);
      expect(text).toContain("retell");
    }
  });

  test("of megabytes is shown for its first 100,000 bytes, and no character is torn", async () => {
    const { html, text } = await pages.visit(bodyPage(await quarantine(`x${"ä".repeat(2_000_000)}`)));
    expect(shownOf(html)).toBe(`x${"ä".repeat(49_999)}`);
    expect(text.slice(0, 500)).toContain("Size 4 MB");
    expect(text.slice(0, 500)).toContain("The first 100 KB");
    const whole = await pages.visit(bodyPage(await quarantine("y".repeat(100_000))));
    expect(shownOf(whole.html)).toBe("y".repeat(100_000));
    expect(whole.text).not.toContain("The first");
  });

  test("that is no text, or empty, is shown as far as can be", async () => {
    const bytes = await pages.visit(bodyPage(await quarantine(Uint8Array.of(0x41, 0xff, 0xfe, 0x42))));
    expect(shownOf(bytes.html)).toBe("A\ufffd\ufffdB");
    expect((await pages.visit(bodyPage(await quarantine("")))).text).toContain("The body is empty.");
  });

  test("that is not there any more is a 404, and no key at all is refused", async () => {
    expect(await pages.visit(bodyPage("quarantine/2024/07/15/gone.json"))).toMatchObject({ status: 404 });
    expect(await pages.visit("/quarantine/body")).toMatchObject({ status: 400 });
    expect(await pages.visit(bodyPage(`quarantine/${"x".repeat(2000)}`))).toMatchObject({ status: 400 });
  });
});

describe("a parked body", () => {
  test("is listed with the store that failed and the reason, until it is in the ledger", async () => {
    expect((await pages.visit("/quarantine")).text).toContain("Nothing waits");
    const faults = { [FAULTS_HEADER]: JSON.stringify({ D1: "before" }) };
    const end = documentedCall({ call_id: "parked" }).end();
    expect(await post(ledger.url, end, faults)).toMatchObject({ status: 200, body: { status: "parked" } });
    const { text } = await pages.visit("/quarantine");
    expect(text).toMatch(/Received Platform Store that failed Why .+ atoms D1 .+lost/);
    const isRecovered = async () => (await pages.visit("/quarantine")).text.includes("Nothing waits");
    expect(await isRecovered()).toBe(false);
    await relayUntil(ledger.url, isRecovered, { timeoutMilliseconds: 20_000 });
    expect(await callIds()).toEqual([{ call_id: "parked" }]);
  });

  test("is not shown while R2 does not answer, and the page says so", async () => {
    await setFaults(ledger.url, { R2: "before" });
    const { status, text } = await pages.visit("/quarantine").finally(() => setFaults(ledger.url, {}));
    expect(status).toBe(503);
    expect(text).not.toContain("Nothing waits");
  });
});
