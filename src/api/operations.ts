import type { Operation } from "../http/operation.ts";
import { getCall, getTranscript } from "../reading/call.ts";
import { exportCalls, getCalls } from "../reading/calls.ts";
import { getStats } from "../reading/stats.ts";
import { sendTestAlerts } from "./alerts.ts";
import { getDeliveries, getFailures, retryDeliveries } from "./deliveries.ts";
import { eraseCall, eraseCaller, getJob, previewErasure } from "./erasure.ts";
import { getParked } from "./parked.ts";
import { getQuarantine, replayQuarantined } from "./quarantine.ts";
import { getRecording } from "./recording.ts";
import { indexTranscripts } from "./search.ts";

/** Every operation of the API: the routes and the OpenAPI document are made from this list. */
export const operations: readonly Operation[] = [
  getCalls,
  exportCalls,
  getCall,
  getTranscript,
  getRecording,
  eraseCall,
  eraseCaller,
  previewErasure,
  getJob,
  getStats,
  getDeliveries,
  getFailures,
  retryDeliveries,
  getQuarantine,
  replayQuarantined,
  getParked,
  indexTranscripts,
  sendTestAlerts,
];
