import type { PlatformClient } from "../client.ts";
import { bodiesOf, recordingUrl } from "./bodies.ts";
import { callsByStart, findCalls, PAGE_CALLS } from "./lists.ts";

/** Retell AI, by its REST API. */
export const retell: PlatformClient = {
  name: "retell",
  keySetting: "RETELL_API_KEY",
  baseSetting: "RETELL_API_BASE",
  base: "https://api.retellai.com",
  headers: (key) => ({ Authorization: `Bearer ${key}` }),
  recent: [callsByStart],
  byDate: callsByStart,
  lookUp: { limit: PAGE_CALLS, find: findCalls },
  bodiesOf,
  recordingUrl,
};
