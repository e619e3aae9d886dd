import type { Analysis } from "../../analysis.ts";
import type { Call } from "../../calls.ts";
import type { Body } from "../platform.ts";

/** How Atoms words the events of a call. `deliveryId` is the event's own id, for the vocabulary that sends one. */
export interface Vocabulary {
  start(call: Call, deliveryId: string): Body;
  end(call: Call, deliveryId: string): Body;
  analytics(call: Call, analysis: Analysis, deliveryId: string): Body;
}
