import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

/** Where systems put it; `CHROMIUM` names any other place. */
const places = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
];

/** Starts the browser of this machine, so set that it asks nothing of any other. */
export function startChromium(): Promise<Browser> {
  const executablePath = process.env["CHROMIUM"] ?? places.find(existsSync);
  if (executablePath === undefined) {
    throw new Error("There is no Chromium or Chrome here: install one, or name it in the variable CHROMIUM.");
  }
  return chromium.launch({
    executablePath,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}
