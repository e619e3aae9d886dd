import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ask, askText } from "./support/ask.ts";
import { atomsCall, documentedCall } from "./support/events.ts";
import { bootLedger } from "./support/ledger.ts";
import { post } from "./support/post.ts";

let ledger: Awaited<ReturnType<typeof bootLedger>>;

const transcripts: Record<string, string[]> = {
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
  for (const [call_id, lines] of Object.entries(transcripts)) await send(ledger.url, call_id, lines);
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
    ["number 4711-08", ["english"]],
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
    ["invoice ❤️", ["english"]],
    ["\u0301\u0301", []],
  ])("%s", async (q, expected) => {
    expect(await find(q)).toEqual(expected);
  });

  test.each([
    "AND",
    "NOT dog",
    "dog OR",
    "NEAR(dog, 5)",
    "text:dog",
    "rowid:1",
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
    expect(seen).toEqual(ids.toReversed());
    expect(await find("zebra", "&from=2024-08-03&to=2024-08-04")).toEqual(["zebra-4", "zebra-3"]);
    expect(await find("zebra", "&agent_id=nobody")).toEqual([]);
    const csv = await askText(ledger.url, "/api/calls.csv?q=zebra&from=2024-08-06");
    expect(csv.text.trim().split("\r\n")).toHaveLength(2);
  });

  test("words and those that begin like them come in one list, newest arrival first, each call once", async () => {
    const lines = [
      "Two kangaroos.",
      "A kangaroo.",
      "A kangaroo and two kangaroos.",
      "A kangarooish beast.",
      "One kangaroo.",
    ];
    for (const [index, line] of lines.entries()) await send(ledger.url, `jump-${index}`, [line]);
    const ordered = ["jump-4", "jump-3", "jump-2", "jump-1", "jump-0"];
    expect(await find("kangaroo")).toEqual(ordered);
    expect(await find("kangaroos")).toEqual(["jump-2", "jump-0"]);
    expect(await find("beast kangaroo")).toEqual(["jump-3"]);
    expect(await find('"kangaroo"')).toEqual(["jump-4", "jump-2", "jump-1"]);
    for (const limit of [1, 2, 3, 4]) {
      const seen: string[] = [];
      for (let cursor: string | null = ""; cursor !== null; ) {
        const { body } = await ask(ledger.url, `/api/calls?q=kangaroo&limit=${limit}${cursor && `&cursor=${cursor}`}`);
        seen.push(...idsOf(body));
        cursor = Object(body).next_cursor;
      }
      expect(seen).toEqual(ordered);
    }
    const csv = await askText(ledger.url, "/api/calls.csv?q=kangaroo");
    expect(csv.text.trim().split("\r\n")).toHaveLength(1 + ordered.length);
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

  test("an id that another body has brings no words", async () => {
    const call = documentedCall({ call_id: "taken" });
    await post(ledger.url, call.end({ id: "one", transcript: conversation(["An ocelot."]) }));
    const again = { id: "one", transcript: conversation(["A manatee."]), timestamp: "2024-07-15T15:00:00Z" };
    expect((await post(ledger.url, call.end(again))).body).toMatchObject({ status: "quarantined" });
    expect(await find("manatee")).toEqual([]);
    expect(await find("ocelot")).toEqual(["taken"]);
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

  test("calls of the very same time are all found, and one that corrections move away and back is too", async () => {
    const at = "2001-01-01T00:00:00.000Z";
    const dayOf = (time: string) => `&from=${time.slice(0, 10)}&to=${time.slice(0, 10)}`;
    const movedTo = async (answerTime: string, endTime: string) => {
      const body = atomsCall({ call_id: "crowded-2" }).end({
        transcript: conversation(["A wombat."]),
        callData: { answerTime, endTime },
      });
      // The later end outranks the one before, whatever start it tells of.
      const answer = await post(ledger.url, { ...body, id: endTime });
      expect(answer.body).toMatchObject({ status: "stored" });
      expect(await find("wombat", dayOf(answerTime))).toContain("crowded-2");
      expect(await find("crowded-2")).toEqual(["crowded-2"]);
    };
    await send(ledger.url, "crowded-1", ["A wombat."], at);
    await movedTo(at, "2001-01-01T00:01:00.000Z");
    await send(ledger.url, "crowded-3", ["A wombat."], at);
    const onTheDay = async () => idsOf((await ask(ledger.url, `/api/calls?${dayOf(at)}`)).body);
    const crowd = ["crowded-3", "crowded-2", "crowded-1"];
    expect(await onTheDay()).toEqual(crowd);

    await movedTo("2001-01-02T00:00:00.000Z", "2001-01-02T00:01:00.000Z");
    expect(await onTheDay()).toEqual(["crowded-3", "crowded-1"]);
    await movedTo(at, "2001-01-02T00:02:00.000Z");
    expect(await onTheDay()).toEqual(crowd);
    expect(await find("wombat")).toEqual(crowd);
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
    // Corrected: the row of the call has the last number, and an event of it had the first.
    const corrected = documentedCall({ call_id: "two-numbers" });
    await post(ledger.url, corrected.start({ caller_phone: "+1 (555) 019-9004", agent_phone: "+15550198004" }));
    const correction = {
      caller_phone: "0015550199005",
      agent_phone: "+15550198005",
      timestamp: "2024-07-15T14:31:00Z",
    };
    await post(ledger.url, corrected.start(correction));
    // Outranked before it came.
    await post(ledger.url, corrected.start({ caller_phone: "+15550199006", timestamp: "2024-07-15T14:29:00Z" }));
    const written = [
      ["uri", "tel:+1-555-019-9007;ext=1"],
      ["sip", "sip:+15550199008@carrier.example;transport=udp"],
      ["full-width", "＋１５５５０１９９００９"],
      ["withheld", "anonymous"],
    ] as const;
    for (const [call_id, caller_phone] of written) {
      await post(ledger.url, documentedCall({ call_id }).start({ caller_phone }));
    }
    // The platform repeats the number among the variables.
    const variables = { user_number: "+15550199010" };
    await post(ledger.url, atomsCall({ call_id: "CALL-1721053800000-0000aa" }).end({ variables, callData: null }));
  });

  test.each([
    ["+15550199001", ["numbered"]],
    ["15550199001", ["numbered"]],
    ["0015550199001", ["numbered"]],
    ["(555) 019-9001", ["numbered"]],
    ["+1 555.019/9001", ["numbered"]],
    ["＋１５５５０１９９００１", ["numbered"]],
    ["9001", ["numbered"]],
    // The agent's: not searched.
    ["5550198002", []],
    ["5550199003", ["late-number"]],
    ["+15550199004", ["two-numbers"]],
    ["+15550199005", ["two-numbers"]],
    ["+15550199006", ["two-numbers"]],
    ["+15550199007", ["uri"]],
    ["555-019-9008", ["sip"]],
    ["+15550199009", ["full-width"]],
    ["+15550199010", ["CALL-1721053800000-0000aa"]],
    ["numbered", ["numbered"]],
    // Was said, and is written as a number.
    ["4711", []],
    ["4711-08", []],
    ["+19990000000", []],
  ])("%s", async (q, expected) => {
    expect(await find(q)).toEqual(expected);
  });

  test("pages of a caller's calls meet each once, newest first, and other filters hold as well", async () => {
    const ids = Array.from({ length: 5 }, (_, index) => `regular-${index}`);
    for (const [index, call_id] of ids.entries()) {
      const timestamp = `2024-09-0${Math.max(1, index)}T10:00:00Z`;
      await post(ledger.url, documentedCall({ call_id }).start({ caller_phone: "+15550199020", timestamp }));
    }
    for (const q of ["+15550199020", "9020"]) {
      const seen: string[] = [];
      let cursor = "";
      do {
        const query = `q=${encodeURIComponent(q)}&limit=2&cursor=${encodeURIComponent(cursor)}`;
        const { body } = await ask(ledger.url, `/api/calls?${query}`);
        seen.push(...idsOf(body));
        cursor = Object(body).next_cursor ?? "";
      } while (cursor !== "");
      expect(seen).toEqual(ids.toReversed());
      expect(await find(q, "&from=2024-09-03")).toEqual(["regular-4", "regular-3"]);
      expect(await find(q, "&agent_id=nobody")).toEqual([]);
    }
  });
});

describe("what is meant", () => {
  beforeAll(async () => {
    // An id that is another call's number, and was said in a third.
    await post(ledger.url, documentedCall({ call_id: "5550199777" }).start({ caller_phone: "+15550199701" }));
    await post(ledger.url, documentedCall({ call_id: "meant-number" }).start({ caller_phone: "5550199777" }));
    await post(ledger.url, documentedCall({ call_id: "meant-part" }).start({ caller_phone: "+15550199777" }));
    await send(ledger.url, "meant-words", ["Call 5550199777 or numbat."]);
    await send(ledger.url, "numbat", ["Nothing."]);
  });

  test.each([
    ["q=5550199777", ["5550199777"]],
    ["phone=5550199777", ["meant-number"]],
    ["phone=15550199777", ["meant-part"]],
    ["phone=50199777", ["meant-part", "meant-number"]],
    ["phone=sip:%2B15550199777%40carrier.example", ["meant-part"]],
    ["phone=none,%2015550199777", ["meant-part"]],
    ["words=5550199777", ["meant-words"]],
    ["q=numbat", ["numbat"]],
    ["words=numbat", ["meant-words"]],
    ["words=4711-08", ["english"]],
    ["phone=50199777&agent_id=nobody", []],
    ["words=%E2%9D%A4", []],
  ])("by %s", async (query, expected) => {
    expect(idsOf((await ask(ledger.url, `/api/calls?${query}`)).body)).toEqual(expected);
    const { text } = await askText(ledger.url, `/api/calls.csv?${query}`);
    expect(text.split("\r\n").slice(1, -1)).toEqual(expected.map((id) => expect.stringContaining(`,${id},`)));
  });

  test.each([
    ["phone=numbat", "phone"],
    ["phone=777", "phone"],
    ["q=numbat&words=numbat", "q"],
    ["phone=5550199777&words=numbat", "q"],
  ])("%s is refused", async (query, path) => {
    for (const list of ["calls", "calls.csv"]) {
      const answer = await ask(ledger.url, `/api/${list}?${query}`);
      expect(answer).toMatchObject({ status: 400, body: { errors: [{ path }] } });
    }
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

  test("there is no word in D1", async () => {
    expect(await plain.DB.prepare("SELECT count(*) AS n FROM ledger_search_index").first("n")).toBe(0);
  });

  test("numbers and ids are found all the same", async () => {
    for (const q of ["unspoken", "5551234567"]) {
      expect(idsOf((await ask(plain.url, `/api/calls?q=${q}`)).body)).toEqual(["unspoken"]);
    }
  });

  test.each(["/api/calls", "/api/calls.csv"])("%s says that words are not searched", async (path) => {
    for (const name of ["q", "words"]) {
      const { status, body } = await ask(plain.url, `${path}?${name}=invoice`);
      expect(status).toBe(400);
      const message = expect.stringContaining("SEARCH_TRANSCRIPTS is off");
      expect(Object(body).errors).toEqual([{ path: name, message }]);
    }
  });

  test("switched on later, the words of earlier calls are found after a reindex, and of erased transcripts none", async () => {
    const start = { timestamp: "2024-07-01T10:00:00Z" };
    const later = await bootLedger({ env: { SEARCH_TRANSCRIPTS: "on" } });
    // As they are after they came while it was off.
    for (let nth = 0; nth < 45; nth++) await send(later.url, `early-${nth}`, [`quokka ${nth}`], start.timestamp);
    await later.DB.prepare("DELETE FROM ledger_search_index").run();
    // Corrected while it was off, so that the index has the words of before.
    await send(later.url, "taken-back", []);
    await later.DB.prepare(
      "INSERT OR REPLACE INTO ledger_search_index (rowid, text) SELECT id, 'quokka' FROM calls WHERE call_id = 'taken-back'",
    ).run();
    const { objects } = await later.ARCHIVE.list({ prefix: "calls/early-", limit: 1 });
    expect(objects).toHaveLength(1);
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

  test("a cursor that is none is refused", async () => {
    for (const cursor of ["nonsense", "%5B%22x%22%5D", "%5B%22x%22%2C%22y%22%5D"]) {
      const answer = await ask(ledger.url, "/api/transcripts/index", {
        method: "POST",
        body: JSON.stringify({ cursor }),
      });
      expect(answer).toMatchObject({ status: 400, body: { errors: [{ path: "cursor" }] } });
    }
  });

  test("a reindex says that words are not searched", async () => {
    const { status, body } = await ask(plain.url, "/api/transcripts/index", { method: "POST" });
    expect(status).toBe(409);
    expect(Object(body).detail).toContain("SEARCH_TRANSCRIPTS is off");
  });
});
