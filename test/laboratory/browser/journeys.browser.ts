import { readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { MARKUP } from "./played-ledger.ts";
import { addressesOf, startVisit, stranger, type Visit } from "./visit.ts";

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

describe("signing in", () => {
  test("a wrong token is refused in plain words, and the right one leads on to where one wanted to go", async () => {
    const page = await visit.open({ storageState: stranger });
    await page.goto(visit.at("/calls?status=analyzed"));
    await page.getByLabel("API token").fill("a wrong token");
    await page.keyboard.press("Enter");
    await expect.poll(() => page.getByRole("alert").textContent()).toContain("That is not the token");
    expect(await page.content()).not.toContain("a wrong token");
    await page.getByLabel("API token").fill(visit.ledger.token);
    await page.keyboard.press("Enter");
    await page.waitForURL(visit.at("/calls?status=analyzed"));
    const [session] = (await page.context().cookies()).filter(({ name }) => name.endsWith("session"));
    expect(session).toMatchObject({ httpOnly: true, sameSite: "Lax" });
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.goto(visit.at("/calls"));
    expect(new URL(page.url()).pathname).toBe("/sign-in");
    await page.context().close();
  });
});

describe("calls", () => {
  test("filters survive a reload and going back", async () => {
    const page = await visit.open();
    await page.goto(visit.at("/calls"));
    const all = await page.locator("tbody tr").count();
    await page.getByText("More filters").click();
    await page.getByLabel("Direction").selectOption("outbound");
    await page.getByRole("button", { name: "Show calls" }).click();
    await page.waitForURL(/call_direction=outbound/);
    const some = await page.locator("tbody tr").count();
    expect(some).toBeLessThan(all);
    await page.reload();
    expect(await page.getByLabel("Direction").inputValue()).toBe("outbound");
    expect(await page.locator("tbody tr").count()).toBe(some);
    await page.getByRole("link", { name: /2026/ }).first().click();
    await page.getByRole("heading", { level: 2, name: "Events" }).waitFor();
    await page.goBack();
    expect(await page.getByLabel("Direction").inputValue()).toBe("outbound");
    expect(await page.locator("tbody tr").count()).toBe(some);
    await page.context().close();
  });

  test("words that were said are found", async () => {
    const page = await visit.open();
    await page.goto(visit.at("/calls"));
    await page.getByLabel("Search").fill("charged twice");
    await page.keyboard.press("Enter");
    await page.waitForURL(/q=charged/);
    expect(await page.locator("tbody mark").first().textContent()).toBe("charged");
    await page.locator("tbody a").first().click();
    await page.waitForURL(/\/calls\/[^?]+\?words=charged\+twice&list=[^#]+#turn-\d+$/);
    await expect.poll(() => page.locator("main").textContent()).toMatch(/charged twice/i);
    await page.context().close();
  });

  test("a metric is filtered by from what there is, and its values stand in the list", async () => {
    const page = await visit.open();
    await page.goto(visit.at("/calls"));
    await page.getByText("More filters").click();
    const number = page.getByRole("group", { name: "Metric, a number" });
    await number.getByLabel("Metric").selectOption("satisfaction_score");
    await number.getByLabel("Number").fill("2");
    await page.keyboard.press("Enter");
    await page.waitForURL(/number_metric=satisfaction_score/);
    expect(await page.getByRole("columnheader", { name: "satisfaction score" }).count()).toBe(1);
    await page.getByRole("link", { name: /satisfaction score ≤ 2/ }).click();
    await page.waitForURL(visit.at("/calls"));
    await page.context().close();
  });

  test("a number is copied with a click, what stands in a row can be selected with the mouse, and the head stays in sight", async () => {
    const page = await visit.open();
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.goto(visit.at("/calls"));
    const caller = page.locator("tbody tr:nth-child(30) td:nth-child(2)");
    const number = await caller.locator("bdi").textContent();
    await page.locator("tbody tr:nth-child(30) td:nth-child(5)").dblclick();
    expect(page.url()).toBe(visit.at("/calls"));
    expect(await page.evaluate("getSelection().toString()")).not.toBe("");
    await caller.hover();
    await caller.getByRole("button").click();
    expect(await page.evaluate("navigator.clipboard.readText()")).toBe(number);
    expect(await page.evaluate("document.querySelector('.calls th').getBoundingClientRect().top")).toBe(0);
    await page.context().close();
  });

  test("they are paged through to the end and back to the newest", async () => {
    const page = await visit.open();
    await page.goto(visit.at("/calls"));
    const first = await page.locator("tbody a").first().getAttribute("href");
    await page.getByRole("link", { name: "Older calls" }).click();
    await page.waitForURL(/cursor=/);
    expect(await page.locator("tbody a").first().getAttribute("href")).not.toBe(first);
    await page.getByRole("link", { name: "Newest" }).click();
    await expect.poll(() => page.locator("tbody a").first().getAttribute("href")).toBe(first);
    await page.context().close();
  });

  test("the CSV has the calls that are filtered, and no formula", async () => {
    const page = await visit.open();
    await page.goto(visit.at("/calls?call_direction=outbound"));
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name: "Download CSV" }).click(),
    ]);
    expect(download.suggestedFilename()).toBe("calls.csv");
    const text = readFileSync(await download.path(), "utf8");
    const count = await visit.ledger.DB.prepare(
      "SELECT count(*) AS n FROM calls WHERE call_direction = 'outbound'",
    ).first("n");
    expect(text.trim().split("\r\n")).toHaveLength(Number(count) + 1);
    expect(text).not.toMatch(/(^|,)[=@]/m);
    await page.context().close();
  });

  test("times are in the viewer's zone", async () => {
    const page = await visit.open({ timezoneId: "Asia/Kolkata" });
    await page.goto(visit.at(addresses.hostileCall));
    await expect.poll(() => page.locator("footer").textContent()).toMatch(/Asia\/(Kolkata|Calcutta)/);
    expect(await page.locator("main").textContent()).toContain("17:30");
    await page.context().close();
  });
});

