import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { BRAND } from "../../../src/settings.ts";
import { addressesOf, overflows, startVisit, stranger, type Visit, violationsOf } from "./visit.ts";

let visit: Visit;
let addresses: ReturnType<typeof addressesOf>;
beforeAll(async () => {
  visit = await startVisit();
  addresses = addressesOf(visit);
});
afterAll(() => visit?.end());
afterEach(() => {
  expect(visit.complaints.splice(0)).toEqual([]);
});

const pages: { [name: string]: () => string | Promise<string> } = {
  "overview of the played day": () => addresses.overview,
  "overview of 24 hours, in which nothing happened": () => "/?range=24h",
  calls: () => "/calls",
  "calls by two metrics": () => "/calls?metric=satisfaction_score%3E%3D1&metric=issue_resolved%3Dtrue",
  "calls by words": () => "/calls?words=charged",
  "calls of which none matches": () => "/calls?q=nothing-like-this",
  "calls with a filter that does not fit": () => "/calls?from=yesterday",
  "a call": () => addresses.answeredCall(),
  "a call in which words are found": async () => `${await addresses.answeredCall()}?words=the`,
  "a caller": async () => `/callers${await addresses.caller()}`,
  "all of a caller that is to be erased": async () => `/callers/erase${await addresses.caller()}`,
  "a call full of markup": () => addresses.hostileCall,
  "an erasure": () => addresses.completeErasure(),
  "deliveries that failed": () => "/deliveries",
  "all deliveries": () => "/deliveries?state=all",
  quarantine: () => "/quarantine",
};

describe.each([
  [1280, "light"],
  [1280, "dark"],
  [390, "light"],
  [390, "dark"],
] as const)("at %i pixels, %s", (width, colorScheme) => {
  test.each(Object.keys(pages))("%s can be read by everyone and fits the screen", async (name) => {
    const page = await visit.open({ viewport: { width, height: 844 }, colorScheme });
    await page.goto(visit.at((await pages[name]?.()) ?? ""));
    expect(await page.title()).toContain(` · ${BRAND}`);
    expect(await page.getByRole("heading", { level: 1 }).count()).toBe(1);
    expect(await violationsOf(page)).toEqual([]);
    expect(await overflows(page)).toBe(false);
    await page.context().close();
  });

  test("so can the page to sign in", async () => {
    const page = await visit.open({ viewport: { width, height: 844 }, colorScheme, storageState: stranger });
    await page.goto(visit.at("/calls"));
    expect(await page.getByLabel("API token").count()).toBe(1);
    expect(await violationsOf(page)).toEqual([]);
    expect(await overflows(page)).toBe(false);
    await page.context().close();
  });
});
