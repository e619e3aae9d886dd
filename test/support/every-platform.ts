import { type Secrets, settingsOf } from "../simulator/platforms/index.ts";
import { ELEVENLABS_SECRET } from "./elevenlabs.ts";
import { SECRET } from "./ledger.ts";
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
