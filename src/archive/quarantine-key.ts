import * as z from "zod";
import { MAX_KEY_BYTES, QUARANTINE_PREFIX } from "./keys.ts";

/** What names a body in quarantine: no key leads to anything else in the archive. */
export const keyInQuarantine = z.string().startsWith(QUARANTINE_PREFIX).max(MAX_KEY_BYTES);
