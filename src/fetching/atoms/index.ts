import * as z from "zod";
import type { PlatformClient } from "../client.ts";
import { bodiesOf } from "./bodies.ts";
import { deliveryLog } from "./delivery-log.ts";
import { callsByDate, dataOf, findCalls, latestCalls, PAGE_CALLS } from "./lists.ts";

const download = z.object({ presignedUrl: z.string() });

/** Atoms, by the REST API of Smallest AI. */
export const atoms: PlatformClient = {
  name: "atoms",
  keySetting: "ATOMS_API_KEY",
  baseSetting: "ATOMS_API_BASE",
  base: "https://api.smallest.ai/atoms/v1",
  headers: (key) => ({ Authorization: `Bearer ${key}` }),
  recent: [deliveryLog, latestCalls],
  byDate: callsByDate,
  byDateInstead: latestCalls,
  lookUp: { limit: PAGE_CALLS, find: findCalls },
  bodiesOf,
  async recordingUrl(callId, api) {
    const answer = await api.get(`/conversation/${encodeURIComponent(callId)}/recording/download-url`);
    return download.safeParse(dataOf(answer)).data?.presignedUrl;
  },
};
