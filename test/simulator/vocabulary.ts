import type { Analysis } from "./analysis.ts";
import type { Call } from "./calls.ts";

/** The body of a webhook before it becomes JSON. */
export type Body = Record<string, unknown>;

/** How a platform tells of a call. `deliveryId` is the event's own id, for vocabularies that send one. */
export interface Vocabulary {
  start(call: Call, deliveryId: string): Body;
  end(call: Call, deliveryId: string): Body;
  analytics(call: Call, analysis: Analysis, deliveryId: string): Body;
}
