import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ask, askText } from "./support/ask.ts";
import { atomsCall, documentedCall } from "./support/events.ts";
import { bootLedger } from "./support/ledger.ts";
import { post } from "./support/post.ts";

let ledger: Awaited<ReturnType<typeof bootLedger>>;

const said: Record<string, string[]> = {
  dutch: ["80 m² – ĳs?"],
  english: ["Hello, how can I help?", "My dog ate the invoice, number 4711-08."],
  french: ["Bonjour !", "Je voudrais résilier mon abonnement."],
  chinese: ["您好，请问有什么可以帮您？", "我想查询我的发票。"],
  japanese: ["お電話ありがとうございます。", "請求書を再発行してください。"],
  thai: ["สวัสดีครับ", "ผมต้องการใบแจ้งหนี้ใหม่"],
  korean: ["안녕하세요", "송장을 다시 보내 주세요"],
  hindi: ["नमस्ते", "मुझे नया बिल चाहिए"],
  arabic: ["مرحبا", "أريد فاتورة جديدة"],
  quiet: [],
};

const conversation = (lines: readonly string[]) =>
  lines.map((content, index) => ({ role: index % 2 === 0 ? "agent" : "user", content, timestamp: "..." }));

async function send(url: string, call_id: string, lines: readonly string[], timestamp = "2024-07-15T14:35:00Z") {
  const answer = await post(url, documentedCall({ call_id }).end({ timestamp, transcript: conversation(lines) }));
  expect(answer.status).toBe(200);
}

beforeAll(async () => {
  ledger = await bootLedger();
  for (const [call_id, lines] of Object.entries(said)) await send(ledger.url, call_id, lines);
});
afterAll(() => ledger.harness.close());

const idsOf = (body: unknown): string[] => Object(body).calls.map(({ call_id }: { call_id: string }) => call_id);
const find = async (q: string, more = "") =>
  idsOf((await ask(ledger.url, `/api/calls?q=${encodeURIComponent(q)}${more}`)).body);

