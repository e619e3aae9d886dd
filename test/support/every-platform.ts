import { CUSTOM_SECRET, customHeaders } from "./custom.ts";
import { ELEVENLABS_SECRET, elevenLabsHeaders } from "./elevenlabs.ts";
import { SECRET } from "./ledger.ts";
import { type Answer, readAnswer } from "./post.ts";
import { RETELL_SECRET, retellSignature } from "./retell.ts";
import { signedHeaders } from "./sign.ts";
import { VAPI_SECRET, vapiSignedHeaders } from "./vapi.ts";

/** A secret of every platform. */
export const everySecret = {
  atoms: SECRET,
  retell: RETELL_SECRET,
  vapi: VAPI_SECRET,
  elevenlabs: ELEVENLABS_SECRET,
  custom: CUSTOM_SECRET,
};

export type PlatformName = keyof typeof everySecret;

/** The settings of a ledger on which every platform is on. */
export const everyPlatform: Record<string, string> = {
  ATOMS_WEBHOOK_SECRETS: SECRET,
  RETELL_WEBHOOK_SECRETS: RETELL_SECRET,
  VAPI_WEBHOOK_SECRETS: VAPI_SECRET,
  ELEVENLABS_WEBHOOK_SECRETS: ELEVENLABS_SECRET,
  CUSTOM_WEBHOOK_SECRETS: CUSTOM_SECRET,
};

/** The headers with which a platform sends a body now. */
const headersOf: Record<PlatformName, (body: string) => Record<string, string>> = {
  atoms: (body) => signedHeaders(body, SECRET),
  retell: (body) => ({ "X-Retell-Signature": retellSignature(body) }),
  vapi: (body) => vapiSignedHeaders(body),
  elevenlabs: (body) => elevenLabsHeaders(body),
  custom: (body) => customHeaders(body),
};

/**
 * Sends a body as its platform does: a text as it is, anything else as JSON.
 * @param headers besides those that the platform sends
 */
export function postAs(
  platform: PlatformName,
  url: string,
  payload: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const body = typeof payload === "string" ? payload : JSON.stringify(payload);
  return postWith(
    { "Content-Type": "application/json", ...headersOf[platform](body), ...headers },
    platform,
    url,
    body,
  );
}

/** Sends a body to the webhook of a platform with these headers alone. */
export async function postWith(
  headers: Record<string, string>,
  platform: string,
  url: string,
  body: string,
): Promise<Answer> {
  return readAnswer(await fetch(new URL(`/webhooks/${platform}`, url), { method: "POST", body, headers }));
}
