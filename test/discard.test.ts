import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { placesOf } from "../src/dashboard/pages/quarantine/places.ts";
import { ask } from "./support/ask.ts";
import { documentedCall } from "./support/events.ts";
import { bootOnNetwork } from "./support/network-ledger.ts";
import { post } from "./support/post.ts";
import { runCommandAt } from "./support/run-command.ts";
import { signIn } from "./support/sign-in.ts";

const lines: string[] = [];
let ledger: Awaited<ReturnType<typeof bootOnNetwork>>;
beforeAll(async () => {
  ledger = await bootOnNetwork({ onLog: (line) => lines.push(line) });
});
afterAll(() => ledger.close());
beforeEach(async () => {
  const { objects } = await ledger.ARCHIVE.list();
  await ledger.ARCHIVE.delete(objects.map(({ key }) => key));
  lines.length = 0;
});

const keys = async () => (await ledger.ARCHIVE.list({ prefix: "quarantine/" })).objects.map(({ key }) => key);
const discard = (body: object) =>
  ask(ledger.url, "/api/quarantine/discard", { method: "POST", body: JSON.stringify(body) });

const unknown = (nth: number) => ({ event: "call.transferred", call_id: `secret-${nth}` });
const unfit = { ...documentedCall({ call_id: "unfit" }).start(), timestamp: "yesterday" };

/** Puts a body in quarantine as if it came in on a day. */
async function heldOn(day: string, name: string, reason = "unrecognised", body = "{}"): Promise<string> {
  const key = `quarantine/${day.replaceAll("-", "/")}/${name}.json`;
  const customMetadata = { platform: "atoms", reason, detail: "", received_at: `${day}T12:00:00.000Z`, sha256: name };
  await ledger.ARCHIVE.put(key, body, { customMetadata });
  return key;
}

describe("POST /api/quarantine/discard", () => {
  test("takes bodies away by their keys, and logs key, reason and platform, without what is in them", async () => {
    for (const nth of [1, 2]) await post(ledger.url, unknown(nth));
    const [first = "", second = ""] = await keys();
    expect(await discard({ keys: [first, "quarantine/2024/07/15/none.json"] })).toMatchObject({
      status: 200,
      body: { discarded: 1, next_cursor: null },
    });
    expect(await keys()).toEqual([second]);
    const logged = lines.filter((line) => line.includes("discarded"));
    expect(logged.map((line) => JSON.parse(line))).toEqual([
      { message: "discarded from quarantine", key: first, reason: "unrecognised", platform: "atoms" },
    ]);
    expect(logged.join()).not.toContain("secret");
  });

  test("takes those of a reason, and /healthz is quiet of them", async () => {
    for (const nth of [1, 2, 3]) await post(ledger.url, unknown(nth));
    await post(ledger.url, unfit);
    expect(await discard({ reason: "unrecognised" })).toMatchObject({ body: { discarded: 3, next_cursor: null } });
    expect((await ask(ledger.url, "/api/quarantine")).body).toMatchObject({ quarantine: [{ reason: "invalid" }] });
    expect(await discard({ reason: "invalid" })).toMatchObject({ body: { discarded: 1 } });
    const { body } = await ask(ledger.url, "/healthz");
    expect(body).not.toHaveProperty("waiting.quarantined");
  });

  test("takes those of some days", async () => {
    const before = await heldOn("2024-07-13", "a");
    await heldOn("2024-07-14", "b");
    await heldOn("2024-07-15", "c", "invalid");
    const after = await heldOn("2024-07-16", "d");
    expect(await discard({ from: "2024-07-14", to: "2024-07-15" })).toMatchObject({ body: { discarded: 2 } });
    expect(await keys()).toEqual([before, after]);
  });

  test("takes a page a request, and says where to go on", async () => {
    for (let nth = 0; nth < 502; nth++) await heldOn("2024-07-14", `body-${String(nth).padStart(3, "0")}`);
    const { body } = await discard({ reason: "unrecognised" });
    expect(body).toMatchObject({ discarded: 500, next_cursor: expect.stringContaining("body-499") });
    expect(await discard({ reason: "unrecognised", cursor: Object(body).next_cursor })).toMatchObject({
      body: { discarded: 2, next_cursor: null },
    });
    expect(await keys()).toEqual([]);
  });

  test.each([
    {},
    { keys: [] },
    { keys: ["calls/call-1/transcript.json"] },
    { keys: ["quarantine/a"], reason: "invalid" },
    { reason: "nonsense" },
    { cursor: "quarantine/a" },
  ])("refuses %j, and nothing goes", async (body) => {
    const key = await heldOn("2024-07-14", "a");
    expect(await discard(body)).toMatchObject({ status: 400 });
    expect(await keys()).toEqual([key]);
  });
});

