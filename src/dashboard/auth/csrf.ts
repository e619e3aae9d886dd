import { isSameOrigin, sameText } from "../../http/authenticate.ts";
import type { Viewer } from "../ui/viewer.ts";
import { deriveKey } from "./keys.ts";

/**
 * Makes the token that a form must carry to be ours.
 * @param secret known to no visitor; without one no form is accepted
 * @param bearer names the session or the person that it is good for
 */
export async function csrfTokenFor(bearer: string, secret: string): Promise<string> {
  return secret === "" ? "" : new Uint8Array(await deriveKey(secret, `dashboard form of ${bearer}`)).toHex();
}

/** Whether a form comes from one of our pages, made for this viewer. Leaves the body to be read. */
export async function isOurs(request: Request, viewer: Viewer): Promise<boolean> {
  if (viewer.csrfToken === "" || !isSameOrigin(request)) return false;
  const form = await request
    .clone()
    .formData()
    .catch(() => undefined);
  const token = form?.get("csrf_token");
  return typeof token === "string" && sameText(token, viewer.csrfToken);
}
