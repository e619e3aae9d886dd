import { afterAll, beforeAll, expect, test } from "vitest";
import { documentedCall } from "../../support/events.ts";
import { post } from "../../support/post.ts";
import { addressesOf, startVisit, type Visit } from "./visit.ts";

let visit: Visit;
beforeAll(async () => {
  visit = await startVisit();
});
afterAll(async () => {
  expect(visit.complaints).toEqual([]);
  await visit.end();
});

test("calls that go on count their seconds", async () => {
  const timestamp = new Date(Date.now() - 61_000).toISOString();
  await post(visit.ledger.url, documentedCall({ call_id: "counted" }).start({ timestamp }));
  const page = await visit.open();
  await page.goto(visit.at("/"));
  const shown = () => page.locator("[data-elapsed]").first().textContent();
  const first = await shown();
  expect(first).toMatch(/^1m \d+s$/);
  await expect.poll(shown, { timeout: 5_000 }).not.toBe(first);
  expect(await shown()).toMatch(/^1m \d+s$/);
  await page.context().close();
});

test("a chart is one stop of the Tab key, arrows show its values, and Enter leads to the calls", async () => {
  const page = await visit.open();
  await page.goto(visit.at(addressesOf(visit).overview));
  const chart = page.getByRole("figure", { name: /^Calls by the hour/ });
  expect(await chart.locator('a.mark[tabindex="0"]').count()).toBe(1);
  await chart.locator('a.mark[tabindex="0"]').focus();
  const tip = page.locator("a.mark:focus .tip");
  const last = await tip.textContent();
  await page.keyboard.press("ArrowLeft");
  expect(await tip.textContent()).not.toBe(last);
  expect(await tip.textContent()).toMatch(/, \d\d:00: \d+ calls?, \d+ analyzed$/);
  await expect
    .poll(() => page.evaluate("getComputedStyle(document.querySelector('a.mark:focus .tip')).opacity"))
    .toBe("1");
  const count = Number(/: (\d+) call/.exec((await tip.textContent()) ?? "")?.[1]);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Calls" }).waitFor();
  expect(await page.locator("tbody tr").count()).toBe(count);
  await page.context().close();
});

test("the first touch of a bar shows its value, the second leads to its calls", async () => {
  const page = await visit.open({ hasTouch: true, viewport: { width: 390, height: 844 } });
  const address = visit.at(addressesOf(visit).overview);
  await page.goto(address);
  const bar = page
    .getByRole("figure", { name: /^Calls by the hour/ })
    .locator("a.mark")
    .last();
  await bar.tap();
  await expect
    .poll(() =>
      page.evaluate(
        "getComputedStyle(document.querySelector('[data-shown] .tip') ?? document.querySelector('.mark .tip')).opacity",
      ),
    )
    .toBe("1");
  expect(page.url()).toBe(address);
  await bar.tap();
  await page.waitForURL(/\/calls\?/);
  await page.context().close();
});
