import { afterAll, beforeAll, expect, test } from "vitest";
import { customCall } from "../../support/custom.ts";
import { atomsCall } from "../../support/events.ts";
import { everyPlatform, postAs } from "../../support/every-platform.ts";
import { bootLedger } from "../../support/ledger.ts";
import { post } from "../../support/post.ts";
import { giveRecording } from "../../support/recordings.ts";
import { startChromium } from "./chromium.ts";

let ledger: Awaited<ReturnType<typeof bootLedger>>;
let browser: Awaited<ReturnType<typeof startChromium>>;
beforeAll(async () => {
  [ledger, browser] = await Promise.all([bootLedger({ env: everyPlatform }), startChromium()]);
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

/** Opens the page of a call, with what its player does. */
async function open(call_id: string) {
  const page = await browser.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.goto(new URL(`/sign-in?to=/calls/${call_id}`, ledger.url).href);
  await page.getByLabel("API token").fill("token-of-the-tests");
  await page.getByRole("button", { name: "Sign in" }).click();
  const audio = page.locator("audio");
  return {
    page,
    complaints,
    second: () => audio.evaluate((element) => Number(Reflect.get(element, "currentTime"))),
    isPlaying: () => audio.evaluate((element) => Reflect.get(element, "paused") === false),
  };
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

  const { page, complaints, second, isPlaying } = await open("listened-to");
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

test("what a tool was given unfolds without a sound, as a link of its turn is followed, and a click beside it plays from there", async () => {
  const transcript = [
    { role: "user", content: "Book it.", timestamp: "2024-07-15T14:30:06Z" },
    { kind: "tool", name: "book", arguments: { day: "tue" }, timestamp: "2024-07-15T14:30:40Z" },
  ];
  await postAs("custom", ledger.url, customCall({ call_id: "unfolded" }).end({ transcript }));
  await giveRecording(ledger, "unfolded", silence(61));
  const { page, complaints, second, isPlaying } = await open("unfolded");
  await page.getByText("Arguments").click();
  await expect.poll(() => page.getByText('"day": "tue"').isVisible()).toBe(true);
  await page.getByText('"day": "tue"').click();
  await page.getByRole("link", { name: "Turn 2" }).click();
  expect([await isPlaying(), await second()]).toEqual([false, 0]);
  await page.locator(".turn.tool .badge").click();
  await expect.poll(isPlaying).toBe(true);
  await expect.poll(second).toBeGreaterThanOrEqual(39);
  expect(complaints).toEqual([]);
});
