import { mkdir } from "node:fs/promises";
import { resolve } from "node:path";
import type { Page } from "playwright-core";
import { planDay } from "../simulator/day.ts";
import { send } from "../simulator/send.ts";
import { SYNC_SECRET, startDownstream } from "../support/downstream.ts";
import { bootLedger, SECRET } from "../support/ledger.ts";
import { startChromium } from "./chromium.ts";

const folder = resolve(import.meta.dirname, "screenshots");

/** Days of the simulator's calendar, which has twenty. */
const DAYS = 20;
const CALLS_A_DAY = 45;

/** `npm run screenshots`: makes the pictures of the README again, from four weeks of the simulator's calls. */
const downstream = await startDownstream();
const ledger = await bootLedger({ env: { SYNC_URL: downstream.url, SYNC_SECRET } });
const browser = await startChromium();
try {
  const target = { url: new URL("/webhooks/atoms", ledger.url).href, secret: SECRET };
  const days: string[] = [];
  for (let seed = 0; seed < DAYS; seed++) {
    const { deliveries } = planDay(seed, CALLS_A_DAY);
    await send(deliveries, target, { signal: AbortSignal.timeout(120_000) });
    days.push(new Date(deliveries[0]?.at ?? 0).toISOString().slice(0, "2026-09-29".length));
  }
  const [from = "", to = ""] = [days.toSorted().at(0), days.toSorted().at(-1)];
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
  await take(page, `/?range=own&from=${from}&to=${to}`, "overview");
  await page.setViewportSize({ width: 1280, height: 1000 });
  await take(page, `/calls/${encodeURIComponent(call_id ?? "")}`, "call");
} finally {
  await browser.close();
  await ledger.harness.close();
  await downstream.close();
}

async function take(page: Page, path: string, name: string): Promise<void> {
  await page.goto(new URL(path, ledger.url).href);
  const file = resolve(folder, `${name}.png`);
  await page.screenshot({ path: file });
  console.log(file);
}
