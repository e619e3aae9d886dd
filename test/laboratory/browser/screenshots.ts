import { mkdir } from "node:fs/promises";
import { resolve } from "node:path";
import type { Page } from "playwright-core";
import { runCommand } from "../../../src/commands/command.ts";
import { SYNC_SECRET, startDownstream } from "../../support/downstream.ts";
import { everyPlatform, everySecret } from "../../support/every-platform.ts";
import { bootLedger } from "../../support/ledger.ts";
import { planDay } from "../simulator/day.ts";
import { send } from "../simulator/send.ts";
import { startChromium } from "./chromium.ts";

const folder = resolve(import.meta.dirname, "../../../.github/screenshots");

const WEEKS = 4;
const CALLS_A_DAY = 45;
const DAY_MILLISECONDS = 24 * 60 * 60 * 1000;
/** From the end of a day's calls to midnight. */
const EVENING_MILLISECONDS = 3 * 60 * 60 * 1000;

await runCommand({
  usage: "npm run screenshots",
  about: `Makes the pictures of the README again, in test/laboratory/browser/screenshots: from ${WEEKS} weeks of the simulator's \
calls, in the Chromium or Chrome of this machine. Half a minute.`,
  options: [],
  run: makeScreenshots,
});

async function makeScreenshots(_given: unknown, signal: AbortSignal): Promise<boolean> {
  const downstream = await startDownstream();
  const ledger = await bootLedger({ env: { ...everyPlatform, SYNC_URL: downstream.url, SYNC_SECRET } });
  const browser = await startChromium();
  try {
    const target = { url: ledger.url, secrets: everySecret };
    for (const [seed, end] of workingDays().entries()) {
      await send(planDay(seed, CALLS_A_DAY, end).deliveries, target, { signal });
    }
    const call_id = await ledger.DB.prepare(
      `SELECT call_id FROM calls WHERE transcript_turns BETWEEN 6 AND 9 AND summary IS NOT NULL AND status = 'analyzed'
       ORDER BY called_at DESC LIMIT 1`,
    ).first<string>("call_id");
    await mkdir(folder, { recursive: true });

    const context = await browser.newContext({ viewport: { width: 1280, height: 1440 } });
    const page = await context.newPage();
    await page.goto(ledger.url);
    await page.getByLabel("API token").fill("token-of-the-tests");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { name: "Overview" }).waitFor();
    await take(page, new URL("/?range=30d", ledger.url), "overview");
    await page.setViewportSize({ width: 1280, height: 1000 });
    await take(page, new URL(`/calls/${encodeURIComponent(call_id ?? "")}`, ledger.url), "call");
  } finally {
    await browser.close();
    await ledger.harness.close();
    await downstream.close();
  }
  return true;
}

/** The ends of the working days of the last weeks, each in the evening (UTC), milliseconds since 1970. */
function workingDays(): number[] {
  const midnight = Math.floor(Date.now() / DAY_MILLISECONDS) * DAY_MILLISECONDS;
  const ends = Array.from(
    { length: WEEKS * 7 },
    (_, days) => midnight - days * DAY_MILLISECONDS - EVENING_MILLISECONDS,
  );
  return ends.filter((end) => ![0, 6].includes(new Date(end).getUTCDay()));
}

async function take(page: Page, address: URL, name: string): Promise<void> {
  await page.goto(address.href);
  const file = resolve(folder, `${name}.png`);
  await page.screenshot({ path: file });
  console.log(file);
}
