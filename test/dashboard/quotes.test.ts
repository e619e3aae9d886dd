import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { wordFinder } from "../../src/events/search-text.ts";
import { customCall } from "../support/custom.ts";
import { documentedCall } from "../support/events.ts";
import { everyPlatform, postAs } from "../support/every-platform.ts";
import { bootLedger } from "../support/ledger.ts";
import { post } from "../support/post.ts";
import { decoded, signIn } from "../support/sign-in.ts";

let ledger: Awaited<ReturnType<typeof bootLedger>>;
let pages: Awaited<ReturnType<typeof signIn>>;
beforeAll(async () => {
  ledger = await bootLedger({ env: everyPlatform });
  pages = await signIn(ledger.url);
  const said = (call_id: string, lines: readonly string[]) =>
    post(
      ledger.url,
      documentedCall({ call_id }).end({
        transcript: lines.map((content) => ({ role: "user", content, timestamp: "..." })),
      }),
    );
  await said("invoice", ["Hello.", "My invoice?", "The dog ate the invoice, and the INVOICES too."]);
  await said("hostile", ["<img src=x onerror=alert(1)> zebra <script>alert(2)</script>"]);
  await said("long", [`${"before ".repeat(400)}heliotrope ${"behind ".repeat(400)}`]);
  await said("chinese", ["您好", "我想查询我的发票。"]);
  await said("gone", ["An okapi."]);
  await ledger.ARCHIVE.delete("calls/gone/transcript.json");
  const transcript = [
    { role: "user", content: "Book it." },
    { kind: "tool", name: "book" },
    { role: "agent", content: "A platypus is booked." },
  ];
  await postAs("custom", ledger.url, customCall({ call_id: "tooled" }).end({ transcript }));
});
afterAll(() => ledger.harness.close());

/** The sentence of a search's first call: with what is marked in brackets, and where its link leads. */
async function sentence(query: string) {
  const { html, status } = await pages.visit(`/calls?${query}`);
  expect(status).toBe(200);
  const [, quote = ""] = /<blockquote class="quote"[^>]*>(.*?)<\/blockquote>/s.exec(html) ?? [];
  const [words = "", link = ""] = quote.split("<a ");
  const marked = words.replaceAll("<mark>", "[").replaceAll("</mark>", "]");
  return { quote: decoded(marked).trim(), path: decoded(/href="([^"]*)"/.exec(link)?.[1] ?? ""), html };
}

describe("a search for words shows them in their sentence", () => {
  test("of the turn that has most of them, to which its link leads", async () => {
    const found = await sentence("q=invoi+dog");
    expect(found.quote).toBe("The [dog] ate the [invoice], and the [INVOICES] too.");
    expect(found.path).toBe("/calls/invoice?words=invoi+dog&list=%2Fcalls%3Fq%3Dinvoi%2Bdog#turn-3");
    expect(found.html).toContain('class="call-link" href="/calls/invoice?words=invoi+dog&amp;');
  });

  test("as they are when they are quoted, and in scripts without spaces", async () => {
    expect((await sentence(`words=${encodeURIComponent('"the invoice"')}`)).quote).toBe(
      "The dog ate [the invoice], and the INVOICES too.",
    );
    expect((await sentence("words=发票")).quote).toBe("我想查询我的[发票]。");
  });

  test("and no markup that was said is any", async () => {
    const found = await sentence("words=zebra");
    expect(found.quote).toBe("<img src=x onerror=alert(1)> [zebra] <script>alert(2)</script>");
    expect(found.html).not.toContain("<img");
  });

  test("cut on both sides where it is long", async () => {
    const { quote } = await sentence("words=heliotrope");
    expect(quote).toMatch(/^…(before )+\[heliotrope\]( behind)+ \w*…$/);
    expect(quote.length).toBeLessThan(220);
  });

  test("with the number that the turn has among those of the transcript, tools included", async () => {
    expect((await sentence("words=platypus")).path).toMatch(/^\/calls\/tooled\?words=platypus&.*#turn-3$/);
  });

  test("and lists the call all the same where the transcript cannot be read", async () => {
    const { html, quote } = await sentence("words=okapi");
    expect(quote).toBe("");
    expect(html).toContain('href="/calls/gone?words=okapi&amp;');
  });

  test("which a search for a number or an id has no need of", async () => {
    expect((await sentence("q=gone")).html).not.toContain(">Said<");
  });
});

describe("words are found in a text as the index finds them", () => {
  test.each([
    ["resil", "Je voudrais RÉSILIER mon abonnement", ["RÉSILIER"]],
    ["résilier", "resilier", ["resilier"]],
    ["ab", "ab abc", ["ab"]],
    ["m2", "80 m² – ĳs", ["m²"]],
    ["ijs", "80 m² – ĳs", ["ĳs"]],
    ["4711-08", "number 4711-08, 4711", ["4711-08"]],
    ["송장", "송장을 다시", ["송장을"]],
    ["송장".normalize("NFD"), "송장을 다시", ["송장을"]],
    ["बिल", "मुझे नया बिल चाहिए", ["बिल"]],
    ["ใบแจ้งหนี้", "ผมต้องการใบแจ้งหนี้ใหม่", ["ใบแจ้งหนี้"]],
    ["ｉｎｖｏｉｃｅ", "An invoice", ["invoice"]],
    ['"dog ate"', "dog ate dog ate", ["dog ate", "dog ate"]],
    ["dog cat", "dog", ["dog"]],
    ["🙂", "🙂 dog", []],
    ["", "dog", []],
  ])("%j in %j", (typed, text, expected) => {
    expect(wordFinder(typed)(text).spans.map(({ start, end }) => text.slice(start, end))).toEqual(expected);
  });
});
