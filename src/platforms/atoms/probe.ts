import type { JsonObject } from "../../events/event.ts";

/** The name of an event that only `npm run connect` sends, to see whether the Worker has a secret. The platform has none of this name. */
const PROBE_EVENT = "ledger.probe";

/** A body that leaves nothing behind, whoever repeats it. */
export const probeBody = JSON.stringify({ event: PROBE_EVENT });

export function isProbe({ event }: JsonObject): boolean {
  return event === PROBE_EVENT;
}
