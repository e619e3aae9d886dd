import { afterAll, beforeAll, expect, test } from "vitest";
import { documentedCall } from "../../support/events.ts";
import { post } from "../../support/post.ts";
import { startVisit, type Visit } from "./visit.ts";

let visit: Visit;
beforeAll(async () => {
  visit = await startVisit();
});
afterAll(async () => {
  expect(visit.complaints).toEqual([]);
  await visit.end();
});

test("calls that begin appear, those that end leave, without a reload, and the focus stays where it is", async () => {
  const ring = (call_id: string) =>
    post(visit.ledger.url, documentedCall({ call_id }).start({ timestamp: new Date().toISOString() }));
  await ring("first-on-the-line");
  const page = await visit.open();
  await page.goto(visit.at("/"));
  await page.evaluate("window.isSamePage = true");
  const link = (call_id: string) => page.locator(`[data-live] a[href="/calls/${call_id}"]`);
  await link("first-on-the-line").focus();

  await ring("second-on-the-line");
  await expect.poll(() => link("second-on-the-line").count(), { timeout: 15_000 }).toBe(1);
  expect(await page.locator("a:focus").getAttribute("href")).toBe("/calls/first-on-the-line");

  await post(visit.ledger.url, documentedCall({ call_id: "second-on-the-line" }).end());
  await expect.poll(() => link("second-on-the-line").count(), { timeout: 15_000 }).toBe(0);
  expect(await link("first-on-the-line").count()).toBe(1);
  expect(await page.evaluate("window.isSamePage")).toBe(true);
  await page.context().close();
});

test("nobody is asked any more once the session is over", async () => {
  const page = await visit.open();
  await page.goto(visit.at("/"));
  await page.context().clearCookies();
  let polls = 0;
  page.on("request", (request) => {
    if (new URL(request.url()).pathname === "/live") polls++;
  });
  await page.waitForTimeout(16_000);
  expect(polls).toBe(1);
  await page.context().close();
});
