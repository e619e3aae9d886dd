import type { PlatformClient } from "../client.ts";
import { bodiesOf } from "./bodies.ts";
import { calls, findCalls } from "./list.ts";

/** Vapi. */
export const vapi: PlatformClient = {
  name: "vapi",
  keySetting: "VAPI_API_KEY",
  baseSetting: "VAPI_API_BASE",
  base: "https://api.vapi.ai",
  headers: (key) => ({ Authorization: `Bearer ${key}` }),
  recent: [calls],
  byDate: calls,
  // Each takes a request of its own.
  lookUp: { limit: 5, find: findCalls },
  bodiesOf,
  recordingUrl: (callId, api) => api.location(`/call/${encodeURIComponent(callId)}/mono-recording`),
};
