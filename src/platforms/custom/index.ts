import { id } from "../../events/fields.ts";
import type { Platform } from "../platform.ts";
import { decodeCustom } from "./payload.ts";
import { secretProblem, verify } from "./signature.ts";
import { turnsInBody } from "./transcript.ts";

/** Agents of one's own: the documented vocabulary and every fact of a call, signed by the Standard Webhooks specification. */
export const custom: Platform = {
  name: "custom",
  secretsSetting: "CUSTOM_WEBHOOK_SECRETS",
  secretProblem,
  verify,
  decode: (body) => decodeCustom(body),
  // One that cannot be kept as it is (too long, not well-formed) would make two events one.
  ownId: (body) => id.safeParse(body["id"]).data,
  secretNames: undefined,
  turns: turnsInBody,
};
