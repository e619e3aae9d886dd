import { logError } from "../log.ts";
import { API_PACE } from "./api.ts";
import { apiOf, findClient, isOn } from "./index.ts";

/** An attempt at a recording has another soon, and too little time for more. */
const PACE = { ...API_PACE, timeoutMs: 10_000, retryDelaysMs: [] };
const BUDGET = 3;

/** Asks a platform for the present address of a call's recording; `undefined` without a key, and if there is none. Never rejects. */
export async function recordingAddress(platform: string, callId: string, env: Env): Promise<string | undefined> {
  const client = findClient(platform);
  if (client?.recordingUrl === undefined || !isOn(client, env)) return undefined;
  try {
    return await client.recordingUrl(callId, apiOf(client, env, BUDGET, PACE));
  } catch (error) {
    logError({ message: "no new address of a recording", platform, call_id: callId }, error);
    return undefined;
  }
}