describe("words", () => {
  test.each([
    ["invoice", ["english"]],
    ["INVOICE", ["english"]],
    ["invo", ["english"]],
    ["dog invoice", ["english"]],
    ["dog cat", []],
    ['"ate the invoice"', ["english"]],
    ['"invoice the ate"', []],
    ['"ate the', ["english"]],
    ["4711-08", ["english"]],
    ["m²", ["dutch"]],
    ["m2", ["dutch"]],
    ["ĳs", ["dutch"]],
    ["resilier", ["french"]],
    ["ÉTÉ résilier", []],
    ["发票", ["chinese"]],
    ["查询我的发票", ["chinese"]],
    ["票发", []],
    ["請求書", ["japanese"]],
    ["発行", ["japanese"]],
    ["ใบแจ้งหนี้", ["thai"]],
    ["송장", ["korean"]],
    ["송장".normalize("NFD"), ["korean"]],
    ["ｉｎｖｏｉｃｅ", ["english"]],
    ["बिल", ["hindi"]],
    ["فاتورة", ["arabic"]],
    ["nothing like it", []],
  ])("%s", async (q, expected) => {
    expect(await find(q)).toEqual(expected);
  });

  test.each([
    "AND",
    "NOT dog",
    "dog OR",
    "NEAR(dog, 5)",
    "said:dog",
    "call:x",
    "*",
    '"',
    '"""',
    "do*g",
    "-dog",
    "^dog",
    "(",
    "🙂",
    "\u0000",
  ])("%s is looked for and is no command", async (q) => {
    expect((await ask(ledger.url, `/api/calls?q=${encodeURIComponent(q)}`)).status).toBe(200);
  });

  test("other filters hold as well, and pages meet every call once, newest first", async () => {
    const ids = Array.from({ length: 7 }, (_, index) => `zebra-${index}`);
    // Two of them in the same millisecond.
    for (const [index, id] of ids.entries()) {
      await send(ledger.url, id, ["There is a zebra."], `2024-08-0${Math.max(1, index)}T10:00:00Z`);
    }
    const seen: string[] = [];
    let cursor = "";
    do {
      const { body } = await ask(ledger.url, `/api/calls?q=zebra&limit=3&cursor=${encodeURIComponent(cursor)}`);
      seen.push(...idsOf(body));
      cursor = Object(body).next_cursor ?? "";
    } while (cursor !== "");
    expect(seen.slice(0, 5)).toEqual(["zebra-6", "zebra-5", "zebra-4", "zebra-3", "zebra-2"]);
    expect(seen.slice(5).sort()).toEqual(["zebra-0", "zebra-1"]);
    expect(await find("zebra", "&from=2024-08-03&to=2024-08-04")).toEqual(["zebra-4", "zebra-3"]);
    expect(await find("zebra", "&agent_id=nobody")).toEqual([]);
    const csv = await askText(ledger.url, "/api/calls.csv?q=zebra&from=2024-08-06");
    expect(csv.text.trim().split("\r\n")).toHaveLength(2);
  });

  test("a correction of the transcript is what is found, and a redelivery changes nothing", async () => {
    const call = documentedCall({ call_id: "corrected" });
    const first = call.end({ transcript: conversation(["A giraffe, please."]) });
    const second = call.end({ transcript: conversation(["An okapi, please."]), timestamp: "2024-07-15T14:36:00Z" });
    for (const body of [second, first, second]) await post(ledger.url, body);
    expect(await find("okapi")).toEqual(["corrected"]);
    expect(await find("giraffe")).toEqual([]);
    await post(ledger.url, call.end({ transcript: conversation(["A tapir."]), timestamp: "2024-07-15T14:37:00Z" }));
    expect(await find("okapi")).toEqual([]);
    expect(await find("tapir")).toEqual(["corrected"]);
  });

  test("an event without a transcript takes no words away", async () => {
    const call = documentedCall({ call_id: "bare-later" });
    await post(ledger.url, call.end({ transcript: conversation(["A walrus."]) }));
    await post(ledger.url, call.end({ transcript: undefined, timestamp: "2024-07-15T15:00:00Z" }));
    expect(await find("walrus")).toEqual(["bare-later"]);
  });

  test("the platform's vocabulary is searched as well", async () => {
    await post(ledger.url, atomsCall({ call_id: "CALL-1721053800000-a1b2c3" }).end());
    expect(await find("español")).toEqual(["CALL-1721053800000-a1b2c3"]);
  });

  test.each(["0000-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "9999-12-31T23:59:59Z"])(
    "a call that says it was at %s is kept and found",
    async (timestamp) => {
      const word = `platypus${timestamp.slice(0, 4)}`;
      await send(ledger.url, word, [word], timestamp);
      expect(await find(word)).toEqual([word]);
      const day = timestamp.slice(0, 10);
      expect(await find(`"${word}"`, `&from=${day}&to=${day}`)).toEqual([word]);
      await send(ledger.url, `${word}-b`, [`${word}`], timestamp);
      expect((await find(`"${word}"`)).sort()).toEqual([word, `${word}-b`]);
    },
  );

  test("so many calls with the very same time that there is no room for one more are kept and found all the same", async () => {
    const last = "978307200000 * 524288 + 524287";
    await ledger.DB.batch([
      ledger.DB.prepare(`INSERT INTO conversations (rowid, call_id, call, said) VALUES (${last}, 'x', 'x', '')`),
      ledger.DB.prepare(
        `INSERT INTO calls (time_order, call_id, status, started_at, updated_at, first_received_at, sources)
         VALUES (${last}, 'x', 'active', '2001-01-01T00:00:00.000Z', '', '', '{}')`,
      ),
    ]);
    for (const id of ["crowded-1", "crowded-2"]) await send(ledger.url, id, ["A wombat."], "2001-01-01T00:00:00Z");
    expect((await find("wombat")).sort()).toEqual(["crowded-1", "crowded-2"]);
    expect(await find("crowded-1")).toEqual(["crowded-1"]);
    // Moved by a start, and back into the crowd by another.
    const { start } = documentedCall({ call_id: "crowded-1" });
    for (const timestamp of ["2001-01-01T00:00:01Z", "2001-01-01T00:00:00Z"]) {
      expect(await post(ledger.url, start({ timestamp }))).toMatchObject({ status: 200 });
    }
    expect((await find("wombat")).sort()).toEqual(["crowded-1", "crowded-2"]);
  });

  test("hours of talk are kept, and found by what comes first", async () => {
    const lines = [
      "A capybara first.",
      ..."x"
        .repeat(30)
        .split("")
        .map((x, index) => `${x}${index} `.repeat(20_000)),
    ];
    await send(ledger.url, "endless", lines);
    expect(await find("capybara")).toEqual(["endless"]);
  });
});

describe("phone numbers and ids", () => {
  beforeAll(async () => {
    const call = documentedCall({ call_id: "numbered" });
    await post(ledger.url, call.start({ caller_phone: "+15550199001", agent_phone: "+15550198002" }));
    await post(ledger.url, call.end());
    // The end comes first, without numbers.
    await post(ledger.url, documentedCall({ call_id: "late-number" }).end());
    await post(ledger.url, documentedCall({ call_id: "late-number" }).start({ caller_phone: "+15550199003" }));
  });

  test.each([
    ["+15550199001", ["numbered"]],
    ["15550199001", ["numbered"]],
    ["(555) 019-9001", ["numbered"]],
    ["9001", ["numbered"]],
    ["5550198002", ["numbered"]],
    ["5550199003", ["late-number"]],
    ["numbered", ["numbered"]],
    ["4711", ["english"]],
    ["+19990000000", []],
  ])("%s", async (q, expected) => {
    expect(await find(q)).toEqual(expected);
  });
});

describe("with SEARCH_TRANSCRIPTS off", () => {
  let plain: Awaited<ReturnType<typeof bootLedger>>;
  beforeAll(async () => {
    plain = await bootLedger({ env: { SEARCH_TRANSCRIPTS: "off" } });
    await post(plain.url, documentedCall({ call_id: "unspoken" }).start());
    await post(plain.url, documentedCall({ call_id: "unspoken" }).end());
  });
  afterAll(() => plain.harness.close());

  test("no word is kept in D1", async () => {
    expect(await plain.DB.prepare("SELECT count(*) AS n FROM conversations").first("n")).toBe(0);
  });

  test("numbers and ids are found all the same", async () => {
    for (const q of ["unspoken", "5551234567"]) {
      expect(idsOf((await ask(plain.url, `/api/calls?q=${q}`)).body)).toEqual(["unspoken"]);
    }
  });

  test.each(["/api/calls", "/api/calls.csv"])("%s says that words are not searched", async (path) => {
    const { status, body } = await ask(plain.url, `${path}?q=invoice`);
    expect(status).toBe(400);
    expect(Object(body).errors).toEqual([{ path: "q", message: expect.stringContaining("SEARCH_TRANSCRIPTS is off") }]);
  });

  test("switched on later, the words of earlier calls are found after a reindex, and of erased transcripts none", async () => {
    const start = { timestamp: "2024-07-01T10:00:00Z" };
    const later = await bootLedger({ env: { SEARCH_TRANSCRIPTS: "on" } });
    // As they are after they came while it was off.
    for (let nth = 0; nth < 45; nth++) await send(later.url, `early-${nth}`, [`quokka ${nth}`], start.timestamp);
    await later.DB.prepare("DELETE FROM conversations").run();
    // Corrected while it was off, so that the index has what was said before.
    await send(later.url, "taken-back", []);
    const word = createHash("sha256").update("taken-back").digest("hex").slice(0, 20);
    await later.DB.prepare(
      "INSERT INTO conversations (rowid, call_id, call, said) VALUES (7, 'taken-back', ?, 'quokka')",
    )
      .bind(word)
      .run();
    const { objects } = await later.ARCHIVE.list({ prefix: "transcripts/", limit: 1 });
    await later.ARCHIVE.delete(objects.map(({ key }) => key));

    let cursor: string | null | undefined;
    let indexed = 0;
    do {
      const body = JSON.stringify(cursor ? { cursor } : {});
      const answer = await ask(later.url, "/api/transcripts/index", { method: "POST", body });
      indexed += Object(answer.body).indexed;
      cursor = Object(answer.body).next_cursor;
    } while (cursor);
    expect(indexed).toBe(44);
    expect(idsOf((await ask(later.url, "/api/calls?q=quokka&limit=200")).body)).toHaveLength(44);
    await later.harness.close();
  });

  test("a reindex says that words are not searched", async () => {
    const { status, body } = await ask(plain.url, "/api/transcripts/index", { method: "POST" });
    expect(status).toBe(409);
    expect(Object(body).detail).toContain("SEARCH_TRANSCRIPTS is off");
  });
});
