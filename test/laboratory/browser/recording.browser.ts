import { afterAll, beforeAll, expect, test } from "vitest";
import { atomsCall } from "../../support/events.ts";
import { bootLedger } from "../../support/ledger.ts";
import { post } from "../../support/post.ts";
import { giveRecording } from "../../support/recordings.ts";
import { startChromium } from "./chromium.ts";

let ledger: Awaited<ReturnType<typeof bootLedger>>;
let browser: Awaited<ReturnType<typeof startChromium>>;
beforeAll(async () => {
  [ledger, browser] = await Promise.all([bootLedger(), startChromium()]);
});
afterAll(() => Promise.all([ledger.harness.close(), browser.close()]));

const BYTES_A_SECOND = 8_000;

/** Silence that a browser plays: WAV of one channel, eight bits, 8 kHz. */
function silence(seconds: number): Buffer {
  const data = BYTES_A_SECOND * seconds;
  const audio = Buffer.alloc(44 + data, 0x80);
  audio.write("RIFF", 0, "latin1");
  audio.writeUInt32LE(36 + data, 4);
  audio.write("WAVEfmt ", 8, "latin1");
  audio.writeUInt32LE(16, 16);
  audio.writeUInt16LE(1, 20);
  audio.writeUInt16LE(1, 22);
  audio.writeUInt32LE(BYTES_A_SECOND, 24);
  audio.writeUInt32LE(BYTES_A_SECOND, 28);
  audio.writeUInt16LE(1, 32);
  audio.writeUInt16LE(8, 34);
  audio.write("data", 36, "latin1");
  audio.writeUInt32LE(data, 40);
  return audio;
}

test("a click on a turn plays the recording from there, and the key of its time does so too", async () => {
  const call = atomsCall({ call_id: "listened-to" });
  const turn = (second: string, content: string) => ({
    role: "user",
    content,
    timestamp: `2024-07-15T14:30:${second}Z`,
  });
  const transcript = [turn("06.500", "A first turn."), turn("40.000", "A later turn."), turn("50.000", "A last turn.")];
  await post(ledger.url, call.end({ transcript }));
  await giveRecording(ledger, "listened-to", silence(61));

  const page = await browser.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.goto(new URL("/sign-in?to=/calls/listened-to", ledger.url).href);
  await page.getByLabel("API token").fill("token-of-the-tests");
  await page.getByRole("button", { name: "Sign in" }).click();
  const second = () => page.locator("audio").evaluate((audio) => Number(Reflect.get(audio, "currentTime")));
  const isPlaying = () => page.locator("audio").evaluate((audio) => Reflect.get(audio, "paused") === false);
  const began = Date.parse("2024-07-15T14:30:02.100Z");
  const at = (time: string) => (Date.parse(`2024-07-15T14:30:${time}Z`) - began) / 1000;

  await page.getByText("A later turn.").click();
  await expect.poll(isPlaying).toBe(true);
  await expect.poll(second).toBeGreaterThanOrEqual(at("40.000"));
  expect(await second()).toBeLessThan(at("40.000") + 5);
  await page.getByRole("button", { name: "Play from 00:04" }).press("Enter");
  await expect.poll(second).toBeLessThan(at("06.500") + 5);
  expect(await second()).toBeGreaterThanOrEqual(at("06.500"));
  const screenshot = process.env["SCREENSHOT"];
  if (screenshot !== undefined) await page.screenshot({ path: screenshot, fullPage: true });
  expect(complaints).toEqual([]);
});
