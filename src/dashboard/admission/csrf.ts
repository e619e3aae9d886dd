import { sameText } from "../../events/digest.ts";
import type { Viewer } from "../viewer.ts";
import { deriveKey } from "./keys.ts";

/**
 * What a form must carry to be ours.
 * @param secret known to no visitor; without one no form is believed
 * @param bearer names the session or the person that it is good for
 */
export async function csrfTokenFor(bearer: string, secret: string): Promise<string> {
  return secret === "" ? "" : new Uint8Array(await deriveKey(secret, `dashboard form of ${bearer}`)).toHex();
}

/** Whether a form was sent from one of our pages, made for this viewer. Leaves the body to be read. */
export async function isOurs(request: Request, viewer: Viewer): Promise<boolean> {
  if (viewer.csrfToken === "" || !isFromHere(request)) return false;
  const form = await request
    .clone()
    .formData()
    .catch(() => undefined);
  const token = form?.get("csrf_token");
  return typeof token === "string" && sameText(token, viewer.csrfToken);
}

/** What the browser says of where a request comes from; a program that says nothing is not in a browser. */
export function isFromHere(request: Request): boolean {
  const site = request.headers.get("Sec-Fetch-Site") ?? "same-origin";
  const here = new URL(request.url).origin;
  return site === "same-origin" && (request.headers.get("Origin") ?? here) === here;
}