describe("a call full of markup", () => {
  test("stays text wherever it is shown", async () => {
    const page = await visit.open();
    for (const path of [addresses.hostileCall, addresses.overview, "/calls", "/deliveries?state=all"]) {
      await page.goto(visit.at(path));
      expect(await page.title()).not.toBe("run");
      expect(await page.locator("img, main script, iframe").count()).toBe(0);
      if (path !== "/deliveries?state=all") expect(await page.locator("main").textContent()).toContain(MARKUP);
    }
    await page.context().close();
  });
});

describe("acting", () => {
  test("a delivery that failed is sent again, once its number was confirmed, and arrives", async () => {
    const page = await visit.open();
    await page.goto(visit.at("/deliveries"));
    await page
      .getByRole("button", { name: /^Send again/ })
      .first()
      .click();
    await page.getByRole("button", { name: "Send 1 delivery again" }).click();
    await expect.poll(() => page.getByRole("status").textContent()).toContain("1 delivery is on the way again");
    await expect
      .poll(
        () =>
          visit.ledger.DB.prepare("SELECT count(*) AS n FROM sync_deliveries WHERE state <> 'delivered'").first("n"),
        {
          timeout: 15_000,
        },
      )
      .toBe(0);
    await page.reload();
    expect(await page.locator("main").textContent()).toContain("Nothing has failed");
    await page.context().close();
  });

  test("quarantine is played again and says what became of it", async () => {
    const page = await visit.open();
    await page.goto(visit.at("/quarantine"));
    await page.getByRole("button", { name: /^Play all again/ }).click();
    await expect.poll(() => page.getByRole("status").textContent()).toContain("stays in quarantine");
    await page.context().close();
  });

  test("a call is erased, once the box is ticked", async () => {
    const path = await addresses.answeredCall();
    const page = await visit.open();
    await page.goto(visit.at(path));
    await page.getByText("Erase this call").first().click();
    await page.getByRole("button", { name: "Erase this call" }).click();
    // The browser itself asks for the box.
    expect(page.url()).toBe(visit.at(path));
    await page.getByRole("checkbox").check();
    await page.getByRole("button", { name: "Erase this call" }).click();
    // The page of the erasure loads itself again until all is gone.
    await page.waitForURL(/\/erasures\//);
    await expect.poll(() => page.getByRole("status").textContent()).toContain("The call is erased");
    const answer = await page.goto(visit.at(path));
    expect(answer?.status()).toBe(404);
    const { objects } = await visit.ledger.ARCHIVE.list({ prefix: `${path.slice(1)}/` });
    expect(objects).toEqual([]);
    await page.context().close();
  });
});

describe("without JavaScript", () => {
  test("one signs in, filters, opens a call and signs out", async () => {
    const page = await visit.open({ javaScriptEnabled: false, storageState: stranger });
    await page.goto(visit.at("/calls"));
    await page.getByLabel("API token").fill(visit.ledger.token);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByLabel("Status").selectOption("analyzed");
    await page.getByRole("button", { name: "Show calls" }).click();
    await page.locator("tbody a").first().click();
    await page.getByRole("heading", { level: 2, name: "Events" }).waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();
    expect(new URL(page.url()).pathname).toBe("/sign-in");
    await page.context().close();
  });
});

describe("with the keyboard", () => {
  test("the first stop leads to the content, and every stop can be seen", async () => {
    const page = await visit.open();
    await page.goto(visit.at("/calls"));
    await page.keyboard.press("Tab");
    expect(await page.evaluate("document.activeElement.textContent")).toContain("Skip to content");
    await page.keyboard.press("Enter");
    for (let stop = 0; stop < 10; stop++) {
      await page.keyboard.press("Tab");
      const outline = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle");
      expect(outline, String(await page.evaluate("document.activeElement.outerHTML"))).not.toBe("none");
    }
    await page.context().close();
  });
});
