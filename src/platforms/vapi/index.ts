import type { Platform } from "../platform.ts";
import { withoutLinks } from "./links.ts";
import { decodeVapi, turnsInBody } from "./payload.ts";
import { secretNames } from "./secrets.ts";
import { verify } from "./signature.ts";

/** Vapi, whose report of a call is both its end and its analysis. */
export const vapi: Platform = {
  name: "vapi",
  secretsSetting: "VAPI_WEBHOOK_SECRETS",
  verify,
  decode: decodeVapi,
  ownId: () => undefined,
  identity: withoutLinks,
  secretNames,
  turns: turnsInBody,
};