test("those of a reason and of some days are listed and replayed, and no others", async () => {
  const body = JSON.stringify(documentedCall({ call_id: "fits" }).start());
  await heldOn("2024-07-14", "a", "invalid", body);
  const other = await heldOn("2024-07-14", "b", "faulty", body);
  const earlier = await heldOn("2024-07-13", "c", "invalid", body);
  const filter = { reason: "invalid", from: "2024-07-14" };
  const listed = await ask(ledger.url, `/api/quarantine?${new URLSearchParams(filter)}`);
  expect(listed.body).toMatchObject({ quarantine: [{ key: "quarantine/2024/07/14/a.json" }], next_cursor: null });
  const replayed = await ask(ledger.url, "/api/quarantine/replay", { method: "POST", body: JSON.stringify(filter) });
  expect(replayed.body).toMatchObject({ recovered: 1 });
  expect(await keys()).toEqual([earlier, other]);
});

test("npm run quarantine -- --discard counts, asks, and discards with --yes", async () => {
  for (const nth of [1, 2]) await post(ledger.url, unknown(nth));
  await post(ledger.url, unfit);
  const run = (...parameters: string[]) => runCommandAt(ledger.url, "quarantine", parameters);
  await expect(run("--discard", "--reason", "unrecognised")).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^2 bodies would go for good\.\n\nNothing is discarded: there is no terminal/),
  });
  await expect(run("--discard")).rejects.toThrow("Say which to discard");
  expect(await keys()).toHaveLength(3);
  expect((await run("--discard", "--reason", "unrecognised", "--yes")).stdout).toBe("2 discarded\n");
  const [left = ""] = await keys();
  expect((await run("--reason", "unrecognised")).stderr).toBe("none\n");
  expect((await run("--discard", "--key", left, "--yes")).stdout).toBe("1 discarded\n");
  expect(await keys()).toEqual([]);
});

describe("the page", () => {
  const submit = (pages: Awaited<ReturnType<typeof signIn>>, fields: Record<string, string>) =>
    pages.submit("/quarantine", "/quarantine/discard", fields);

  test("asks before one body goes, and before those of a reason go", async () => {
    const pages = await signIn(ledger.url);
    for (const nth of [1, 2, 3]) await post(ledger.url, unknown(nth));
    const [key = ""] = await keys();
    const asked = await submit(pages, { key });
    expect(asked.text).toContain("1 body, for good.");
    expect(asked.html).toContain(`name="key" value="${key}"`);
    expect(await keys()).toHaveLength(3);
    const done = await submit(pages, { key, confirmed: "yes" });
    expect((await pages.visit(done.headers.get("Location") ?? "")).text).toContain("1 body is discarded.");

    await post(ledger.url, unfit);
    expect((await pages.visit("/quarantine")).html).not.toContain("Discard these");
    const shown = await pages.visit("/quarantine?reason=unrecognised");
    expect(shown.html).toContain("Discard these");
    expect(shown.text).not.toContain("Does not fit timestamp");
    expect((await submit(pages, { reason: "unrecognised" })).text).toContain("2 bodies, for good. Unknown event.");
    expect(await keys()).toHaveLength(3);
    await submit(pages, { reason: "unrecognised", confirmed: "yes" });
    expect((await pages.visit("/quarantine")).text).toContain("Does not fit timestamp");
    expect(await keys()).toHaveLength(1);
    expect(await submit(pages, { confirmed: "yes" })).toMatchObject({ status: 400 });
  });

  test("plays again those of a reason alone, once that is chosen", async () => {
    const body = JSON.stringify(documentedCall({ call_id: "fits" }).start());
    await heldOn("2024-07-14", "a", "invalid", body);
    const other = await heldOn("2024-07-14", "b", "faulty", body);
    const pages = await signIn(ledger.url);
    const done = await pages.submit("/quarantine", "/quarantine/replay?reason=invalid", {});
    expect(done.headers.get("Location")).toMatch(/reason=invalid.*done=played-again&count=1/);
    expect(await keys()).toEqual([other]);
  });

  test("marks the place in a body that does not fit", async () => {
    const pages = await signIn(ledger.url);
    await post(ledger.url, unfit);
    const [key = ""] = await keys();
    const { html, text } = await pages.visit(`/quarantine/body?${new URLSearchParams({ key })}`);
    expect(html).toContain('<mark id="place-1">&quot;yesterday&quot;</mark>');
    expect(html).toContain('<a href="#place-1">timestamp</a>');
    expect(text).toContain("What does not fit");
  });
});

test.each([
  ['{"a":1,"b":{"c":[1,{"d":"x"}]}}', "b.c.1.d", '"x"'],
  ['{ "a" : [ 1 , "two" ] }', "a.1", '"two"'],
  ['{"a":{"b":null},"c":2}', "a", '{"b":null}'],
  ['{"a\\"b":1,"c":"}"}', "c", '"}"'],
  ['{"a":[[],[1,2]]}', "a.1.0", "1"],
  ['{"a":1}', "b", undefined],
  ['{"a":{"b":1', "a", undefined],
  ["[".repeat(50_000), "a", undefined],
  ["not json", "a", undefined],
])("in %.40s the place of %s is %s", (json, path, value) => {
  const place = placesOf(json, [path]).get(path);
  expect(place && json.slice(place.start, place.end)).toBe(value);
});
