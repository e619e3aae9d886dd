import { platforms, type Secrets, settingsOf } from "../simulator/platforms/index.ts";
import type { PlatformName } from "../simulator/platforms/platform.ts";
import { ELEVENLABS_SECRET } from "./elevenlabs.ts";
import { SECRET } from "./ledger.ts";
import { type Answer, readAnswer } from "./post.ts";
import { RETELL_SECRET } from "./retell.ts";
import { VAPI_SECRET } from "./vapi.ts";

/** A secret of every platform. */
export const everySecret = {
  atoms: SECRET,
  retell: RETELL_SECRET,
  vapi: VAPI_SECRET,
  elevenlabs: ELEVENLABS_SECRET,
} satisfies Secrets;

/** The settings of a ledger on which every platform is on. */
export const everyPlatform = settingsOf(everySecret);

/** The headers with which a platform sends a body now. */
export function headersOf(platform: PlatformName, body: string | Uint8Array): Record<string, string> {
  return platforms[platform].headers(Buffer.from(body), everySecret[platform], "usual");
}

/** Sends a body as its platform does. */
export async function postAs(
  platform: PlatformName,
  url: string,
  body: string,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(new URL(`/webhooks/${platform}`, url), {
    method: "POST",
    body,
    headers: { ...headersOf(platform, body), ...headers },
  });
  return readAnswer(response);
}
